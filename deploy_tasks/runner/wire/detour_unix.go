//go:build unix

package wire

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"syscall"
	"time"
)

// A run that has lost its caller leaves two named pipes in the deployment's folder. Whoever is sent to the same deployment
// next waits for the run's lock, and meanwhile passes its questions on and the answers back. Nothing touches the disk.
const (
	questionsPipe = "questions"
	answersPipe   = "answers"
	detourPoll    = 50 * time.Millisecond
)

// pipe is the way to the other process.
type pipe struct{ out *os.File }

// send writes a line. A process that is gone is noticed where its lines are read; one that stands still is not waited for.
func (p *pipe) send(line []byte) {
	_ = p.out.SetWriteDeadline(time.Now().Add(lastWords))
	_, _ = p.out.Write(line)
}

// await waits for another caller as long as this process lives, and answers through it.
func (q *Questions) await(dir string) {
	questions, answers := filepath.Join(dir, questionsPipe), filepath.Join(dir, answersPipe)
	for _, path := range []string{questions, answers} {
		_ = os.Remove(path) // of a run that was killed
		if syscall.Mkfifo(path, 0o600) != nil {
			close(q.lost)
			return
		}
	}
	in, err := os.OpenFile(answers, os.O_RDONLY|syscall.O_NONBLOCK, 0)
	if err != nil {
		close(q.lost)
		return
	}
	for ; ; time.Sleep(detourPoll) {
		out, err := os.OpenFile(questions, os.O_WRONLY|syscall.O_NONBLOCK, 0)
		if err != nil { // nobody reads yet
			continue
		}
		q.tell(&pipe{out})
		eachLine(in, maxRequest, func(line []byte) { q.take(line) })
		q.by(&q.detour, nil)
		_ = out.Close()
	}
}

// Join passes the questions of a run that has lost its caller to ours, until ctx ends.
func (q *Questions) Join(ctx context.Context, dir string) {
	for ; ctx.Err() == nil; pause(ctx) {
		out, err := os.OpenFile(filepath.Join(dir, answersPipe), os.O_WRONLY|syscall.O_NONBLOCK, 0)
		if err != nil { // no such run, or it has its caller
			continue
		}
		in, err := os.OpenFile(filepath.Join(dir, questionsPipe), os.O_RDONLY|syscall.O_NONBLOCK, 0)
		if err == nil {
			stop := context.AfterFunc(ctx, func() { _ = in.SetReadDeadline(time.Now()) })
			q.by(&q.joined, &pipe{out})
			for begun := false; ctx.Err() == nil; pause(ctx) {
				if n := eachLine(in, maxQuestion, q.pass); n == 0 && begun {
					break // the run has ended
				} else if n > 0 {
					begun = true
				}
			}
			q.by(&q.joined, nil)
			stop()
			_ = in.Close()
		}
		_ = out.Close()
	}
}

func pause(ctx context.Context) {
	select {
	case <-ctx.Done():
	case <-time.After(detourPoll):
	}
}

// eachLine gives every whole line up to the end of a pipe, which is where nobody writes to it; it returns their bytes.
func eachLine(in *os.File, longest int, take func(line []byte)) (taken int) {
	var rest []byte
	buffer := make([]byte, 64<<10)
	for {
		n, err := in.Read(buffer)
		rest = append(rest, buffer[:n]...)
		taken += n
		for {
			line, more, whole := bytes.Cut(rest, []byte{'\n'})
			if !whole {
				break
			}
			take(bytes.Clone(line))
			rest = more
		}
		if err != nil || len(rest) > longest {
			return taken
		}
	}
}
