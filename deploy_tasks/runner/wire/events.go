package wire

import (
	"io"
	"sync"
	"time"

	"runner/engine"
	"runner/fmt"
	"runner/record"
	"runner/value"
)

// Bounds of the event stream.
const (
	maxEvent   = 64 << 10
	maxWaiting = 8 << 20         // bytes that a stuck caller may leave unread; beyond it events are dropped
	aliveEvery = 2 * time.Second // an idle stream says so this often
	lastWords  = 5 * time.Second // for the caller to take the end of the stream
)

// Events writes events as lines of JSON. Emitting never waits for the caller: a connection that stands still must not
// stop the run. What cannot be written is dropped, the summary comes last and is on the disk as well.
type Events struct {
	mu      sync.Mutex
	wake    chan struct{}
	waiting [][]byte
	size    int
	closed  bool
	done    chan struct{}
}

// NewEvents starts a stream to out.
func NewEvents(out io.Writer) *Events {
	e := &Events{wake: make(chan struct{}, 1), done: make(chan struct{})}
	go e.pump(out)
	return e
}

// Emit queues an event.
func (e *Events) Emit(event any) { e.queue(event, maxWaiting) }

// Last queues the summary, which is never dropped.
func (e *Events) Last(event any) { e.queue(event, 2*maxWaiting) }

// Result queues the result of a task that was performed for another host.
func (e *Events) Result(result *value.Dict) error {
	line := record.Encode(value.DictOf("event", "result", "result", result))
	if len(line) > maxQuestion {
		return fmt.Errorf("%d bytes are more than a host may hand to another: at most %d", len(line), maxQuestion)
	}
	if !e.put(line, 2*maxWaiting) {
		return engine.ErrUnanswered
	}
	return nil
}

func (e *Events) queue(event any, limit int) {
	line := record.Encode(event)
	if len(line) > maxEvent {
		line = shortened(event)
	}
	e.put(line, limit)
}

// put queues a line, unless the stream is closed or its caller takes nothing.
func (e *Events) put(line []byte, limit int) bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.closed || e.size > limit {
		return false
	}
	e.waiting = append(e.waiting, append(line, '\n'))
	e.size += len(line) + 1
	e.poke()
	return true
}

func (e *Events) poke() {
	select {
	case e.wake <- struct{}{}:
	default:
	}
}

// Close writes what waits, as long as the caller takes it.
func (e *Events) Close() {
	e.mu.Lock()
	e.closed = true
	e.poke()
	e.mu.Unlock()
	select {
	case <-e.done:
	case <-time.After(lastWords):
	}
}

func (e *Events) pump(out io.Writer) {
	defer close(e.done)
	alive := time.NewTicker(aliveEvery)
	defer alive.Stop()
	for {
		quiet := false
		select {
		case <-e.wake:
		case <-alive.C:
			quiet = true
		}
		e.mu.Lock()
		lines, closed := e.waiting, e.closed
		e.waiting, e.size = nil, 0
		e.mu.Unlock()
		if quiet && len(lines) == 0 {
			lines = [][]byte{[]byte(`{"event":"alive"}` + "\n")}
		}
		for _, line := range lines {
			if _, err := out.Write(line); err != nil {
				out = io.Discard
			}
		}
		if closed {
			return
		}
	}
}

// shortened is an event that is too long, without its largest parts.
func shortened(event any) []byte {
	told, ok := event.(record.Record)
	if !ok {
		return []byte(`{"event":"note","msg":"an event was too long"}`)
	}
	fields := told.Fields()
	for _, name := range []string{"diff", "result", "undo"} {
		if fields.Delete(name) {
			fields.Set("truncated", true)
			if text := record.Encode(fields); len(text) <= maxEvent {
				return text
			}
		}
	}
	return []byte(`{"event":"note","msg":"an event was too long"}`)
}
