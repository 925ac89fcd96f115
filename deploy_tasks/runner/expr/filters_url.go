package expr

import (
	"sort"
	"strconv"
	"strings"

	"runner/value"
)

var urlFilters = table{
	{"urlencode", filterURLEncode},
	{"urldecode", filterURLDecode},
	{"urlsplit", filterURLSplit},
}

func filterURLEncode(c *call, v any) (any, error) {
	p := c.params()
	p.defined(v)
	items, isList := value.Items(v)
	if d, ok := v.(*value.Dict); ok {
		items, isList = pairs(d), true
	}
	if !isList {
		return percentEncode(p.str(v), "/"), p.err
	}
	var parts []string
	for _, item := range items {
		pair, err := iterate(item)
		if err != nil || len(pair) != 2 {
			return nil, valueError("urlencode wants pairs")
		}
		name, text := percentEncode(p.str(pair[0]), ""), percentEncode(p.str(pair[1]), "")
		parts = append(parts, strings.ReplaceAll(name, "%20", "+")+"="+strings.ReplaceAll(text, "%20", "+"))
	}
	return strings.Join(parts, "&"), p.err
}

func percentEncode(s, safe string) string {
	const hexDigits = "0123456789ABCDEF"
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		ch := s[i]
		if ch < 128 && (isAlnum(ch) || strings.IndexByte("_.-~"+safe, ch) >= 0) {
			b.WriteByte(ch)
		} else {
			b.Write([]byte{'%', hexDigits[ch>>4], hexDigits[ch&15]})
		}
	}
	return b.String()
}

func isAlnum(c byte) bool {
	return '0' <= c && c <= '9' || 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z'
}

// filterURLDecode reads %XX and + as a query string has them.
func filterURLDecode(c *call, v any) (any, error) {
	p := c.params()
	s := strings.ReplaceAll(textOf(p, v, "urldecode"), "+", " ")
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] == '%' && i+2 < len(s) {
			if n, err := strconv.ParseUint(s[i+1:i+3], 16, 8); err == nil {
				b.WriteByte(byte(n))
				i += 2
				continue
			}
		}
		b.WriteByte(s[i])
	}
	return strings.ToValidUTF8(b.String(), "\uFFFD"), p.err
}

func filterURLSplit(c *call, v any) (any, error) {
	p := c.params("query")
	parts, err := splitURL(textOf(p, v, "urlsplit"))
	if err != nil || p.err != nil {
		return nil, first(p.err, err)
	}
	part := p.text(0, "")
	if part == "" {
		return parts, p.err
	}
	out, ok := parts.Get(part)
	if !ok {
		return nil, valueError("urlsplit: unknown URL component: %s", part)
	}
	return out, nil
}

// splitURL takes a URL apart as Python's urllib.parse.urlsplit does.
func splitURL(url string) (*value.Dict, error) {
	scheme, netloc, query, fragment := "", "", "", ""
	if at := strings.IndexByte(url, ':'); at > 0 && isScheme(url[:at]) {
		scheme, url = strings.ToLower(url[:at]), url[at+1:]
	}
	if rest, ok := strings.CutPrefix(url, "//"); ok {
		end := strings.IndexAny(rest, "/?#")
		if end < 0 {
			end = len(rest)
		}
		netloc, url = rest[:end], rest[end:]
	}
	if at := strings.IndexByte(url, '#'); at >= 0 {
		fragment, url = url[at+1:], url[:at]
	}
	if at := strings.IndexByte(url, '?'); at >= 0 {
		query, url = url[at+1:], url[:at]
	}
	out := value.DictOf("fragment", fragment, "netloc", netloc, "path", url, "query", query, "scheme", scheme)
	if err := splitNetloc(out, netloc); err != nil {
		return nil, err
	}
	return out, nil
}

func isScheme(s string) bool {
	for i := 0; i < len(s); i++ {
		if !isAlnum(s[i]) && strings.IndexByte("+-.", s[i]) < 0 || i == 0 && s[i] <= '9' {
			return false
		}
	}
	return true
}

func splitNetloc(out *value.Dict, netloc string) error {
	var user, password, host, port any
	if at := strings.LastIndexByte(netloc, '@'); at >= 0 {
		name, secret, has := strings.Cut(netloc[:at], ":")
		user = name
		if has {
			password = secret
		}
		netloc = netloc[at+1:]
	}
	name, number := netloc, ""
	if end := strings.IndexByte(netloc, ']'); strings.HasPrefix(netloc, "[") && end > 0 {
		name, number = netloc[1:end], strings.TrimPrefix(netloc[end+1:], ":")
	} else if at := strings.IndexByte(netloc, ':'); at >= 0 {
		name, number = netloc[:at], netloc[at+1:]
	}
	if name != "" {
		host = strings.ToLower(name)
	}
	if number != "" {
		n, err := strconv.ParseUint(number, 10, 16)
		if err != nil {
			return valueError("Port could not be cast to integer value as %s", value.Repr(number))
		}
		port = int64(n)
	}
	for key, v := range map[string]any{"username": user, "password": password, "hostname": host, "port": port} {
		out.Set(key, v)
	}
	*out = *ordered(out)
	return nil
}

// ordered sorts the entries by key, as dir() lists the parts of a URL.
func ordered(d *value.Dict) *value.Dict {
	keys := d.Keys()
	sort.Strings(keys)
	out := value.NewDict()
	for _, key := range keys {
		v, _ := d.Get(key)
		out.Set(key, v)
	}
	return out
}
