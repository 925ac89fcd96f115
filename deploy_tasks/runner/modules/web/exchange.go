package web

import (
	"compress/gzip"
	"errors"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"slices"
	"strings"
	"time"

	"runner/fmt"
)

// body is what a request sends.
type body struct {
	size int64
	open func() (io.ReadCloser, error)
}

// request is one request of a task; redirections make more of it.
type request struct {
	method string
	url    *url.URL
	body   *body
	since  *time.Time // only what is newer is wanted
}

// answer is what a server said in the end.
type answer struct {
	resp    *http.Response
	body    io.Reader // unpacked where that was wanted
	url     *url.URL  // where it came from
	cookies []pair
	note    string // why a redirection was not followed
}

// ok tells whether the server did what it was asked for.
func (a *answer) ok() bool { return a.resp.StatusCode >= 200 && a.resp.StatusCode < 300 }

// msg words the answer as Ansible does.
func (a *answer) msg() string {
	if a.ok() {
		return fmt.Sprintf("OK (%s bytes)", orText(a.resp.Header.Get("Content-Length"), "unknown"))
	}
	_, reason, _ := strings.Cut(a.resp.Status, " ")
	return fmt.Sprintf("HTTP Error %d: %s%s", a.resp.StatusCode, a.note, reason)
}

func (a *answer) close() { _ = a.resp.Body.Close() } // everything that counts was read

// maxRedirections is Python's.
const maxRedirections = 10

// exchange is one request with the redirections that follow it.
type exchange struct {
	o         *options
	transport *http.Transport
	jar       *cookiejar.Jar
	origin    *url.URL
	login     *login
	told      bool // the credentials were sent
	cookies   []pair
}

// send performs a request. The error says why there is no answer; it holds no secret.
func (o *options) send(r request, own *login) (*answer, error) {
	t, err := o.transport()
	if err != nil {
		return nil, err
	}
	jar, _ := cookiejar.New(nil) // never fails
	x := &exchange{o: o, transport: t, jar: jar, origin: r.url, login: own}
	if o.login != nil {
		x.login = o.login
	}
	x.told = x.login != nil && o.forced
	if x.login == nil && o.netrc {
		x.login = o.fromNetrc(r.url.Hostname())
		x.told = x.login != nil
	}
	for n := 0; ; n++ {
		a, err := x.once(r)
		if err != nil {
			return nil, errors.New(o.unreached(err))
		}
		next, note := x.next(r, a.resp, n)
		if next == nil {
			a.note, a.cookies = note, x.cookies
			return a, x.unpack(a)
		}
		a.close()
		r = *next
	}
}

// once sends a request to one place, and again with the credentials when they are asked for.
func (x *exchange) once(r request) (*answer, error) {
	for {
		sent, err := x.prepared(r)
		if err != nil {
			return nil, err
		}
		resp, err := x.transport.RoundTrip(sent)
		if err != nil {
			return nil, err
		}
		x.remember(r.url, resp)
		asked := resp.StatusCode == http.StatusUnauthorized && asksBasic(resp.Header.Values("Www-Authenticate"))
		if !asked || x.told || x.login == nil || !x.atHome(r.url) {
			return &answer{resp: resp, body: resp.Body, url: r.url}, nil
		}
		x.told = true
		_ = resp.Body.Close() // the refusal's page is of no interest
	}
}

// remember keeps the cookies of an answer.
func (x *exchange) remember(u *url.URL, resp *http.Response) {
	found := resp.Cookies()
	x.jar.SetCookies(u, found)
	for _, c := range found {
		x.cookies = slices.DeleteFunc(x.cookies, func(p pair) bool { return p.name == c.Name })
		x.cookies = append(x.cookies, pair{c.Name, c.Value})
	}
}

// prepared is the request with its headers.
func (x *exchange) prepared(r request) (*http.Request, error) {
	sent := &http.Request{Method: r.method, URL: r.url, Host: r.url.Host, Header: http.Header{}, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1}
	h := sent.Header
	h.Set("Accept-Encoding", "identity")
	h.Set("User-Agent", x.o.agent)
	if x.o.fresh {
		h.Set("Cache-Control", "no-cache")
	} else if r.since != nil {
		h.Set("If-Modified-Since", r.since.UTC().Format(http.TimeFormat))
	}
	if r.body != nil {
		h.Set("Content-Type", "application/x-www-form-urlencoded")
		in, err := r.body.open()
		if err != nil {
			return nil, err
		}
		sent.Body, sent.ContentLength = in, r.body.size
	}
	x.ownHeaders(r, sent)
	if x.told && x.atHome(r.url) {
		h.Set("Authorization", x.login.basic())
	}
	for _, c := range x.jar.Cookies(r.url) {
		sent.AddCookie(c)
	}
	return sent.WithContext(x.o.call.Ctx), nil
}

// ownHeaders are those of the task. Another host gets none that tell who we are.
func (x *exchange) ownHeaders(r request, sent *http.Request) {
	for _, each := range x.o.headers {
		name := strings.ToLower(each.name)
		secret := name == "authorization" || name == "cookie" || name == "proxy-authorization"
		switch {
		case name == "content-length", name == "content-type" && r.body == nil && r.url != x.origin:
		case r.url != x.origin && slices.Contains(x.o.kept, name):
		case secret && !x.atHome(r.url):
		case name == "host":
			if r.url == x.origin {
				sent.Host = each.text
			}
		default:
			sent.Header.Set(each.name, each.text)
		}
	}
}

// atHome tells whether a place is the server that the task named.
func (x *exchange) atHome(u *url.URL) bool {
	return u.Scheme == x.origin.Scheme && u.Host == x.origin.Host
}

// next is the request that a redirection asks for; nil when it is not followed, and why.
func (x *exchange) next(r request, resp *http.Response, done int) (*request, string) {
	if !follows(x.o.follow, r.method, resp.StatusCode) || resp.Header.Get("Location") == "" {
		return nil, ""
	}
	place, err := r.url.Parse(strings.ReplaceAll(resp.Header.Get("Location"), " ", "%20"))
	if err != nil || place.Host == "" || place.Scheme != "http" && place.Scheme != "https" {
		return nil, "Redirection to that url is not allowed: "
	}
	if done >= maxRedirections {
		return nil, "The HTTP server returned a redirect error that would lead to an infinite loop.\nThe last 30x error message was:\n"
	}
	place.User = nil
	to := request{method: redirected(r.method, resp.StatusCode), url: place, since: r.since}
	if resp.StatusCode == 307 || resp.StatusCode == 308 {
		to.body = r.body
	}
	return &to, ""
}

// follows tells whether a redirection of a request is followed.
func follows(policy, method string, status int) bool {
	if !slices.Contains([]int{301, 302, 303, 307, 308}, status) {
		return false
	}
	reading := method == "GET" || method == "HEAD"
	switch policy {
	case "all", "yes":
		return true
	case "safe":
		return reading
	case "urllib2":
		return reading || method == "POST" && status < 307
	}
	return false
}

// redirected is the method that goes on with.
func redirected(method string, status int) string {
	if status == 303 && method != "HEAD" || status == 302 && method != "HEAD" || status == 301 && method == "POST" {
		return "GET"
	}
	return method
}

// unpack has the body come without the packing that the server names.
func (x *exchange) unpack(a *answer) error {
	if !x.o.unpacked || !strings.EqualFold(a.resp.Header.Get("Content-Encoding"), "gzip") || a.resp.ContentLength == 0 ||
		a.resp.Request.Method == "HEAD" {
		return nil
	}
	in, err := gzip.NewReader(a.resp.Body)
	if err != nil {
		a.close()
		return errors.New("the answer is not packed as it says: " + err.Error())
	}
	a.body = in
	return nil
}
