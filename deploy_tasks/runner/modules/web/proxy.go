package web

import (
	"errors"
	"net/http"
	"net/url"
	"strings"

	"runner/modules/kit"
)

// proxy is the proxy that the environment of the task names for a request, nil for none.
func (o *options) proxy(r *http.Request) (*url.URL, error) {
	text := o.variable(r.URL.Scheme + "_proxy")
	if text == "" {
		text = o.variable("all_proxy")
	}
	if text == "" || unproxied(o.variable("no_proxy"), r.URL) {
		return nil, nil
	}
	if !strings.Contains(text, "://") {
		text = "http://" + text
	}
	u, err := url.Parse(text)
	if err != nil {
		return nil, errors.New("the proxy in the environment is no URL") // it may hold a password
	}
	return u, nil
}

// variable is one of the environment's, in lower case or else in upper case.
func (o *options) variable(name string) string {
	if v := kit.Environ(o.call.Env, name); v != "" {
		return v
	}
	return kit.Environ(o.call.Env, strings.ToUpper(name))
}

// unproxied tells whether no_proxy names a host: by its whole name, a domain it is in, or a star for all.
func unproxied(list string, u *url.URL) bool {
	if strings.TrimSpace(list) == "*" {
		return true
	}
	host := strings.ToLower(u.Hostname())
	for _, name := range strings.Split(list, ",") {
		name = strings.ToLower(strings.TrimLeft(strings.TrimSpace(name), "."))
		if name == "" {
			continue
		}
		if host == name || strings.HasSuffix(host, "."+name) || strings.ToLower(u.Host) == name {
			return true
		}
	}
	return false
}
