// Package web is the part of the runner with the modules that speak HTTP: get_url and uri. It alone links Go's net/http.
package web

import (
	"errors"
	"net/url"
	"strings"
	"time"

	"runner/fmt"
	"runner/module"
	"runner/modules/kit"
)

// urlArgs are shared by the modules that speak HTTP.
var urlArgs = []kit.Arg{
	{Name: "url", Kind: kit.Text, Required: true},
	{Name: "force", Kind: kit.Bool, Default: false},
	{Name: "http_agent", Kind: kit.Text, Default: "ansible-httpget"},
	{Name: "use_proxy", Kind: kit.Bool, Default: true},
	{Name: "validate_certs", Kind: kit.Bool, Default: true},
	{Name: "force_basic_auth", Kind: kit.Bool, Default: false},
	{Name: "client_cert", Kind: kit.Path},
	{Name: "client_key", Kind: kit.Path},
	{Name: "use_gssapi", Kind: kit.Bool, Default: false},
	{Name: "headers", Kind: kit.Raw},
	{Name: "unredirected_headers", Kind: kit.List},
	{Name: "decompress", Kind: kit.Bool, Default: true},
	{Name: "ciphers", Kind: kit.List},
	{Name: "use_netrc", Kind: kit.Bool, Default: true},
}

// pair is a name with its text: a header, a cookie, a field of a form.
type pair struct{ name, text string }

// options are what a task says of all its requests.
type options struct {
	call                     *module.Call
	agent                    string
	headers                  []pair
	kept                     []string // headers that redirections do not get, lower case
	fresh, proxied, unpacked bool
	forced                   bool // credentials are sent before they are asked for
	login                    *login
	netrc                    bool
	timeout                  time.Duration // of every step: connecting, and each wait for bytes
	trust                    trust
	socket                   string
	follow                   string
}

// newOptions takes the arguments of urlArgs and timeout, and refuses what cannot be honoured.
func newOptions(c *module.Call, p *kit.Params) (*options, error) {
	if p.Flag("use_gssapi") {
		return nil, errors.New("use_gssapi is not supported")
	}
	if p.Has("ciphers") {
		return nil, errors.New("ciphers is not supported: Go's own choice of ciphers is used")
	}
	headers, err := pairsOf("headers", p.Raw("headers"))
	if err != nil {
		return nil, err
	}
	o := &options{call: c, agent: p.Str("http_agent"), headers: headers, fresh: p.Flag("force"), proxied: p.Flag("use_proxy"),
		unpacked: p.Flag("decompress"), forced: p.Flag("force_basic_auth"), netrc: p.Flag("use_netrc"),
		timeout: time.Duration(p.Int("timeout")) * time.Second, follow: "urllib2",
		trust: trust{validate: p.Flag("validate_certs"), file: p.Str("ca_path"), cert: p.Str("client_cert"), key: p.Str("client_key")}}
	for _, name := range p.List("unredirected_headers") {
		o.kept = append(o.kept, strings.ToLower(name))
	}
	if name := p.Str("url_username"); name != "" {
		o.login = &login{name, p.Str("url_password")}
	}
	if o.timeout <= 0 {
		return nil, errors.New("timeout must be greater than 0")
	}
	return o, nil
}

// address is the URL of a request, without the credentials in it, which are returned by themselves.
func address(text string) (*url.URL, *login, error) {
	u, err := url.Parse(strings.ReplaceAll(text, " ", "%20"))
	if err != nil {
		return nil, nil, errors.New("url is no URL") // what is in it may be a password
	}
	switch {
	case u.Scheme != "http" && u.Scheme != "https":
		return nil, nil, fmt.Errorf("url must begin with http:// or https://, not with %s", u.Scheme+":")
	case u.Host == "":
		return nil, nil, errors.New("url has no host")
	}
	var found *login
	if u.User != nil {
		password, _ := u.User.Password()
		found = &login{u.User.Username(), password}
	}
	u.User = nil
	if u.Path == "" {
		u.Path = "/"
	}
	return u, found, nil
}

// shown is a URL as results name it: without a password.
func shown(text string) string {
	u, err := url.Parse(text)
	if err != nil || u.User == nil {
		return text
	}
	u.User = nil
	return u.String()
}
