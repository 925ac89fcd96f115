// Package waiting is the part of the runner with the module that waits for ports and files.
package waiting

import (
	"os"
	"slices"
	"time"

	"runner/fmt"
	"runner/module"
	"runner/modules/kit"
	"runner/value"
)

var waitForSpec = kit.Spec{Args: []kit.Arg{
	{Name: "host", Kind: kit.Text, Default: "127.0.0.1"},
	{Name: "timeout", Kind: kit.Int, Default: int64(300)},
	{Name: "connect_timeout", Kind: kit.Int, Default: int64(5)},
	{Name: "delay", Kind: kit.Int, Default: int64(0)},
	{Name: "port", Kind: kit.Int},
	{Name: "path", Kind: kit.Path},
	{Name: "search_regex", Kind: kit.Text},
	{Name: "state", Kind: kit.Text, Default: "started", Choices: []string{"absent", "drained", "present", "started", "stopped"}},
	{Name: "exclude_hosts", Kind: kit.List},
	{Name: "sleep", Kind: kit.Float, Default: 1.0},
	{Name: "msg", Kind: kit.Text},
	{Name: "active_connection_states", Kind: kit.List, Default: []string{"ESTABLISHED", "FIN_WAIT1", "FIN_WAIT2", "SYN_RECV", "SYN_SENT",
		"TIME_WAIT"}},
}}

// wait is a call of wait_for whose arguments passed the checks.
type wait struct {
	c              *module.Call
	p              *kit.Params
	host, path     string
	port           int64
	state          string
	search         *kit.Pattern
	start, end     time.Time
	pause, connect time.Duration
	groups         []any
	named          *value.Dict
}

func init() { module.Register("wait_for", waitFor) }

// waitFor waits until a port or a file is as wanted, or until its time is up.
func waitFor(c *module.Call) module.Result {
	p, err := waitForSpec.Parse("wait_for", c)
	if err != nil {
		return kit.Failure(err)
	}
	if c.Check {
		return module.Result{Skipped: true, Msg: "remote module (wait_for) does not support check mode"}
	}
	w, err := newWait(c, p)
	if err != nil {
		return kit.Failed(err.Error(), kit.Dict("elapsed", int64(0)))
	}
	w.sleep(time.Duration(p.Int("delay")) * time.Second)
	if w.port == 0 && w.path == "" && w.state != "drained" {
		w.sleep(time.Until(w.end))
		return w.done()
	}
	for time.Now().Before(w.end) && c.Ctx.Err() == nil {
		reached, err := w.reached()
		if err != nil {
			return kit.Failed(w.words(err.Error()), w.elapsed())
		}
		if reached {
			return w.done()
		}
		w.sleep(w.pause)
	}
	if why := kit.ContextCause(c); c.Ctx.Err() != nil {
		return kit.Failed("waiting was stopped: "+orContentText(why, "the task was cancelled"), w.elapsed())
	}
	return kit.Failed(w.words(w.timeoutMessage()), w.elapsed())
}

func orContentText(s, otherwise string) string {
	if s == "" {
		return otherwise
	}
	return s
}

func newWait(c *module.Call, p *kit.Params) (*wait, error) {
	w := &wait{c: c, p: p, host: p.Str("host"), path: p.Str("path"), port: p.Int("port"), state: p.Str("state"),
		pause: fraction(p, "sleep"), connect: time.Duration(p.Int("connect_timeout")) * time.Second, named: kit.Dict(), groups: []any{}}
	if w.port != 0 && w.path != "" {
		return nil, fmt.Errorf("port and path parameter can not both be passed to wait_for")
	}
	if w.path != "" && (w.state == "stopped" || w.state == "drained") {
		return nil, fmt.Errorf("state=%s should only be used for checking a port in the wait_for module", w.state)
	}
	if p.Has("exclude_hosts") && w.state != "drained" {
		return nil, fmt.Errorf("exclude_hosts should only be with state=drained")
	}
	for _, name := range p.List("active_connection_states") {
		if _, ok := connectionStates[name]; !ok {
			return nil, fmt.Errorf("unknown active_connection_state (%s) defined", name)
		}
	}
	if p.Has("search_regex") {
		re, err := kit.CompilePattern(p.Str("search_regex"), true)
		if err != nil {
			return nil, err
		}
		w.search = re
	}
	w.start = time.Now()
	w.end = w.start.Add(time.Duration(p.Int("timeout")) * time.Second)
	return w, nil
}

func fraction(p *kit.Params, name string) time.Duration {
	f, _ := p.Raw(name).(float64)
	return time.Duration(f * float64(time.Second))
}

// sleep waits, unless the task ends first.
func (w *wait) sleep(d time.Duration) {
	if d <= 0 {
		return
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-w.c.Ctx.Done():
	}
}

// reached looks once.
func (w *wait) reached() (bool, error) {
	gone := w.state == "absent" || w.state == "stopped"
	switch {
	case w.state == "drained":
		n, err := activeConnections(w)
		return n == 0, err
	case gone && w.path != "":
		return !kit.Exists(w.path), nil
	case gone:
		return !w.connects(), nil
	case w.path != "":
		return w.fileReady()
	case w.search != nil:
		return w.portSays()
	}
	return w.connects(), nil
}

func (w *wait) fileReady() (bool, error) {
	if _, err := os.Stat(w.path); err != nil {
		if os.IsNotExist(err) {
			return false, nil
		}
		return false, fmt.Errorf("Failed to stat %s, %s", w.path, kit.Strerror(err))
	}
	if w.search == nil {
		return true, nil
	}
	b, err := readBounded(w.path)
	if err != nil {
		return false, nil // it may become readable
	}
	return w.matches(b)
}

// maxSearched is how much of a file or of a connection's greeting is searched, in bytes.
const maxSearched = 64 << 20

// matches keeps the groups of the match for the result.
func (w *wait) matches(b []byte) (bool, error) {
	at, err := w.search.Find(b)
	if at == nil || err != nil {
		return false, err
	}
	w.groups = make([]any, len(at)/2-1)
	for i := range w.groups {
		if from := at[2*i+2]; from >= 0 {
			w.groups[i] = string(b[from:at[2*i+3]])
		}
	}
	for name, i := range w.search.Names() {
		w.named.Set(name, w.groups[i-1])
	}
	return true, nil
}

func (w *wait) elapsed() *value.Dict {
	return kit.Dict("elapsed", int64(time.Since(w.start).Seconds()))
}

// words prefers the task's own message.
func (w *wait) words(otherwise string) string {
	if own := w.p.Str("msg"); own != "" {
		return own
	}
	return otherwise
}

func (w *wait) timeoutMessage() string {
	at := fmt.Sprintf("%s:%d", w.host, w.port)
	switch {
	case w.state == "drained":
		return fmt.Sprintf("Timeout when waiting for %s to drain", at)
	case slices.Contains([]string{"absent", "stopped"}, w.state):
		if w.path != "" {
			return fmt.Sprintf("Timeout when waiting for %s to be absent.", w.path)
		}
		return fmt.Sprintf("Timeout when waiting for %s to stop.", at)
	case w.search != nil && w.path != "":
		return fmt.Sprintf("Timeout when waiting for search string %s in %s", w.p.Str("search_regex"), w.path)
	case w.search != nil:
		return fmt.Sprintf("Timeout when waiting for search string %s in %s", w.p.Str("search_regex"), at)
	case w.path != "":
		return fmt.Sprintf("Timeout when waiting for file %s", w.path)
	}
	return fmt.Sprintf("Timeout when waiting for %s", at)
}

func (w *wait) done() module.Result {
	data := kit.Dict("state", w.state, "port", nil, "search_regex", kit.Nullable(w.p.Optional("search_regex")),
		"match_groups", w.groups, "match_groupdict", w.named, "path", kit.Nullable(w.p.Optional("path")))
	if w.port != 0 {
		data.Set("port", w.port)
	}
	data.Update(w.elapsed())
	kit.Describe(data)
	return module.Result{Data: data}
}

func readBounded(path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return readUpTo(f, maxSearched)
}
