package waiting

import (
	"bytes"
	"context"
	"errors"
	"os"
	"strconv"
	"strings"
	"time"

	"runner/dial"
	"runner/hex"
	"runner/ip"
)

// connectionStates by the number that the kernel's table of connections shows.
var connectionStates = map[string]string{
	"ESTABLISHED": "01", "SYN_SENT": "02", "SYN_RECV": "03", "FIN_WAIT1": "04", "FIN_WAIT2": "05", "TIME_WAIT": "06",
}

// activeConnections counts the connections to the port, those from excluded hosts left out.
func activeConnections(w *wait) (int, error) {
	to, err := addressesOf(w.c.Ctx, []string{w.host})
	if err != nil {
		return 0, err
	}
	without, err := addressesOf(w.c.Ctx, w.p.List("exclude_hosts"))
	if err != nil {
		return 0, err
	}
	states := map[string]bool{}
	for _, name := range w.p.List("active_connection_states") {
		states[connectionStates[name]] = true
	}
	count, tables := 0, 0
	for _, table := range []string{"/proc/net/tcp", "/proc/net/tcp6"} {
		b, err := os.ReadFile(table)
		if err != nil {
			continue
		}
		tables++
		for _, line := range bytes.Split(b, []byte("\n"))[1:] {
			f := strings.Fields(string(line))
			if len(f) > 3 && states[f[3]] && countsFor(f[1], f[2], w.port, to, without) {
				count++
			}
		}
	}
	if tables == 0 {
		return 0, errors.New("state=drained needs /proc/net/tcp, which this system does not have")
	}
	return count, nil
}

func countsFor(local, remote string, port int64, to, without []ip.Addr) bool {
	here, at, ok1 := tableAddress(local)
	there, _, ok2 := tableAddress(remote)
	if !ok1 || !ok2 || at != port || among(there, without) {
		return false
	}
	for _, host := range to {
		if host == here || host.IsUnspecified() && host.Is4() == here.Is4() {
			return true
		}
	}
	return false
}

func among(a ip.Addr, list []ip.Addr) bool {
	for _, each := range list {
		if each == a {
			return true
		}
	}
	return false
}

// tableAddress reads an address of the kernel's table: hex, in words of the machine's byte order, which is little endian.
func tableAddress(s string) (ip.Addr, int64, bool) {
	address, port, _ := strings.Cut(s, ":")
	b, err := hex.DecodeString(address)
	n, err2 := strconv.ParseInt(port, 16, 32)
	if err != nil || err2 != nil || len(b)%4 != 0 {
		return ip.Addr{}, 0, false
	}
	for i := 0; i < len(b); i += 4 {
		b[i], b[i+1], b[i+2], b[i+3] = b[i+3], b[i+2], b[i+1], b[i]
	}
	a := ip.FromBytes(b)
	return a.Unmap(), n, a.IsValid()
}

func addressesOf(ctx context.Context, hosts []string) ([]ip.Addr, error) {
	var out []ip.Addr
	for _, host := range hosts {
		ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
		found, err := dial.Addresses(ctx, host)
		cancel()
		if err != nil {
			return nil, err
		}
		out = append(out, found...)
	}
	return out, nil
}
