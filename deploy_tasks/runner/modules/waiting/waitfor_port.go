package waiting

import (
	"context"
	"io"
	"time"

	"runner/dial"
)

// connects tells whether the port takes a connection.
func (w *wait) connects() bool {
	conn, err := w.dial()
	if err != nil {
		return false
	}
	_ = conn.Close() // it was only about being taken
	return true
}

func (w *wait) dial() (dial.Conn, error) {
	limit := min(w.connect, max(time.Second, time.Until(w.end)))
	ctx, cancel := context.WithTimeout(w.c.Ctx, limit)
	defer cancel()
	return dial.TCP(ctx, w.host, int(w.port))
}

// portSays reads what the port sends of its own accord until the pattern is found, it closes, or the time is up.
func (w *wait) portSays() (bool, error) {
	conn, err := w.dial()
	if err != nil {
		return false, nil // it may come
	}
	defer conn.Close()
	if err := conn.SetDeadline(w.end); err != nil {
		return false, err
	}
	stop := context.AfterFunc(w.c.Ctx, func() { _ = conn.SetDeadline(time.Now()) })
	defer stop()
	var said []byte
	piece := make([]byte, 1024)
	for len(said) < maxSearched {
		n, err := conn.Read(piece)
		said = append(said, piece[:n]...)
		if found, err := w.matches(said); found || err != nil {
			return found, err
		}
		if err != nil {
			return false, nil // it may say more the next time
		}
	}
	return false, nil
}

func readUpTo(r io.Reader, limit int64) ([]byte, error) {
	return io.ReadAll(io.LimitReader(r, limit))
}
