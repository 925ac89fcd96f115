//go:build unix

package dial

import (
	"context"
	"net"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"runner/ip"
)

func within(t *testing.T, d time.Duration) context.Context {
	ctx, cancel := context.WithTimeout(context.Background(), d)
	t.Cleanup(cancel)
	return ctx
}

func TestTCP(t *testing.T) {
	for _, address := range []string{"127.0.0.1:0", "[::1]:0"} {
		l, err := net.Listen("tcp", address)
		if err != nil {
			t.Logf("no %s here: %v", address, err)
			continue
		}
		host, port, _ := net.SplitHostPort(l.Addr().String())
		at, _ := net.LookupPort("tcp", port)
		go func() {
			if c, err := l.Accept(); err == nil {
				_, _ = c.Write([]byte("hello"))
				_ = c.Close()
			}
		}()
		conn, err := TCP(within(t, 10*time.Second), host, at)
		if err != nil {
			t.Fatal(err)
		}
		b := make([]byte, 10)
		if n, err := conn.Read(b); string(b[:n]) != "hello" {
			t.Errorf("%q %v", b[:n], err)
		}
		_ = conn.Close()
		_ = l.Close()
		if conn, err := TCP(within(t, 10*time.Second), host, at); err == nil {
			_ = conn.Close()
			t.Error("a closed port took a connection")
		}
	}
}

// A port that never answers ends with the context, and so does reading from a port that says nothing.
func TestTimeouts(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	conn, err := TCP(within(t, 5*time.Second), "localhost", l.Addr().(*net.TCPAddr).Port)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if err := conn.SetDeadline(time.Now().Add(20 * time.Millisecond)); err != nil {
		t.Fatal(err)
	}
	if _, err := conn.Read(make([]byte, 1)); !os.IsTimeout(err) {
		t.Errorf("%v", err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if conn, err := TCP(ctx, "127.0.0.1", l.Addr().(*net.TCPAddr).Port); err == nil {
		_ = conn.Close()
		t.Error("connected after the end")
	}
	began := time.Now()
	if conn, err := TCP(within(t, 50*time.Millisecond), "192.0.2.1", 9); err == nil {
		_ = conn.Close()
	}
	if took := time.Since(began); took > 5*time.Second {
		t.Errorf("took %s", took)
	}
}

func TestAddresses(t *testing.T) {
	for host, want := range map[string]string{"127.0.0.1": "127.0.0.1", "::1": "::1", "::ffff:1.2.3.4": "1.2.3.4", "localhost": "127.0.0.1"} {
		got, err := Addresses(within(t, 5*time.Second), host)
		found := false
		for _, a := range got {
			found = found || a.String() == want
		}
		if !found {
			t.Errorf("%s: %v %v", host, got, err)
		}
	}
	if got, err := Addresses(within(t, 2*time.Second), "no such host"); err == nil {
		t.Errorf("%v", got)
	}
}

func TestResolverFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "resolv.conf")
	text := "# x\nnameserver 10.0.0.1\nnameserver fe80::1\nnameserver bad\nsearch a.test b.test.\noptions ndots:2 timeout:3 attempts:9 rotate\n"
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	r := readResolver(path)
	if len(r.servers) != 2 || r.dots != 2 || r.timeout != 3*time.Second || r.tries != 5 {
		t.Errorf("%+v", r)
	}
	for host, want := range map[string]string{"web": "web.a.test web.b.test web", "a.b.c": "a.b.c a.b.c.a.test a.b.c.b.test", "web.": "web"} {
		if got := strings.Join(r.names(host), " "); got != want {
			t.Errorf("%s: %s, want %s", host, got, want)
		}
	}
	if r := readResolver(path + ".missing"); len(r.servers) != 1 || r.servers[0].String() != "127.0.0.1" {
		t.Errorf("%+v", r)
	}
}

// A server of our own answers by the rules of RFC 1035, with names that refer back.
func TestMessages(t *testing.T) {
	question, ok := encodeQuestion(7, "web.test", typeA)
	if !ok {
		t.Fatal("no question")
	}
	head := append([]byte{}, question...)
	head[2], head[3], head[7] = 0x81, 0x80, 2
	alias := append([]byte{0xc0, 12, 0, 5, 0, 1, 0, 0, 0, 9, 0, 4}, 1, 'x', 0xc0, 16)
	record := append([]byte{0xc0, byte(len(question) + 12), 0, 1, 0, 1, 0, 0, 0, 9, 0, 4}, 192, 0, 2, 7)
	reply := append(append(head, alias...), record...)
	got, state := decodeAnswers(reply, question, typeA)
	if state != understood || !reflect.DeepEqual(got, []string{"\xc0\x00\x02\x07"}) {
		t.Errorf("%q %d", got, state)
	}
	for n := range reply { // nothing that is cut off is read beyond its end
		_, _ = decodeAnswers(reply[:n], question, typeA)
	}
	other := append([]byte{}, reply...)
	other[1] = 8
	if _, state := decodeAnswers(other, question, typeA); state != foreign {
		t.Error("took another's answer")
	}
	reply[3] = 0x83
	if got, state := decodeAnswers(reply, question, typeA); state != understood || got != nil {
		t.Errorf("no such name: %q %d", got, state)
	}
	reply[3] = 0x82
	if _, state := decodeAnswers(reply, question, typeA); state != useless {
		t.Error("a failing server knows nothing")
	}
	loop := append(append([]byte{}, question...), 0xc0, byte(len(question)))
	if _, _, ok := decodeName(loop, len(question)); ok {
		t.Error("a loop of references ends")
	}
	if _, ok := encodeQuestion(1, "a..b", typeA); ok {
		t.Error("an empty label is none")
	}
}

func TestReverseNames(t *testing.T) {
	for address, want := range map[string]string{"192.0.2.7": "7.2.0.192.in-addr.arpa",
		"2001:db8::1": "1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa"} {
		if got := reverseName(ip.Parse(address)); got != want {
			t.Errorf("%s, want %s", got, want)
		}
	}
}

// The whole way to a name server, which here is one of ours.
func TestAsksServers(t *testing.T) {
	server, err := net.ListenPacket("udp", "127.0.0.53:53")
	if err != nil {
		t.Skipf("no port 53 here: %v", err)
	}
	defer server.Close()
	go func() {
		b := make([]byte, 512)
		for {
			n, from, err := server.ReadFrom(b)
			if err != nil {
				return
			}
			reply := append([]byte{}, b[:n]...)
			reply[2], reply[3], reply[7] = 0x81, 0x80, 1
			reply = append(reply, 0xc0, 12, 0, byte(b[n-3]), 0, 1, 0, 0, 0, 9, 0, 4, 192, 0, 2, 7)
			_, _ = server.WriteTo(reply, from)
		}
	}()
	r := resolver{servers: []ip.Addr{ip.Parse("127.0.0.53")}, timeout: 5 * time.Second, tries: 2}
	got := r.ask(within(t, 10*time.Second), "web.test", typeA)
	if !reflect.DeepEqual(got, []string{"\xc0\x00\x02\x07"}) {
		t.Errorf("%q", got)
	}
}
