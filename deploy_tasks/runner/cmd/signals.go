package cmd

import (
	"context"
	"os"
	"os/signal"
	"syscall"

	"runner/engine"
)

// obeySignals cancels on SIGINT and SIGTERM, and on SIGHUP unless the run outlives its caller. SIGPIPE is caught, not
// ignored: commands must not inherit that.
func obeySignals(cancel context.CancelCauseFunc, outlive bool) {
	caught := make(chan os.Signal, 4)
	signal.Notify(caught, syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP, syscall.SIGPIPE)
	go func() {
		for s := range caught {
			switch {
			case s == syscall.SIGPIPE, s == syscall.SIGHUP && outlive:
			case s == syscall.SIGHUP:
				cancel(engine.ErrCaller)
			default:
				cancel(engine.ErrCancelled)
			}
		}
	}()
}

// outliveOutput makes a write to a caller that is gone an error in place of the process's end, so that what was begun
// is cleaned up. What this process executes gets the ordinary behaviour back.
func outliveOutput() { signal.Notify(make(chan os.Signal, 1), syscall.SIGPIPE) }
