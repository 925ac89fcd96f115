package kit

import (
	"errors"
	"strings"

	"runner/module"
)

// Fetcher is how the part that speaks HTTP brings what is at an address into a private file; nil in runners without it.
var Fetcher func(c *module.Call, url string, validate bool) (path string, err error)

// IsURL tells whether a module that takes a path or an address was given an address.
func IsURL(text string) bool { return strings.Contains(text, "://") }

// ShownURL is an address without the name and password in it.
func ShownURL(text string) string {
	scheme, rest, ok := strings.Cut(text, "://")
	if !ok {
		return text
	}
	host, path, _ := strings.Cut(rest, "/")
	at := strings.LastIndexByte(host, '@')
	if at < 0 {
		return text
	}
	if path != "" || strings.Contains(rest, "/") {
		path = "/" + path
	}
	return scheme + "://" + host[at+1:] + path
}

// ShownText is a text without the names and passwords of the addresses in it. A user alone stays where the address is one
// of ssh, which takes no secret there.
func ShownText(text string) string {
	var out strings.Builder
	for {
		scheme, rest, ok := strings.Cut(text, "://")
		out.WriteString(scheme)
		if !ok {
			return out.String()
		}
		out.WriteString("://")
		end := strings.IndexAny(rest, "/ \t\r\n")
		if end < 0 {
			end = len(rest)
		}
		at := strings.LastIndexByte(rest[:end], '@')
		if at >= 0 && strings.HasSuffix(scheme, "ssh") && !strings.Contains(rest[:at], ":") {
			at = -1
		}
		text = rest[at+1:]
	}
}

// ShownItems is ShownText of each of several words, as a list of a result.
func ShownItems(words []string) []any {
	var out []string
	for _, word := range words {
		out = append(out, ShownText(word))
	}
	return Items(out)
}

// Fetch brings what is at an address into a private file, which is gone after the run. The error says why there is
// none, as Ansible words it, and holds no secret; validate: the server's certificate must be good.
func Fetch(c *module.Call, url string, validate bool) (string, error) {
	if Fetcher == nil {
		return "", errors.New("this runner cannot fetch: bring it with get_url to a path and name that path")
	}
	return Fetcher(c, url, validate)
}
