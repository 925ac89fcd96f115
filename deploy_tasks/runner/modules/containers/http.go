package containers

import (
	"bufio"
	"context"
	"errors"
	"io"
	"strconv"
	"strings"
	"time"

	"runner/dial"
	"runner/fmt"
)

// Bounds of what an engine may say; more is an error.
const (
	maxHead = 64 << 10
	maxBody = 32 << 20
	maxLine = 1 << 20 // of a stream of messages
)

// exchange is a request, one on a connection.
type exchange struct {
	method, target string
	header         []string // name, value, …
	body           []byte
	stream         func(io.Writer) error // in place of body: sent in chunks
	patient        bool                  // the answer may take as long as it wants, or
	limit          time.Duration         // so long, where this is not 0
}

// reply is an answer. Close ends the connection.
type reply struct {
	status int
	reason string
	header map[string]string
	io.Reader
	io.Closer
}

// perform sends a request over a connection to the socket and reads the head of the answer.
func perform(ctx context.Context, socket string, x exchange, idle time.Duration) (*reply, error) {
	conn, err := dial.Unix(ctx, socket)
	if err != nil {
		return nil, err
	}
	stop := context.AfterFunc(ctx, func() { _ = conn.Close() })
	link := &link{Conn: conn, idle: idle, stop: stop}
	sent := link.send(x)
	if x.patient {
		link.idle = x.limit
	}
	answer, err := readReply(bufio.NewReader(link), x.method)
	if err == nil && answer.status < 400 {
		err = sent
	}
	if err != nil {
		link.Close()
		if cause := context.Cause(ctx); cause != nil {
			err = cause
		}
		return nil, errors.Join(sent, err)
	}
	answer.Closer = link
	return answer, nil
}

// link is a connection on which each read and write may take so long.
type link struct {
	dial.Conn
	idle time.Duration
	stop func() bool
}

func (l *link) Read(b []byte) (int, error) {
	l.wait()
	return l.Conn.Read(b)
}

func (l *link) Write(b []byte) (int, error) {
	l.wait()
	return l.Conn.Write(b)
}

func (l *link) wait() {
	end := time.Time{}
	if l.idle > 0 {
		end = time.Now().Add(l.idle)
	}
	_ = l.SetDeadline(end)
}

func (l *link) Close() error {
	l.stop()
	return l.Conn.Close()
}

// send writes a request.
func (l *link) send(x exchange) error {
	head := x.method + " " + x.target + " HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n"
	for i := 0; i+1 < len(x.header); i += 2 {
		head += x.header[i] + ": " + x.header[i+1] + "\r\n"
	}
	if x.stream == nil {
		_, err := l.Write(append([]byte(head+"Content-Length: "+strconv.Itoa(len(x.body))+"\r\n\r\n"), x.body...))
		return err
	}
	if _, err := l.Write([]byte(head + "Transfer-Encoding: chunked\r\n\r\n")); err != nil {
		return err
	}
	out := bufio.NewWriterSize(chunks{l}, 64<<10)
	if err := x.stream(out); err != nil {
		return err
	}
	if err := out.Flush(); err != nil {
		return err
	}
	_, err := l.Write([]byte("0\r\n\r\n"))
	return err
}

// chunks sends each write as a chunk.
type chunks struct{ out io.Writer }

func (c chunks) Write(b []byte) (int, error) {
	if len(b) == 0 {
		return 0, nil
	}
	whole := append([]byte(strconv.FormatInt(int64(len(b)), 16)+"\r\n"), b...)
	if _, err := c.out.Write(append(whole, '\r', '\n')); err != nil {
		return 0, err
	}
	return len(b), nil
}

var errCut = errors.New("the engine's answer was cut off")

// readReply reads the head of an answer; announcements before it (1xx) are passed over.
func readReply(in *bufio.Reader, method string) (*reply, error) {
	left := maxHead
	for {
		r, err := readHead(in, &left)
		if err != nil {
			return nil, err
		}
		if r.status >= 200 {
			r.Reader, err = bodyOf(in, r, method)
			return r, err
		}
	}
}

func readHead(in *bufio.Reader, left *int) (*reply, error) {
	first, err := readLine(in, left)
	if err != nil {
		return nil, err
	}
	version, rest, _ := strings.Cut(first, " ")
	code, reason, _ := strings.Cut(rest, " ")
	status, err := strconv.Atoi(code)
	if err != nil || len(code) != 3 || !strings.HasPrefix(version, "HTTP/1.") {
		return nil, errors.New("what answers is no engine: it does not speak HTTP")
	}
	r := &reply{status: status, reason: reason, header: map[string]string{}}
	for {
		line, err := readLine(in, left)
		if err != nil || line == "" {
			return r, err
		}
		name, text, ok := strings.Cut(line, ":")
		if !ok {
			return nil, errors.New("the engine's answer has a malformed header")
		}
		r.header[strings.ToLower(name)] = strings.TrimSpace(text)
	}
}

// readLine reads a line of a head, of which no more than left bytes are taken.
func readLine(in *bufio.Reader, left *int) (string, error) {
	var line []byte
	for {
		part, err := in.ReadSlice('\n')
		if *left -= len(part); *left < 0 {
			return "", errors.New("the head of the engine's answer is too long")
		}
		line = append(line, part...)
		switch {
		case err == nil:
			return strings.TrimRight(string(line), "\r\n"), nil
		case errors.Is(err, io.EOF):
			return "", errCut
		case !errors.Is(err, bufio.ErrBufferFull):
			return "", err
		}
	}
}

// bodyOf is the reader of an answer's body: as long as it says, in chunks, or up to the end of the connection.
func bodyOf(in *bufio.Reader, r *reply, method string) (io.Reader, error) {
	if method == "HEAD" || r.status == 204 || r.status == 304 {
		return strings.NewReader(""), nil
	}
	if strings.EqualFold(r.header["transfer-encoding"], "chunked") {
		return &chunked{in: in}, nil
	}
	text, ok := r.header["content-length"]
	if !ok {
		return in, nil
	}
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil || n < 0 {
		return nil, errors.New("the engine's answer has a malformed length")
	}
	return &measured{in: in, left: n}, nil
}

// measured reads so many bytes; fewer are an error.
type measured struct {
	in   io.Reader
	left int64
}

func (m *measured) Read(b []byte) (int, error) {
	if m.left == 0 {
		return 0, io.EOF
	}
	n, err := m.in.Read(b[:min(int64(len(b)), m.left)])
	m.left -= int64(n)
	if errors.Is(err, io.EOF) && m.left > 0 {
		err = errCut
	}
	return n, err
}

// chunked reads chunks.
type chunked struct {
	in   *bufio.Reader
	left int64 // of this chunk
	some bool  // there was a chunk
	err  error
}

func (c *chunked) Read(b []byte) (int, error) {
	if c.left == 0 && c.err == nil {
		c.err = c.next()
	}
	if c.err != nil {
		return 0, c.err
	}
	n, err := c.in.Read(b[:min(int64(len(b)), c.left)])
	c.left -= int64(n)
	if errors.Is(err, io.EOF) {
		err = errCut
	}
	c.err = err
	return n, err
}

// next reads the size of the next chunk; the last one has none.
func (c *chunked) next() error {
	left := 4096
	if c.some {
		if end, err := readLine(c.in, &left); err != nil || end != "" {
			return errors.Join(errCut, err)
		}
	}
	line, err := readLine(c.in, &left)
	if err != nil {
		return err
	}
	size, _, _ := strings.Cut(line, ";")
	n, err := strconv.ParseInt(strings.TrimSpace(size), 16, 64)
	if err != nil || n < 0 {
		return errors.New("the engine's answer has a malformed chunk")
	}
	c.left, c.some = n, true
	if n == 0 {
		return io.EOF
	}
	return nil
}

// whole reads a body that must not be longer than an engine's answers are.
func whole(r io.Reader) ([]byte, error) {
	body, err := io.ReadAll(io.LimitReader(r, maxBody+1))
	if err == nil && len(body) > maxBody {
		err = fmt.Errorf("the engine's answer is longer than %d bytes", int64(maxBody))
	}
	return body, err
}
