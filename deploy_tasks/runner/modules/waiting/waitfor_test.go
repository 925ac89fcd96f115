package waiting

import (
	"context"
	"errors"
	"net"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"runner/modules/moduletest"
)

// listener is a server on a port of its own that says hello to everybody.
func listener(t *testing.T) (net.Listener, int) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			_, _ = conn.Write([]byte("220 hello friend\r\n"))
			defer conn.Close()
		}
	}()
	return l, l.Addr().(*net.TCPAddr).Port
}

func TestWaitForPort(t *testing.T) {
	h := moduletest.New(t)
	l, port := listener(t)
	r := h.Run("wait_for", "port", port)
	if r.Failed || r.Changed {
		t.Fatalf("%+v", r)
	}
	moduletest.Holds(t, r, "port", port, "state", "started", "elapsed", 0, "path", nil, "match_groups", []any{})
	moduletest.Holds(t, h.Run("wait_for", "port", port, "search_regex", `(?P<word>hello) (\w+)`), "match_groups", []any{"hello", "friend"})
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	if r := h.Run("wait_for", "port", port, "state", "stopped"); r.Failed {
		t.Fatal(r.Msg)
	}
}

func TestWaitForIsOver(t *testing.T) {
	h := moduletest.New(t)
	h.Write("f", "x")
	_, port := listener(t)
	for words, args := range map[string][]any{
		"to stop.":                  {"port", port, "state", "stopped"},
		"search string goodbye in ": {"port", port, "search_regex", "goodbye"},
		"own words":                 {"port", 1, "msg", "own words"},
		"127.0.0.1:1":               {"port", 1},
		"to be absent.":             {"path", "@/f", "state", "absent"},
		"search string y in ":       {"path", "@/f", "search_regex", "y"},
		"waiting for file ":         {"path", "@/none"},
	} {
		t.Run(words, func(t *testing.T) {
			t.Parallel()
			r := h.Run("wait_for", append(args, "timeout", 1, "sleep", "0.1")...)
			moduletest.Fails(t, r, words)
			moduletest.Holds(t, r, "elapsed", 1)
		})
	}
}

func TestWaitForFile(t *testing.T) {
	h := moduletest.New(t)
	if r := h.Run("wait_for", "path", "@/f", "state", "absent"); r.Failed {
		t.Fatal(r.Msg)
	}
	h.Write("f", "first\nstate: ready=7\n")
	moduletest.Holds(t, h.Run("wait_for", "path", "@/f", "search_regex", `^state: (\w+)=(?P<n>\d)$`), "match_groups", []any{"ready", "7"},
		"path", h.Path("f"), "state", "file")
	moduletest.Fails(t, h.Run("wait_for", "path", "@/f/x"), "Failed to stat")
}

func TestWaitForDrained(t *testing.T) {
	if _, err := os.Stat("/proc/net/tcp"); err != nil {
		t.Skip("no table of connections here")
	}
	h := moduletest.New(t)
	_, port := listener(t)
	if r := h.Run("wait_for", "port", port, "state", "drained"); r.Failed {
		t.Fatal(r.Msg)
	}
	conn, err := net.Dial("tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(port)))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	open := []any{"port", port, "state", "drained", "timeout", 1, "sleep", "0.1"}
	moduletest.Fails(t, h.Run("wait_for", open...), "to drain")
	if r := h.Run("wait_for", append(open, "exclude_hosts", "127.0.0.1")...); r.Failed {
		t.Fatal(r.Msg)
	}
}

func TestWaitForRefusals(t *testing.T) {
	h := moduletest.New(t)
	for words, args := range map[string][]any{
		"port and path parameter can not both":                  {"port", 1, "path", "/x"},
		"state=stopped should only be used for checking a port": {"path", "/x", "state", "stopped"},
		"exclude_hosts should only be with state=drained":       {"port", 1, "exclude_hosts", "x"},
		"unknown active_connection_state (X) defined":           {"port", 1, "active_connection_states", []any{"X"}},
		"Invalid regular expression":                            {"path", "/x", "search_regex", "("},
		"value of state must be one of":                         {"path", "/x", "state", "here"},
	} {
		moduletest.Fails(t, h.Run("wait_for", args...), words)
	}
	if r := h.Check("wait_for", "port", 1); !r.Skipped {
		t.Error("a check waits for nothing")
	}
}

func TestWaitForStops(t *testing.T) {
	h := moduletest.New(t)
	call := h.Call(false, "path", "@/never", "timeout", 60, "sleep", 60)
	ctx, cancel := context.WithTimeoutCause(context.Background(), 50*time.Millisecond, errors.New("the deadline is over"))
	defer cancel()
	call.Ctx = ctx
	start := time.Now()
	moduletest.Fails(t, h.Do("wait_for", call), "the deadline is over")
	if took := time.Since(start); took > 10*time.Second {
		t.Errorf("it took %v", took)
	}
}

func TestTableAddress(t *testing.T) {
	for text, want := range map[string]string{
		"0100007F:0016":                         "127.0.0.1:22",
		"0000000000000000FFFF00000100007F:1F90": "127.0.0.1:8080",
		"00000000000000000000000001000000:0050": "::1:80",
	} {
		a, port, ok := tableAddress(text)
		if got := a.String() + ":" + strconv.Itoa(int(port)); !ok || got != want {
			t.Errorf("%s is %s", text, got)
		}
	}
	if _, _, ok := tableAddress(strings.Repeat("x", 8) + ":0"); ok {
		t.Error("that is no address")
	}
}
