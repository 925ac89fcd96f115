//go:build unix

package containers

import (
	"bufio"
	"context"
	"errors"
	"io"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"runner/modules/kit"
	"runner/modules/moduletest"
	"runner/value"
)

// fake answers on a socket with what a test says, whatever it is asked; it tells what it was asked.
func fake(t *testing.T, answer func(conn net.Conn, request string)) (e *engine) {
	t.Helper()
	dir, err := os.MkdirTemp("", "fk")
	if err != nil {
		t.Fatal(err)
	}
	socket := filepath.Join(dir, "s")
	listener, err := net.Listen("unix", socket)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { listener.Close(); os.RemoveAll(dir) })
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			go func() {
				defer conn.Close()
				head, in := "", bufio.NewReader(conn)
				for !strings.HasSuffix(head, "\r\n\r\n") {
					line, err := in.ReadString('\n')
					if head += line; err != nil {
						return
					}
				}
				answer(afterHead{conn, in}, head)
			}()
		}
	}()
	return &engine{ctx: context.Background(), socket: socket, idle: 10 * time.Second, api: "1.41"}
}

// afterHead is a connection whose head was read.
type afterHead struct {
	net.Conn
	rest *bufio.Reader
}

func (a afterHead) Read(b []byte) (int, error) { return a.rest.Read(b) }

// saying answers everything with one text.
func saying(t *testing.T, text string) *engine {
	return fake(t, func(conn net.Conn, _ string) { _, _ = io.WriteString(conn, text) })
}

func TestAnswersAreRead(t *testing.T) {
	for name, text := range map[string]string{
		"length":       "HTTP/1.1 200 OK\r\nContent-Length: 7\r\n\r\n{\"a\":1}and more",
		"chunks":       "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\n{\"a\r\n4;x=y\r\n\":1}\r\n0\r\n\r\n",
		"to the end":   "HTTP/1.0 200 OK\r\n\r\n{\"a\":1}",
		"announced":    "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\ncontent-length: 7\r\n\r\n{\"a\":1}",
		"bare newline": "HTTP/1.1 200 OK\nContent-Length: 7\n\n{\"a\":1}",
	} {
		v, err := saying(t, text).get("/x")
		if d, ok := v.(*value.Dict); err != nil || !ok || got(d, "a") != int64(1) {
			t.Errorf("%s: %v %v", name, v, err)
		}
	}
	if v, err := saying(t, "HTTP/1.1 204 No Content\r\n\r\n").get("/x"); v != nil || err != nil {
		t.Error(v, err)
	}
}

func TestBrokenAnswersAreErrors(t *testing.T) {
	for text, want := range map[string]string{
		"":                              "cut off",
		"HTTP/1.1 200 OK\r\nContent-Le": "cut off",
		"HTTP/1.1 200 OK\r\nContent-Length: 70\r\n\r\n{\"a\":":                         "cut off",
		"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n9\r\n{\"a\"":             "cut off",
		"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n7\r\n{\"a\":1}\r\n":      "cut off",
		"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nlots\r\n{}\r\n0\r\n\r\n": "malformed chunk",
		"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n-5\r\n{}\r\n0\r\n\r\n":   "malformed chunk",
		"HTTP/1.1 200 OK\r\nContent-Length: many\r\n\r\n{}":                            "malformed length",
		"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n{}":                              "malformed length",
		"HTTP/1.1 200 OK\r\nno header\r\n\r\n{}":                                       "malformed header",
		"220 mail.example.org ESMTP\r\n":                                               "does not speak HTTP",
		"HTTP/1.1 2OO OK\r\n\r\n":                                                      "does not speak HTTP",
		"HTTP/1.1 200 OK\r\nX: " + strings.Repeat("x", maxHead) + "\r\n\r\n":           "too long",
		"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n{]}":                              "JSON",
	} {
		if _, err := saying(t, text).get("/x"); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%.60q: %v, not %s", text, err, want)
		}
	}
}

func TestAnswersAreBounded(t *testing.T) {
	e := fake(t, func(conn net.Conn, _ string) {
		_, _ = io.WriteString(conn, "HTTP/1.1 200 OK\r\n\r\n")
		for piece := strings.Repeat(" ", 1<<20); ; {
			if _, err := io.WriteString(conn, piece); err != nil {
				return
			}
		}
	})
	if _, err := e.get("/x"); err == nil || !strings.Contains(err.Error(), "longer than") {
		t.Error(err)
	}
	line := saying(t, "HTTP/1.1 200 OK\r\n\r\n"+strings.Repeat("x", maxLine+2))
	answer, err := line.perform(exchange{method: "POST", target: "/x"})
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Close()
	if err := messages(answer, func(*value.Dict) error { return nil }); !errors.Is(err, bufio.ErrTooLong) {
		t.Error(err)
	}
}

func TestSlowAndCancelledEnginesAreLeft(t *testing.T) {
	silent := make(chan struct{})
	t.Cleanup(func() { close(silent) })
	e := fake(t, func(net.Conn, string) { <-silent })
	e.idle = 30 * time.Millisecond
	if _, err := e.get("/x"); !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Error(err)
	}
	var stop context.CancelCauseFunc
	e.ctx, stop = context.WithCancelCause(context.Background())
	e.idle = time.Minute
	why := errors.New("its time was up")
	time.AfterFunc(20*time.Millisecond, func() { stop(why) })
	if _, err := e.get("/x"); !errors.Is(err, why) {
		t.Error(err)
	}
}

func TestRefusalsAreWordedAsInPython(t *testing.T) {
	e := saying(t, "HTTP/1.1 409 Conflict\r\nContent-Length: 21\r\n\r\n{\"message\":\"in use\"}\r\n")
	_, err := e.remove("/images/"+named("a b/c:1"), "force", "False")
	want := `409 Client Error for http+docker://localhost/v1.41/images/a%20b/c:1?force=False: Conflict ("in use")`
	if err == nil || err.Error() != want {
		t.Errorf("%v\n%s", err, want)
	}
	_, err = saying(t, "HTTP/1.1 502 Bad Gateway\r\n\r\n<html>").get("/x")
	if err == nil || err.Error() != `502 Server Error for http+docker://localhost/v1.41/x: Bad Gateway ("<html>")` {
		t.Error(err)
	}
}

// What a build is given may be secret: no error shows it.
func TestRefusalsShowNoValuesOfBuilds(t *testing.T) {
	e := saying(t, "HTTP/1.1 400 Bad Request\r\n\r\nno")
	_, err := e.post("/build", "t", "a:1", "buildargs", `{"KEY":"hush"}`, "labels", "{}")
	if want := "localhost/v1.41/build?t=a%3A1&buildargs=…&labels=%7B%7D: "; err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "hush") {
		t.Error(err)
	}
}

// A build waits as long as it is told, however long others are patient.
func TestABuildHasALimit(t *testing.T) {
	silent := make(chan struct{})
	t.Cleanup(func() { close(silent) })
	e := fake(t, func(conn net.Conn, head string) {
		switch {
		case strings.Contains(head, "/version "):
			_, _ = io.WriteString(conn, "HTTP/1.1 200 OK\r\n\r\n{\"ApiVersion\":\"1.41\"}")
		case strings.Contains(head, "/build?"):
			<-silent
		default:
			_, _ = io.WriteString(conn, "HTTP/1.1 404 Not Found\r\n\r\n{}")
		}
	})
	h := moduletest.New(t)
	h.Write("src/Dockerfile", "FROM scratch\n")
	r := h.Run("docker_image", "name", "a:1", "source", "build", "docker_host", "unix://"+e.socket,
		"build", value.DictOf("path", h.Path("src"), "http_timeout", int64(1)))
	if !r.Failed || !strings.Contains(r.Msg, "timeout") {
		t.Error(r.Msg)
	}
}

// An image with two names loses one of them, which comes back, in whatever way the task has written it.
func TestOneOfTwoNamesComesBackHoweverItIsWritten(t *testing.T) {
	var asked []string
	there := true
	e := fake(t, func(conn net.Conn, head string) {
		line, _, _ := strings.Cut(head, " HTTP")
		image := `{"Id":"sha256:1","RepoTags":["web:1","other:1"]}`
		answer := "HTTP/1.1 200 OK\r\n\r\n" + image
		switch {
		case strings.Contains(line, "/version"):
			answer = "HTTP/1.1 200 OK\r\n\r\n{\"ApiVersion\":\"1.41\"}"
		case strings.Contains(line, "/containers/json"):
			answer = "HTTP/1.1 200 OK\r\n\r\n[]"
		case strings.HasPrefix(line, "DELETE"), strings.HasPrefix(line, "POST"):
			asked, there = append(asked, line), strings.HasPrefix(line, "POST")
			answer = "HTTP/1.1 200 OK\r\n\r\n"
		case strings.Contains(line, "web:1") && !there:
			answer = "HTTP/1.1 404 Not Found\r\n\r\n{}"
		}
		_, _ = io.WriteString(conn, answer)
	})
	h := moduletest.New(t)
	r := h.Run("docker_image", "name", "docker.io/library/web:1", "state", "absent", "docker_host", "unix://"+e.socket)
	report := h.Undo(kit.Tools{Call: h.Call(false)})
	want := []string{"DELETE /v1.41/images/docker.io/library/web:1?force=False", "POST /images/sha256:1/tag?tag=1&repo=web&force=True"}
	if !r.Changed || len(report.Conflicted)+len(report.Irreversible) > 0 || !slices.Equal(asked, want) {
		t.Errorf("%v %+v %q", r.Msg, report, asked)
	}
}

// What another driver keeps looks like an empty folder here as long as no container has it.
func TestOnlyLocalVolumesAreKnownToBeEmpty(t *testing.T) {
	dir := t.TempDir()
	if empty, err := emptyVolume(value.DictOf("Driver", "local", "Mountpoint", dir)); !empty || err != nil {
		t.Error(err)
	}
	if empty, err := emptyVolume(value.DictOf("Driver", "cloud", "Mountpoint", dir)); empty || err == nil || !strings.Contains(err.Error(), "the driver cloud") {
		t.Error(empty, err)
	}
}

// What has no end is not read, however little it says that it holds.
func TestOnlyFilesWithAnEndAreRead(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x")
	if err := os.WriteFile(path, []byte("12345"), 0o600); err != nil {
		t.Fatal(err)
	}
	if text, err := readText(path, 5); err != nil || string(text) != "12345" {
		t.Error(err)
	}
	for path, want := range map[string]string{path: path + " is larger than 4 bytes", os.DevNull: os.DevNull + " is no regular file"} {
		if _, err := readText(path, 4); err == nil || !strings.Contains(err.Error(), want) {
			t.Error(path, err)
		}
	}
	if err := envFile("/dev/zero", value.NewDict()); err == nil {
		t.Error("variables come from a device")
	}
}

// What is kept of an engine's words has a bound, however long its lines are.
func TestWhatAnEngineSaysIsBounded(t *testing.T) {
	var out said
	for range 100 {
		out.collect(value.DictOf("stream", strings.Repeat("x", maxSaid/10)))
	}
	if len(out.lines) != 9 {
		t.Error(len(out.lines))
	}
}

// A body that is sent in chunks arrives whole; an engine that refuses in the middle of it is heard all the same.
func TestBodiesAreSentInChunks(t *testing.T) {
	heard := make(chan string, 1)
	e := fake(t, func(conn net.Conn, head string) {
		body := bufio.NewReader(conn)
		text, _ := body.ReadString('0')
		heard <- head + text
		_, _ = io.WriteString(conn, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
	})
	_, err := e.ask(exchange{method: "POST", target: e.target("/build", "t", "a:1"), stream: func(w io.Writer) error {
		_, err := io.WriteString(w, "hello")
		return err
	}})
	if text := <-heard; err != nil || !strings.HasPrefix(text, "POST /v1.41/build?t=a%3A1 HTTP/1.1\r\n") || !strings.HasSuffix(text, "\r\n\r\n5\r\nhello\r\n0") {
		t.Errorf("%v %q", err, text)
	}
	early := fake(t, func(conn net.Conn, _ string) {
		_, _ = io.WriteString(conn, "HTTP/1.1 400 Bad Request\r\nContent-Length: 16\r\n\r\n{\"message\":\"no\"}")
	})
	_, err = early.ask(exchange{method: "POST", target: "/x", stream: func(w io.Writer) error {
		for range 10000 {
			if _, err := w.Write(make([]byte, 64<<10)); err != nil {
				return err
			}
		}
		return nil
	}})
	var refused *apiError
	if !errors.As(err, &refused) || refused.explanation != "no" {
		t.Error(err)
	}
}

func TestOnlySocketsOfTheHostAreSpokenTo(t *testing.T) {
	h := moduletest.New(t)
	for host, want := range map[string]string{
		"tcp://10.0.0.1:2375":       "write unix:///PATH",
		"https://10.0.0.1":          "write unix:///PATH",
		"ssh://web":                 "write unix:///PATH",
		"unix://" + h.Dir + "/none": "('Connection aborted.', FileNotFoundError(2, 'No such file or directory'))",
	} {
		for _, name := range []string{"docker_container", "docker_image"} {
			r := h.Run(name, "name", "x", "state", "absent", "docker_host", host)
			if !r.Failed || !strings.Contains(r.Msg, want) {
				t.Errorf("%s %s: %s", name, host, r.Msg)
			}
		}
	}
	if r := h.Run("docker_container", "name", "x", "colour", "red"); !r.Failed || !strings.Contains(r.Msg, "Unsupported parameters") {
		t.Error(r.Msg)
	}
}

func TestOldEnginesAreRefused(t *testing.T) {
	e := saying(t, "HTTP/1.1 200 OK\r\n\r\n{\"ApiVersion\":\"1.24\"}")
	e.api = ""
	if err := e.greet("auto"); err == nil || err.Error() != "Docker API version is 1.24. Minimum version required is 1.25." {
		t.Error(err)
	}
	if err := e.greet("1.41 HTTP/1.1\r\nX: y"); err == nil || !strings.HasPrefix(err.Error(), "api_version is ") {
		t.Error(err)
	}
	if e.api = "1.9"; !e.less("1.10") || e.less("1.9") || e.less("1.8.5") {
		t.Error("versions are compared as texts")
	}
	if err := e.needs("1.41", "platform"); err == nil || err.Error() != "Docker API version is 1.9. Minimum version required is 1.41 to set platform option." {
		t.Error(err)
	}
}
