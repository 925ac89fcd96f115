// Package dial opens connections and finds the addresses of hosts, with the system's own calls: Go's network package
// would be a tenth of the runner.
package dial

import (
	"context"
	"io"
	"time"
)

// Conn is a connection.
type Conn interface {
	io.ReadWriteCloser
	SetDeadline(t time.Time) error
}

// share is how long one of the addresses that are left may take, as Go divides it: an equal part, but not too short.
func share(ctx context.Context, left int) time.Time {
	const least = 2 * time.Second
	end, ok := ctx.Deadline()
	if !ok {
		end = time.Now().Add(time.Minute)
	}
	part := time.Until(end) / time.Duration(left)
	if part < least {
		part = min(least, time.Until(end))
	}
	return time.Now().Add(part)
}
