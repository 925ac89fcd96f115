package wire

import (
	"context"
	"errors"
	"os"
	"sort"
	"sync"
	"time"

	"runner/engine"
	"runner/fmt"
	"runner/record"
	"runner/value"
)

// maxQuestion bounds a question, bytes: what a host may hand to others.
const maxQuestion = 4 << 20

// Questions are what the run asks its caller. Each has a number; the answer names it. When the caller goes away, the
// next one may answer: it is a process that waits for this run to end, and passes questions and answers on until then.
// Safe for several goroutines.
type Questions struct {
	events *Events
	run    string // tells this run's questions from those of one before it, which was taken back
	mu     sync.Mutex
	last   int64
	open   map[int64]*question
	dir    string        // where the next caller finds us; "" is nowhere
	lost   chan struct{} // closed when no answer will come any more
	away   sync.Once
	detour *pipe // to another caller than the one that started this run
	joined *pipe // to another caller's run
}

// question is one that waits for its answer.
type question struct {
	line    []byte
	answers chan record.Reader
}

// NewQuestions asks through these events.
func NewQuestions(events *Events) *Questions {
	return &Questions{events: events, run: fmt.Sprintf("%d%x", os.Getpid(), time.Now().UnixNano()), open: map[int64]*question{}, lost: make(chan struct{})}
}

// Keep names the deployment's folder, where another caller finds this run when its own has gone away.
func (q *Questions) Keep(dir string) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.dir = dir
}

// Ask waits for the answer as long as ctx lasts and somebody may answer.
func (q *Questions) Ask(ctx context.Context, kind string, fields *value.Dict) (*value.Dict, error) {
	number, asked, err := q.begin(kind, fields)
	if err != nil {
		return nil, err
	}
	defer q.end(number)
	select {
	case answer := <-asked.answers:
		return read(answer)
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	case <-q.lost:
		return nil, engine.ErrUnanswered
	}
}

func read(answer record.Reader) (*value.Dict, error) {
	if why := answer.Text("error"); why != "" {
		return nil, errors.New(why)
	}
	return answer.All(), answer.Err()
}

func (q *Questions) begin(kind string, fields *value.Dict) (int64, *question, error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	whole := value.DictOf("event", "ask", "id", q.last+1, "run", q.run, "kind", kind)
	whole.Update(fields)
	asked := &question{line: record.Line(whole), answers: make(chan record.Reader, 1)}
	if len(asked.line) > maxQuestion {
		return 0, nil, fmt.Errorf("%d bytes are more than a host may hand to another: at most %d", len(asked.line), maxQuestion)
	}
	q.last++
	q.open[q.last] = asked
	if q.detour != nil {
		q.detour.send(asked.line)
	} else if !q.events.put(asked.line[:len(asked.line)-1], 2*maxWaiting) {
		delete(q.open, q.last)
		return 0, nil, engine.ErrUnanswered
	}
	return q.last, asked, nil
}

func (q *Questions) end(number int64) {
	q.mu.Lock()
	defer q.mu.Unlock()
	delete(q.open, number)
}

// take hands out a line that is an answer. One that nobody waits for, or that comes twice, is dropped.
func (q *Questions) take(line []byte) {
	said, err := record.Parse(line)
	if q == nil || err != nil || !said.Has("answer") {
		return
	}
	number := said.Int64("answer")
	q.mu.Lock()
	defer q.mu.Unlock()
	if asked, waits := q.open[number]; waits && said.Err() == nil {
		asked.answers <- said
		delete(q.open, number)
	} else if q.joined != nil {
		q.joined.send(append(line[:len(line):len(line)], '\n'))
	}
}

// gone lets another caller answer, where one can find this run; without that nobody waits any longer.
func (q *Questions) gone() {
	if q == nil {
		return
	}
	q.away.Do(func() {
		q.mu.Lock()
		dir := q.dir
		q.mu.Unlock()
		if dir == "" {
			close(q.lost)
			return
		}
		go q.await(dir)
	})
}

// tell sends all open questions to another caller, in their order, and from now on every new one.
func (q *Questions) tell(p *pipe) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.detour = p
	var numbers []int64
	for n := range q.open {
		numbers = append(numbers, n)
	}
	sort.Slice(numbers, func(i, j int) bool { return numbers[i] < numbers[j] })
	for _, n := range numbers {
		p.send(q.open[n].line)
	}
}

// by sets a way, or with nil that there is none.
func (q *Questions) by(way **pipe, p *pipe) {
	q.mu.Lock()
	defer q.mu.Unlock()
	*way = p
}

// pass puts a question of another run to our caller. Our own numbers go on after it.
func (q *Questions) pass(line []byte) {
	said, err := record.Parse(line)
	if err != nil || said.Text("event") != "ask" {
		return
	}
	q.mu.Lock()
	q.last = max(q.last, said.Int64("id"))
	q.mu.Unlock()
	q.events.put(line, 2*maxWaiting)
}
