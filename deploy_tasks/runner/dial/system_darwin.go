package dial

import (
	"context"
	"strings"

	"runner/ip"
)

// systemAddresses asks the system's resolver, which knows more than name servers.
func systemAddresses(ctx context.Context, host string) []ip.Addr {
	var out []ip.Addr
	for _, kind := range []string{"ip_address", "ipv6_address"} {
		for _, text := range directory(ctx, "name", host, kind) {
			out = appendNew(out, ip.Parse(text))
		}
	}
	return out
}

func systemNames(ctx context.Context, a ip.Addr) []string {
	return directory(ctx, "ip_address", a.String(), "name")
}

// directory is what the directory services tell of a host: the values of one key.
func directory(ctx context.Context, key, text, want string) []string {
	var out []string
	for line := range strings.Lines(output(ctx, "dscacheutil", "-q", "host", "-a", key, text)) {
		if v, ok := strings.CutPrefix(line, want+": "); ok {
			out = append(out, strings.TrimSpace(v))
		}
	}
	return out
}
