//go:build unix

package dial

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"strings"
	"time"

	"runner/ip"
)

// Addresses are those of a host: itself when it is one, else as /etc/hosts, the system's resolver and the name servers
// know it, in this order.
func Addresses(ctx context.Context, host string) ([]ip.Addr, error) {
	if a := ip.Parse(host); a.IsValid() {
		return []ip.Addr{a.Unmap()}, nil
	}
	if found := inHosts(host); len(found) > 0 {
		return found, nil
	}
	if found := systemAddresses(ctx, host); len(found) > 0 {
		return found, nil
	}
	if found := fromServers(ctx, host); len(found) > 0 {
		return found, nil
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	return nil, errors.New("lookup " + host + ": no such host")
}

// Names are those of an address, as the system's resolver or the name servers know it.
func Names(ctx context.Context, a ip.Addr) []string {
	if names := systemNames(ctx, a); len(names) > 0 {
		return names
	}
	return namesFromServers(ctx, a)
}

func inHosts(host string) []ip.Addr {
	text, _ := os.ReadFile("/etc/hosts")
	var out []ip.Addr
	for line := range strings.Lines(string(text)) {
		line, _, _ = strings.Cut(line, "#")
		words := strings.Fields(line)
		for i, word := range words {
			if i > 0 && strings.EqualFold(word, strings.TrimSuffix(host, ".")) {
				out = appendNew(out, ip.Parse(words[0]))
				break
			}
		}
	}
	if len(out) == 0 && strings.EqualFold(host, "localhost") {
		return []ip.Addr{ip.Parse("127.0.0.1"), ip.Parse("::1")}
	}
	return out
}

// appendNew leaves out what is no address, and what is there already.
func appendNew(list []ip.Addr, a ip.Addr) []ip.Addr {
	if !a.IsValid() {
		return list
	}
	for _, each := range list {
		if each == a.Unmap() {
			return list
		}
	}
	return append(list, a.Unmap())
}

// output is what a command says about a host; nothing where the command is missing.
func output(ctx context.Context, name string, args ...string) string {
	if key := args[len(args)-1]; strings.HasPrefix(key, "-") || strings.ContainsAny(key, " \t\n\x00") {
		return ""
	}
	c := exec.CommandContext(ctx, name, args...)
	c.WaitDelay = time.Second
	out, err := c.Output()
	if err != nil {
		return ""
	}
	return string(out)
}
