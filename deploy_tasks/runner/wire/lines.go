// Package wire speaks with the worker: it receives an artifact's parts, and carries request and events of a run.
package wire

import (
	"errors"
	"io"

	"runner/fmt"
)

// readLine reads one line without its end, byte by byte: what follows belongs to somebody else.
func readLine(in io.Reader, limit int) ([]byte, error) {
	var out []byte
	var b [1]byte
	for {
		n, err := in.Read(b[:])
		switch {
		case n == 1 && b[0] == '\n':
			return out, nil
		case n == 1:
			out = append(out, b[0])
		case err == io.EOF:
			return nil, io.ErrUnexpectedEOF
		case err != nil:
			return nil, err
		}
		if len(out) > limit {
			return nil, fmt.Errorf("a line is longer than %d bytes", limit)
		}
	}
}

// Refusal is why a host does not do what it was asked; the connection is told so in one line.
type Refusal struct {
	Reason, Message string
}

func (r *Refusal) Error() string { return r.Message }

func refuse(reason, format string, args ...any) error {
	return &Refusal{reason, fmt.Sprintf(format, args...)}
}

// ExitStatus is the status that goes with a refusal.
func (r *Refusal) ExitStatus() int {
	switch r.Reason {
	case "busy", "superseded":
		return 3
	case "bad_request", "unsupported":
		return 2
	}
	return 75
}

// AsRefusal finds the refusal in an error.
func AsRefusal(err error) (*Refusal, bool) {
	var r *Refusal
	return r, errors.As(err, &r)
}
