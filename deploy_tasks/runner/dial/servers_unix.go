//go:build unix

package dial

import (
	"context"
	"os"
	"strconv"
	"strings"
	"time"

	"runner/ip"
)

// resolver is what /etc/resolv.conf says.
type resolver struct {
	servers []ip.Addr
	search  []string
	dots    int // a name with so many dots is tried as it is first
	timeout time.Duration
	tries   int
}

// Bounds of what is asked for one name.
const (
	maxServers = 3
	maxSearch  = 6
	nameserver = 53
)

func readResolver(path string) resolver {
	r := resolver{dots: 1, timeout: 5 * time.Second, tries: 2}
	text, _ := os.ReadFile(path)
	for line := range strings.Lines(string(text)) {
		words := strings.Fields(line)
		if len(words) < 2 {
			continue
		}
		switch words[0] {
		case "nameserver":
			if a := ip.Parse(words[1]); a.IsValid() && len(r.servers) < maxServers {
				r.servers = append(r.servers, a)
			}
		case "domain", "search":
			r.search = words[1:min(len(words), 1+maxSearch)]
		case "options":
			r.options(words[1:])
		}
	}
	if len(r.servers) == 0 {
		r.servers = []ip.Addr{ip.Parse("127.0.0.1")}
	}
	return r
}

func (r *resolver) options(words []string) {
	for _, word := range words {
		name, text, _ := strings.Cut(word, ":")
		n, err := strconv.Atoi(text)
		if err != nil || n < 0 {
			continue
		}
		switch name {
		case "ndots":
			r.dots = min(n, 15)
		case "timeout":
			r.timeout = time.Duration(max(1, min(n, 30))) * time.Second
		case "attempts":
			r.tries = max(1, min(n, 5))
		}
	}
}

// names are the full names to ask for, in order.
func (r *resolver) names(host string) []string {
	if strings.HasSuffix(host, ".") {
		return []string{strings.TrimSuffix(host, ".")}
	}
	var out []string
	for _, domain := range r.search {
		out = append(out, host+"."+strings.Trim(domain, "."))
	}
	if strings.Count(host, ".") >= r.dots {
		return append([]string{host}, out...)
	}
	return append(out, host)
}

// fromServers asks the name servers for the addresses of a host, the old family first.
func fromServers(ctx context.Context, host string) []ip.Addr {
	r := readResolver("/etc/resolv.conf")
	for _, name := range r.names(host) {
		var out []ip.Addr
		for _, kind := range []uint16{typeA, typeAAAA} {
			for _, answer := range r.ask(ctx, name, kind) {
				out = appendNew(out, ip.FromBytes([]byte(answer)))
			}
		}
		if len(out) > 0 || ctx.Err() != nil {
			return out
		}
	}
	return nil
}

func namesFromServers(ctx context.Context, a ip.Addr) []string {
	r := readResolver("/etc/resolv.conf")
	return r.ask(ctx, reverseName(a), typePTR)
}

// ask asks the servers in turn until one knows, or says that there is none.
func (r *resolver) ask(ctx context.Context, name string, kind uint16) []string {
	for range r.tries {
		for _, server := range r.servers {
			if ctx.Err() != nil {
				return nil
			}
			if answers, known := r.exchange(ctx, server, name, kind); known {
				return answers
			}
		}
	}
	return nil
}

func (r *resolver) exchange(ctx context.Context, server ip.Addr, name string, kind uint16) (answers []string, known bool) {
	id := uint16(time.Now().UnixNano() >> 8)
	question, ok := encodeQuestion(id, name, kind)
	if !ok {
		return nil, true
	}
	end := time.Now().Add(r.timeout)
	if limit, ok := ctx.Deadline(); ok && limit.Before(end) {
		end = limit
	}
	conn, err := udp(ctx, server, nameserver, end)
	if err != nil {
		return nil, false
	}
	defer conn.Close()
	stop := context.AfterFunc(ctx, func() { _ = conn.SetDeadline(time.Unix(1, 0)) })
	defer stop()
	if conn.SetDeadline(end) != nil {
		return nil, false
	}
	if _, err := conn.Write(question); err != nil {
		return nil, false
	}
	reply := make([]byte, 4096)
	for {
		n, err := conn.Read(reply)
		if err != nil {
			return nil, false
		}
		if answers, state := decodeAnswers(reply[:n], question, kind); state != foreign {
			return answers, state == understood
		}
	}
}
