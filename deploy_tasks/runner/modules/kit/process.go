package kit

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"

	"runner/fmt"
	"runner/module"
)

// ShellArgv is how a command line is given to its shell.
func ShellArgv(executable, line string, args []string) []string {
	if line == "" {
		line = QuotedLine(args)
	}
	switch {
	case executable != "":
		return []string{executable, "-c", line}
	case runtime.GOOS == "windows":
		return []string{"cmd", "/C", line}
	}
	return []string{"/bin/sh", "-c", line}
}

// QuotedLine is a command line that a shell reads as exactly these words.
func QuotedLine(args []string) string {
	words := make([]string, len(args))
	for i, a := range args {
		words[i] = Quoted(a)
	}
	return strings.Join(words, " ")
}

// ExpandAll expands every word as Expand does.
func ExpandAll(c *module.Call, args []string) []string {
	out := make([]string, len(args))
	for i, a := range args {
		out[i] = Expand(c, a)
	}
	return out
}

// NotNeeded tells why the arguments creates and removes, empty where not given, make a command unnecessary, and what its
// stdout says then; both are empty when it is needed.
func NotNeeded(c *module.Call, creates, removes string) (why, out string) {
	did := "Did"
	if c.Check {
		did = "Would"
	}
	if creates != "" && MatchesAny(creates) {
		return fmt.Sprintf("%s not run command since '%s' exists", did, creates), "skipped, since " + creates + " exists"
	}
	if removes != "" && !MatchesAny(removes) {
		return fmt.Sprintf("%s not run command since '%s' does not exist", did, removes), "skipped, since " + removes + " does not exist"
	}
	return "", ""
}

// MatchesAny tells whether a path is there that is named so or that the shell pattern matches.
func MatchesAny(pattern string) bool {
	found, err := filepath.Glob(pattern)
	return err == nil && len(found) > 0 || Exists(pattern)
}

// Judged fails a result whose command ended badly.
func Judged(r module.Result, c *module.Call, f module.Finished) module.Result {
	switch {
	case f.TimedOut:
		r.Failed, r.Msg = true, "the command was stopped: "+stopReason(c)
	case f.Code != 0:
		r.Failed, r.Msg = true, "non-zero return code"
	}
	return r
}

func stopReason(c *module.Call) string {
	if cause := ContextCause(c); cause != "" {
		return cause
	}
	return "the task was cancelled"
}

// StartError words why a program could not start: its exit status and message.
func StartError(err error, program string) (int64, string) {
	if no, ok := ErrnoOf(err); ok {
		return int64(no), fmt.Sprintf("[Errno %d] %s: b'%s'", int(no), Sentence(no.Error()), program)
	}
	if errors.Is(err, os.ErrNotExist) || errors.Is(err, exec.ErrNotFound) {
		return 2, fmt.Sprintf("[Errno 2] No such file or directory: b'%s'", program)
	}
	return 257, err.Error()
}

// UndoArgv is the undo argument as an argument list: a list, or a line for the shell.
func UndoArgv(v any) []string {
	if line, ok := v.(string); ok && strings.TrimSpace(line) != "" {
		return ShellArgv("", line, nil)
	}
	argv := ListOf(v)
	if len(argv) == 0 || v == "" {
		return nil
	}
	return Texts(argv)
}

// BytesReason words an error about a path as Python does when it holds the path as bytes: b'/srv'.
func BytesReason(err error, path string) string {
	return strings.Replace(Reason(err), "'"+path+"'", "b'"+path+"'", 1)
}
