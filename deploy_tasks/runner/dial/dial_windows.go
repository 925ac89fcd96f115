package dial

import (
	"context"
	"net"
	"strconv"
	"strings"

	"runner/ip"
)

// TCP connects to a port of a host, an address or a name, within ctx.
func TCP(ctx context.Context, host string, port int) (Conn, error) {
	return (&net.Dialer{}).DialContext(ctx, "tcp", net.JoinHostPort(strings.Trim(host, "[]"), strconv.Itoa(port)))
}

// Unix connects to the socket of a service of this host, within ctx.
func Unix(ctx context.Context, path string) (Conn, error) {
	return (&net.Dialer{}).DialContext(ctx, "unix", path)
}

// Addresses are those of a host: itself when it is one, else as the system knows it.
func Addresses(ctx context.Context, host string) ([]ip.Addr, error) {
	found, err := net.DefaultResolver.LookupIPAddr(ctx, host)
	var out []ip.Addr
	for _, a := range found {
		out = append(out, ip.FromBytes(a.IP).Unmap())
	}
	return out, err
}

// Names are those of an address, as the system knows it.
func Names(ctx context.Context, a ip.Addr) []string {
	names, _ := net.DefaultResolver.LookupAddr(ctx, a.String())
	for i := range names {
		names[i] = strings.TrimSuffix(names[i], ".")
	}
	return names
}
