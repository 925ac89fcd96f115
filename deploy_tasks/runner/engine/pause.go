package engine

import (
	"strconv"
	"strings"
	"time"

	"runner/fmt"
	"runner/module"
	"runner/value"
)

// pause waits. Nobody is there to answer a prompt: without a time it does not wait, as Ansible without a terminal.
func pause(j *job) module.Result {
	unit, each := "minutes", 60.0
	wait, given := j.call.Args.Get("minutes")
	if !given {
		unit, each = "seconds", 1
		wait, given = j.call.Args.Get("seconds")
	}
	if !given {
		unit, each = "minutes", 60
	}
	began := time.Now()
	if given && wait != nil {
		n, err := strconv.ParseFloat(strings.TrimSpace(value.Str(wait)), 64)
		if err != nil {
			return module.Failure(fmt.Sprintf("argument '%s' is of type %s and we were unable to convert to int", unit, value.TypeName(wait)))
		}
		if !j.verify { // to look again is no reason to wait again
			j.sleep(max(time.Second, duration(float64(int64(n))*each)))
		}
	}
	ended := time.Now()
	took := ended.Sub(began).Seconds()
	const stamp = "2006-01-02 15:04:05.000000"
	rounded, _ := strconv.ParseFloat(strconv.FormatFloat(took/each, 'f', 2, 64), 64)
	return module.Result{Data: value.DictOf("rc", int64(0), "stderr", "", "stdout", fmt.Sprintf("Paused for %s %s", value.Str(rounded), unit),
		"start", began.Format(stamp), "stop", ended.Format(stamp), "delta", int64(took), "echo", truth(j.argOr("echo", true)), "user_input", "")}
}
