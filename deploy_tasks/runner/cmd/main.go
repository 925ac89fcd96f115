// Package cmd is the runner's command line.
package cmd

import (
	"errors"
	"io"
	"os"

	"runner/change"
	"runner/fmt"
	"runner/host"
	"runner/record"
	"runner/session"
	"runner/value"
	"runner/wire"
)

// Exit statuses. A refusal has its own, see wire.Refusal.
const (
	exitOK       = 0
	exitFailed   = 1
	exitUsage    = 2
	exitRefused  = 3
	exitInternal = 4
	exitLacks    = 75
)

var commands = map[string]func(args []string) error{
	"run": run, "check": check, "verify": verify, "undo": undo, "list": list, "prune": prune, "facts": showFacts,
	"version": version, "receive": receive, "task": task, "job": job, "watch": watch, "confirm": confirm,
}

// Main runs one command and returns the exit status.
func Main(args []string) int {
	args = plainly(args)
	if len(args) == 0 {
		showHelp()
		return exitOK
	}
	command, ok := commands[args[0]]
	if !ok {
		return status(usage("there is no command %q", args[0]), "")
	}
	return status(command(args[1:]), args[0]+" ")
}

// usageError is a mistake on the command line.
type usageError struct{ text string }

func (u usageError) Error() string { return u.text }

func usage(format string, args ...any) error { return usageError{fmt.Sprintf(format, args...)} }

// notSucceeded ends with status 1; all has been said.
var notSucceeded = errors.New("the program did not succeed")

// served marks an error that the worker was told in an event.
type served struct{ error }

func (s served) Unwrap() error { return s.error }

// status prints an error for people and gives its exit status; command is what was asked for, with a space behind it.
func status(err error, command string) int {
	var known usageError
	var told served
	switch {
	case err == nil:
		return exitOK
	case errors.Is(err, notSucceeded):
		return exitFailed
	case errors.Is(err, errHelp):
		return exitOK
	case errors.As(err, &told):
		return asRefusal(err).status
	case errors.As(err, &known):
		fmt.Fprintf(os.Stderr, "error: %s\nhint: %s %s--help\n", err, self(), command)
		return exitUsage
	}
	fmt.Fprintf(os.Stderr, "error: %s\n", err)
	return asRefusal(err).status
}

// refusal is an error as the worker is told it.
type refusal struct {
	Event   string
	Reason  string
	Message string
	status  int
}

func asRefusal(err error) refusal {
	var busy *host.Busy
	var late *host.Superseded
	var covered *session.Covered
	var waiting *session.Unconfirmed
	out := refusal{Event: "refused", Reason: "internal", Message: err.Error(), status: exitInternal}
	if r, ok := wire.AsRefusal(err); ok {
		out.Reason, out.status = r.Reason, r.ExitStatus()
	}
	switch {
	case errors.As(err, &covered):
		out.Reason, out.status = "covered", exitRefused
	case errors.As(err, &busy), errors.As(err, &waiting):
		out.Reason, out.status = "busy", exitRefused
	case errors.As(err, &late):
		out.Reason, out.status = "superseded", exitRefused
	case change.IsNoSpace(err):
		out.Reason, out.status = "no_space", exitLacks
	case host.IsReadOnly(err):
		out.Reason, out.status = "read_only", exitLacks
	}
	return out
}

// Fields implements record.Record.
func (r refusal) Fields() *value.Dict {
	return value.DictOf("event", r.Event, "reason", r.Reason, "message", r.Message)
}

// say writes one line of JSON.
func say(out io.Writer, v any) error {
	_, err := out.Write(record.Line(v))
	return err
}

func self() string {
	if len(os.Args) > 0 {
		return os.Args[0]
	}
	return "runner"
}

// verdict turns a summary's status into the command's error.
func verdict(state, wanted string) error {
	if state == wanted {
		return nil
	}
	return notSucceeded
}
