package wire

import (
	"context"
	"sync"

	"runner/engine"
	"runner/fmt"
	"runner/record"
	"runner/value"
)

// maxQuestion bounds a question, bytes: what a host may hand to others.
const maxQuestion = 4 << 20

// Questions are what the run asks its caller. Each has a number; the answer names it. Safe for several goroutines.
type Questions struct {
	events *Events
	mu     sync.Mutex
	last   int64
	open   map[int64]chan record.Reader
	gone   chan struct{}
	once   sync.Once
}

// NewQuestions asks through these events.
func NewQuestions(events *Events) *Questions {
	return &Questions{events: events, open: map[int64]chan record.Reader{}, gone: make(chan struct{})}
}

// Ask implements engine.Asker: it waits for the answer as long as ctx and the caller last.
func (q *Questions) Ask(ctx context.Context, kind string, fields *value.Dict) (*value.Dict, error) {
	number, answers := q.begin()
	defer q.end(number)
	question := value.DictOf("event", "ask", "id", number, "kind", kind)
	question.Update(fields)
	if err := q.events.whole(question); err != nil {
		return nil, err
	}
	select {
	case answer := <-answers:
		return read(answer)
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	case <-q.gone:
		return nil, engine.ErrUnanswered
	}
}

func read(answer record.Reader) (*value.Dict, error) {
	if why := answer.Text("error"); why != "" {
		return nil, fmt.Errorf("%s", why)
	}
	return answer.All(), answer.Err()
}

func (q *Questions) begin() (int64, chan record.Reader) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.last++
	answers := make(chan record.Reader, 1)
	q.open[q.last] = answers
	return q.last, answers
}

func (q *Questions) end(number int64) {
	q.mu.Lock()
	defer q.mu.Unlock()
	delete(q.open, number)
}

// take hands out a line that is an answer. One that nobody waits for, or that comes twice, is dropped.
func (q *Questions) take(line record.Reader) {
	if q == nil || !line.Has("answer") {
		return
	}
	number := line.Int64("answer")
	q.mu.Lock()
	defer q.mu.Unlock()
	if answers, waits := q.open[number]; waits && line.Err() == nil {
		answers <- line
		delete(q.open, number)
	}
}

// close lets everybody who waits know that no answer will come.
func (q *Questions) close() {
	if q != nil {
		q.once.Do(func() { close(q.gone) })
	}
}
