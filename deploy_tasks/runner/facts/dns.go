package facts

import (
	"strings"

	"runner/value"
)

func dns(g *gathering) {
	out := dict()
	for _, line := range lines("/etc/resolv.conf") {
		words := strings.Fields(line)
		if len(words) == 0 || strings.HasPrefix(line, "#") || strings.HasPrefix(line, ";") {
			continue
		}
		switch words[0] {
		case "nameserver":
			before, _ := out.Get("nameservers")
			if before == nil {
				before = []any{}
			}
			out.Set("nameservers", append(listed(before), texts(words[1:])...))
		case "domain":
			if len(words) > 1 {
				out.Set("domain", words[1])
			}
		case "search", "sortlist":
			out.Set(words[0], texts(words[1:]))
		case "options":
			out.Set("options", resolverOptions(words[1:]))
		}
	}
	g.set("dns", out)
}

func resolverOptions(words []string) *value.Dict {
	out := dict()
	for _, word := range words {
		name, v, _ := strings.Cut(word, ":")
		if v == "" {
			out.Set(name, true)
		} else {
			out.Set(name, v)
		}
	}
	return out
}
