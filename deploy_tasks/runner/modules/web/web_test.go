//go:build unix

package web

import (
	"crypto/tls"
	"encoding/pem"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"time"

	"runner/module"
	"runner/modules/kit"
	"runner/modules/moduletest"
	"runner/value"
)

var modified = time.Date(2020, 1, 2, 3, 4, 5, 0, time.UTC)

// serve answers with a file that has a time, and with what the tests of single features need.
func serve(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("X-Method", r.Method)
	switch r.URL.Path {
	case "/file.txt", "/named":
		if r.URL.Path == "/named" {
			w.Header().Set("Content-Disposition", `attachment; filename="../../given.txt"`)
		}
		http.ServeContent(w, r, "", modified, strings.NewReader("content\n"))
	case "/sums":
		_, _ = io.WriteString(w, "00  other.txt\n434728a410a78f56fc1b5899c3593436e61ab0c731e9072d95e96db290205e53 *./file.txt\n")
	case "/private":
		if name, password, ok := r.BasicAuth(); !ok || name != "me" || password != "s3cret" {
			w.Header().Set("WWW-Authenticate", `Digest realm="x", Basic realm="x"`)
			http.Error(w, "who are you", http.StatusUnauthorized)
			return
		}
		_, _ = io.WriteString(w, "private\n")
	case "/moved", "/moved303":
		http.SetCookie(w, &http.Cookie{Name: "visited", Value: "yes"})
		status := http.StatusTemporaryRedirect
		if r.URL.Path == "/moved303" {
			status = http.StatusSeeOther
		}
		w.Header().Set("Location", "/echo?moved")
		w.WriteHeader(status)
	case "/loop":
		http.Redirect(w, r, "/loop", http.StatusFound)
	case "/away":
		http.Redirect(w, r, "file:///etc/passwd", http.StatusFound)
	case "/slow":
		w.WriteHeader(http.StatusOK)
		w.(http.Flusher).Flush()
		<-r.Context().Done()
	case "/echo":
		w.Header().Set("Content-Type", "application/problem+json; charset=utf-8")
		body, _ := io.ReadAll(r.Body)
		_, _ = w.Write(value.Encode(kit.Dict("method", r.Method, "body", string(body), "type", r.Header.Get("Content-Type"),
			"agent", r.UserAgent(), "x", r.Header.Get("X-Own"), "auth", r.Header.Get("Authorization"), "cookie", r.Header.Get("Cookie"))))
	default:
		http.Error(w, "there is nothing", http.StatusNotFound)
	}
}

func server(t *testing.T) *httptest.Server {
	s := httptest.NewServer(http.HandlerFunc(serve))
	t.Cleanup(s.Close)
	return s
}

func get(t *testing.T, r module.Result, name string) any {
	t.Helper()
	v, _ := r.Data.Get(name)
	return v
}

func echoed(t *testing.T, r module.Result) *value.Dict {
	t.Helper()
	d, ok := get(t, r, "json").(*value.Dict)
	if r.Failed || !ok {
		t.Fatalf("%s: %s", r.Msg, value.Repr(r.Data))
	}
	return d
}

func TestDownload(t *testing.T) {
	s, h := server(t), moduletest.New(t)
	r := h.Steady("get_url", "url", s.URL+"/file.txt", "dest", "@/f", "mode", "0600")
	moduletest.Holds(t, r, "status_code", 200, "mode", "0600", "size", 8, "checksum_dest", nil,
		"checksum_src", sha1Of(t, h, "f"), "url", s.URL+"/file.txt")
	if r.Msg != "OK (8 bytes)" || h.Read("f") != "content\n" || h.Mode("f") != "0600" {
		t.Fatal(r.Msg, h.Read("f"))
	}
	again := h.Run("get_url", "url", s.URL+"/file.txt", "dest", "@/f")
	moduletest.Holds(t, again, "status_code", 304)
	if again.Msg != "HTTP Error 304: Not Modified" {
		t.Error(again.Msg)
	}
}

func sha1Of(t *testing.T, h *moduletest.Host, name string) string {
	t.Helper()
	sums, err := kit.Checksums(h.Path(name), "sha1")
	if err != nil {
		t.Fatal(err)
	}
	return sums[0]
}

func TestDownloadReplacesAndKeepsABackup(t *testing.T) {
	s, h := server(t), moduletest.New(t)
	h.Write("f", "mine\n")
	if err := os.Chmod(h.Path("f"), 0o640); err != nil {
		t.Fatal(err)
	}
	r := h.Run("get_url", "url", s.URL+"/file.txt", "dest", "@/f", "force", true, "backup", true)
	backup, _ := get(t, r, "backup_file").(string)
	if !r.Changed || h.Read("f") != "content\n" || h.Mode("f") != "0640" || backup == "" {
		t.Fatalf("%+v %s", r, value.Repr(r.Data))
	}
	if kept, err := os.ReadFile(backup); err != nil || string(kept) != "mine\n" {
		t.Error(string(kept), err)
	}
	if r := h.Run("get_url", "url", s.URL+"/file.txt", "dest", "@/f", "force", true); r.Changed || r.Failed {
		t.Errorf("%+v", r)
	}
}

func TestDownloadChecksums(t *testing.T) {
	s, h := server(t), moduletest.New(t)
	right := "sha256:434728a410a78f56fc1b5899c3593436e61ab0c731e9072d95e96db290205e53"
	h.Steady("get_url", "url", s.URL+"/file.txt", "dest", "@/f", "checksum", right)
	r := h.Run("get_url", "url", s.URL+"/file.txt", "dest", "@/f", "checksum", "sha256:"+s.URL+"/sums")
	if r.Failed || r.Changed || r.Msg != "file already exists" {
		t.Errorf("%+v", r)
	}
	moduletest.Fails(t, h.Run("get_url", "url", s.URL+"/file.txt", "dest", "@/g", "checksum", "md5:00"), "did not match 00; it was f75b8179")
	moduletest.Fails(t, h.Run("get_url", "url", s.URL+"/named", "dest", "@/g", "checksum", "sha256:"+s.URL+"/sums"), "Unable to find a checksum for file 'named' in")
	moduletest.Fails(t, h.Run("get_url", "url", s.URL+"/x", "dest", "@/g", "checksum", "sha256:xyz"), "The checksum format is invalid")
	moduletest.Fails(t, h.Run("get_url", "url", s.URL+"/x", "dest", "@/g", "checksum", "abc"), "in format <algorithm>:<checksum>")
	moduletest.Fails(t, h.Run("get_url", "url", s.URL+"/x", "dest", "@/g", "checksum", "crc:ab"), "algorithm 'crc'")
	if kit.Exists(h.Path("g")) {
		t.Error("a file that is not the right one was put there")
	}
}

func TestDownloadIntoAFolder(t *testing.T) {
	s, h := server(t), moduletest.New(t)
	moduletest.Holds(t, h.Run("get_url", "url", s.URL+"/named", "dest", "@"), "dest", h.Path("given.txt"))
	moduletest.Holds(t, h.Run("get_url", "url", s.URL+"/file.txt?a=b", "dest", "@"), "dest", h.Path("file.txt"))
	moduletest.Fails(t, h.Run("get_url", "url", s.URL+"/file.txt", "dest", "@/none/f"), "Destination "+h.Path("none")+" does not exist")
	moduletest.Fails(t, h.Run("get_url", "url", s.URL+"/file.txt", "dest", "@/g", "tmp_dest", "@/none"), "directory does not exist")
}

func TestDownloadFailures(t *testing.T) {
	s, h := server(t), moduletest.New(t)
	r := h.Run("get_url", "url", s.URL+"/none", "dest", "@/f")
	moduletest.Fails(t, r, "Request failed")
	moduletest.Holds(t, r, "status_code", 404, "response", "HTTP Error 404: Not Found")
	moduletest.Fails(t, h.Run("get_url", "url", "ftp://h/f", "dest", "@/f"), "url must begin with http:// or https://, not with ftp:")
	moduletest.Fails(t, h.Run("get_url", "url", s.URL+"/slow", "dest", "@/f", "timeout", 1), "timed out")
	moduletest.Fails(t, h.Run("get_url", "url", s.URL+"/away", "dest", "@/f"), "Request failed")
	moduletest.Fails(t, h.Run("get_url", "url", s.URL+"/loop", "dest", "@/f"), "Request failed")
	closed := httptest.NewServer(http.HandlerFunc(serve))
	closed.Close()
	moduletest.Fails(t, h.Run("get_url", "url", closed.URL+"/f", "dest", "@/f"), "<urlopen error [Errno 111] Connection refused>")
}

func TestCredentials(t *testing.T) {
	s, h := server(t), moduletest.New(t)
	inside := strings.Replace(s.URL, "http://", "http://me:s3cret@", 1)
	for name, args := range map[string][]any{
		"arguments": {"url", s.URL + "/private", "url_username", "me", "url_password", "s3cret"},
		"forced":    {"url", s.URL + "/private", "url_username", "me", "url_password", "s3cret", "force_basic_auth", true},
		"url":       {"url", inside + "/private"},
	} {
		c := h.Call(false, append(args[2:], "return_content", true)...)
		c.Args.Set("url", args[1]) // an at sign stands for itself
		r := h.Do("uri", c)
		if r.Failed || get(t, r, "content") != "private\n" || get(t, r, "url") != s.URL+"/private" {
			t.Errorf("%s: %s %s", name, r.Msg, value.Repr(r.Data))
		}
	}
	c := h.Call(false, "dest", "@/f")
	c.Args.Set("url", strings.Replace(inside, "s3cret", "s3cre7", 1)+"/private")
	r := h.Do("get_url", c)
	moduletest.Fails(t, r, "Request failed")
	if strings.Contains(value.Repr(r.Data), "s3cre7") {
		t.Error("a password is told:", value.Repr(r.Data))
	}
	h.Write("netrc", "machine other login a password b\nmachine 127.0.0.1\n login me password s3cret\n")
	c = h.Call(false, "url", s.URL+"/private")
	c.Env = append(c.Env, "NETRC="+h.Path("netrc"))
	if r := h.Do("uri", c); r.Failed {
		t.Error(r.Msg)
	}
}

func TestCredentialsStayWithTheirServer(t *testing.T) {
	other := server(t)
	s := httptest.NewServer(http.RedirectHandler(other.URL+"/echo", http.StatusFound))
	t.Cleanup(s.Close)
	h := moduletest.New(t)
	r := h.Run("uri", "url", s.URL, "url_username", "me", "url_password", "x", "force_basic_auth", true,
		"headers", kit.Dict("Cookie", "a=b", "X-Own", "kept"))
	moduletest.Holds(t, module.Result{Data: echoed(t, r)}, "auth", "", "cookie", "", "x", "kept")
	moduletest.Holds(t, r, "redirected", true, "url", other.URL+"/echo")
}

func TestRedirections(t *testing.T) {
	s, h := server(t), moduletest.New(t)
	r := h.Run("uri", "url", s.URL+"/moved")
	moduletest.Holds(t, module.Result{Data: echoed(t, r)}, "method", "GET", "cookie", "visited=yes")
	moduletest.Holds(t, r, "cookies", kit.Dict("visited", "yes"), "cookies_string", "visited=yes", "redirected", true)
	r = h.Run("uri", "url", s.URL+"/moved", "method", "POST", "body", "abc", "follow_redirects", "all")
	moduletest.Holds(t, module.Result{Data: echoed(t, r)}, "method", "POST", "body", "abc")
	r = h.Run("uri", "url", s.URL+"/moved303", "method", "PUT", "body", "abc", "follow_redirects", "all")
	moduletest.Holds(t, module.Result{Data: echoed(t, r)}, "method", "GET", "body", "")
	r = h.Run("uri", "url", s.URL+"/moved", "method", "POST", "body", "abc", "status_code", 307)
	if r.Failed {
		t.Error(r.Msg)
	}
	moduletest.Holds(t, r, "status", 307, "redirected", false, "location", s.URL+"/echo?moved")
	moduletest.Fails(t, h.Run("uri", "url", s.URL+"/moved", "follow_redirects", "none"), "Status code was 307 and not [200]: HTTP Error 307: Temporary Redirect")
	moduletest.Fails(t, h.Run("uri", "url", s.URL+"/loop"), "infinite loop")
}

func TestBodies(t *testing.T) {
	s, h := server(t), moduletest.New(t)
	h.Files["files/b"] = "of the plan"
	h.Write("b", "of the host")
	for name, c := range map[string]struct {
		args       []any
		body, kind string
	}{
		"json":    {[]any{"body_format", "json", "body", kit.Dict("a", []any{int64(1), "é"})}, `{"a": [1, "\u00e9"]}`, "application/json"},
		"text":    {[]any{"body_format", "json", "body", `{"b":2}`}, `{"b":2}`, "application/json"},
		"form":    {[]any{"body_format", "form-urlencoded", "body", kit.Dict("a b", "c&d", "l", []any{"1", nil, "2"})}, "a+b=c%26d&l=1&l=2", "application/x-www-form-urlencoded"},
		"pairs":   {[]any{"body_format", "form-urlencoded", "body", []any{[]any{"a", "1"}, []any{"a", "2"}}}, "a=1&a=2", "application/x-www-form-urlencoded"},
		"raw":     {[]any{"body", "x", "headers", kit.Dict("content-type", "text/x")}, "x", "text/x"},
		"file":    {[]any{"src", "files/b"}, "of the plan", "application/x-www-form-urlencoded"},
		"on host": {[]any{"src", "@/b", "remote_src", true}, "of the host", "application/x-www-form-urlencoded"},
	} {
		r := h.Run("uri", append([]any{"url", s.URL + "/echo", "method", "post"}, c.args...)...)
		moduletest.Holds(t, module.Result{Data: echoed(t, r)}, "body", c.body, "type", c.kind, "method", "POST", "agent", "ansible-httpget")
		if t.Failed() {
			t.Fatal(name)
		}
	}
	moduletest.Fails(t, h.Run("uri", "url", s.URL, "body", kit.Dict("a", "b")), "body must be text unless body_format says")
	moduletest.Fails(t, h.Run("uri", "url", s.URL, "src", "@/none", "remote_src", true), "Unable to open source file")
	moduletest.Fails(t, h.Run("uri", "url", s.URL, "method", "GE T"), "needs to be a single word")
}

func TestAnswersToFiles(t *testing.T) {
	s, h := server(t), moduletest.New(t)
	r := h.Run("uri", "url", s.URL+"/file.txt", "dest", "@/f", "mode", "0600")
	if r.Failed || !r.Changed || h.Read("f") != "content\n" || h.Mode("f") != "0600" {
		t.Fatalf("%+v", r)
	}
	moduletest.Holds(t, r, "path", h.Path("f"), "status", 200)
	r = h.Run("uri", "url", s.URL+"/file.txt", "dest", "@/f", "status_code", []any{int64(200), int64(304)})
	if r.Failed || r.Changed {
		t.Errorf("%+v", r)
	}
	moduletest.Holds(t, h.Run("uri", "url", s.URL+"/named", "dest", "@"), "path", h.Path("given.txt"))
	moduletest.Holds(t, h.Run("uri", "url", s.URL+"/none", "creates", "@/f"), "stdout", "skipped, since '"+h.Path("f")+"' exists")
	moduletest.Holds(t, h.Run("uri", "url", s.URL+"/none", "removes", "@/n"), "stdout", "skipped, since '"+h.Path("n")+"' does not exist")
	if r := h.Check("uri", "url", s.URL+"/file.txt"); !r.Skipped {
		t.Errorf("%+v", r)
	}
}

func TestOnlyRequestsThatMayChangeSomethingAreIrreversible(t *testing.T) {
	s, h := server(t), moduletest.New(t)
	h.Recorder.Task("asks", false)
	for _, method := range []string{"GET", "HEAD", "OPTIONS"} {
		h.Run("uri", "url", s.URL+"/echo", "method", method)
	}
	if n := h.Recorder.Irreversible(); n != 0 {
		t.Error(n)
	}
	h.Run("uri", "url", s.URL+"/echo", "method", "DELETE")
	if n := h.Recorder.Irreversible(); n != 1 {
		t.Error(n)
	}
}

func TestContentIsBounded(t *testing.T) {
	whole := maxContent
	maxContent = 7
	defer func() { maxContent = whole }()
	s, h := server(t), moduletest.New(t)
	moduletest.Fails(t, h.Run("uri", "url", s.URL+"/file.txt", "return_content", true), "more than 7 bytes")
}

func TestTLS(t *testing.T) {
	s := httptest.NewUnstartedServer(http.HandlerFunc(serve))
	s.TLS = &tls.Config{ClientAuth: tls.RequestClientCert}
	s.Config.ErrorLog = log.New(io.Discard, "", 0)
	s.StartTLS()
	t.Cleanup(s.Close)
	h := moduletest.New(t)
	authority := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: s.Certificate().Raw})
	h.Write("ca.pem", string(authority))
	h.Write("none.pem", "nothing")
	moduletest.Fails(t, h.Run("uri", "url", s.URL+"/echo"), "CERTIFICATE_VERIFY_FAILED")
	moduletest.Fails(t, h.Run("uri", "url", s.URL+"/echo", "ca_path", "@/none.pem"), "no certificate in")
	moduletest.Fails(t, h.Run("uri", "url", s.URL+"/echo", "client_cert", "@/none.pem", "validate_certs", false), "client_cert cannot be used")
	for _, args := range [][]any{{"ca_path", "@/ca.pem"}, {"validate_certs", false}} {
		if r := h.Run("uri", append(args, "url", s.URL+"/echo")...); r.Failed {
			t.Error(r.Msg)
		}
	}
	c := h.Call(false, "url", s.URL+"/file.txt", "dest", "@/f")
	c.Env = append(c.Env, "SSL_CERT_FILE="+h.Path("ca.pem"))
	if r := h.Do("get_url", c); r.Failed {
		t.Error(r.Msg)
	}
}

func TestSocketsAndProxies(t *testing.T) {
	h := moduletest.New(t)
	folder, err := os.MkdirTemp("", "sock") // a socket's path must be short
	if err != nil {
		t.Fatal(err)
	}
	defer os.RemoveAll(folder)
	l, err := net.Listen("unix", folder+"/s")
	if err != nil {
		t.Fatal(err)
	}
	s := &httptest.Server{Listener: l, Config: &http.Server{Handler: http.HandlerFunc(serve)}}
	s.Start()
	defer s.Close()
	echoed(t, h.Run("uri", "url", "http://nowhere.invalid/echo", "unix_socket", folder+"/s"))
	proxy := server(t)
	c := h.Call(false, "url", "http://nowhere.invalid/echo")
	c.Env = append(c.Env, "http_proxy="+proxy.URL, "no_proxy=")
	echoed(t, h.Do("uri", c))
	c.Env = append(c.Env, "no_proxy=x, .invalid")
	if r := h.Do("uri", c); !r.Failed {
		t.Error("the proxy was asked all the same")
	}
}

func TestListedChecksums(t *testing.T) {
	for text, want := range map[string]string{
		"ab\n": "ab", "ab  f\ncd *g\n": "cd", "ab ./g": "ab", "ab h\n\ncd i": "", "": "",
	} {
		if got, _ := listedChecksum(text, "g"); got != want {
			t.Errorf("%q: %q", text, got)
		}
	}
}

func TestFetched(t *testing.T) {
	s := server(t)
	h := moduletest.New(t)
	path, err := kit.Fetch(h.Call(false), s.URL+"/file.txt", true)
	if b, _ := os.ReadFile(path); err != nil || string(b) != "content\n" || !strings.HasSuffix(path, ".txt") {
		t.Errorf("%s holds %q, %v", path, b, err)
	}
	for url, want := range map[string]string{
		s.URL + "/no": "HTTP Error 404: Not Found", "ftp://x/y": "must begin with http", "http://127.0.0.1:1/": "refused",
	} {
		if path, err := kit.Fetch(h.Call(false), url, true); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %s, %v", url, path, err)
		}
	}
	for name, want := range map[string]string{
		"/a/b.tar.gz": ".tar.gz", "/b-1.2.3.tgz": ".3.tgz", "/key": "", "/.deb": "", "/x.a/..": "", "/a.%2f": "", "/v.toolongname": "",
	} {
		if got := endingOf(name); got != want {
			t.Errorf("%s ends with %q", name, got)
		}
	}
}

func TestPairsAsText(t *testing.T) {
	for text, want := range map[string]string{
		"Accept=application/json": "[{Accept application/json}]", `a=b, c="d e",f=g\,=`: "[{a b} {c d e} {f g,=}]",
		`{"a": 1, "b": "c"}`: "[{a 1} {b c}]",
	} {
		if got, err := pairsOf("headers", text); err != nil || fmt.Sprint(got) != want {
			t.Errorf("%s is %v, %v", text, got, err)
		}
	}
	for _, text := range []string{"x", "{x", "a=b, c", "{1: 2}"} {
		if got, err := pairsOf("headers", text); err == nil {
			t.Errorf("%s is %v", text, got)
		}
	}
	if _, err := pairsOf("headers", []any{"a"}); err == nil {
		t.Error("a list has no pairs")
	}
}
