package wire

import (
	"bufio"
	"context"
	"errors"
	"io"
	"sync/atomic"
	"time"

	"runner/engine"
	"runner/fmt"
	"runner/record"
	"runner/session"
	"runner/value"
)

// Bounds of what the worker sends after the parts.
const (
	maxRequest  = 16 << 20
	callerQuiet = 30 * time.Second // after so long without a ping the caller is gone
)

// Request is what the worker sends for one run: all that is not in the artifact.
type Request struct {
	Deployment    string
	Sequence      int64
	Attempt       int64
	Host          string
	Vars, Extra   *value.Dict
	Check, Diff   bool
	Tags, Skip    []string
	Verify        bool
	UndoOnFailure bool
	Deadline      time.Duration // 0 is none
	Confirm       time.Duration // how long it waits to be confirmed; 0: it need not be
	StopOrphan    bool          // stop when the caller goes away
	Keep          int
	Alone         bool        // no other host of the batch: run_once asks nobody
	Single        bool        // no other host of the deployment
	Joins         bool        // to come into a group may bring variables
	ForeignFacts  bool        // facts of other hosts may be asked for
	Known, Facts  *value.Dict // what others have said of this host: as set_fact does, as facts
	Task          string
	Given         *value.Dict    // with Task: what the asking host gives its variables
	Stage         *session.Stage // nil: the whole program
	Others        *value.Dict    // what is known of other hosts
	Play          *value.Dict    // the hosts of the play
	Restarted     session.Restart
}

// ReadRequest reads the request line.
func ReadRequest(in *bufio.Reader) (*Request, error) {
	line, err := boundedLine(in, maxRequest)
	if err != nil {
		return nil, refuse("bad_request", "no request: %s", err)
	}
	return ParseRequest(line)
}

// ParseRequest reads a request; absent fields have their defaults.
func ParseRequest(line []byte) (*Request, error) {
	q, err := record.Parse(line)
	if err != nil {
		return nil, notARequest(err)
	}
	r := &Request{Deployment: q.Text("deployment"), Sequence: q.Int64("sequence"), Attempt: q.Int64("attempt"),
		Host: q.Text("host"), Vars: dict(q, "vars"), Extra: dict(q, "extra_vars"), Check: q.Flag("check"), Diff: q.Flag("diff"),
		Tags: q.Texts("tags"), Skip: q.Texts("skip_tags"), Verify: q.Flag("verify"), StopOrphan: q.Text("orphan") == "stop",
		UndoOnFailure: !q.Has("undo_on_failure") || q.Flag("undo_on_failure"), Keep: 5, Alone: q.Flag("alone"), Single: q.Flag("single"), Joins: q.Flag("joins"), ForeignFacts: q.Flag("foreign_facts"),
		Known: dict(q, "known"), Facts: dict(q, "facts"), Task: q.Text("task"), Given: dict(q, "given")}
	if q.Has("keep") {
		r.Keep = q.Int("keep")
	}
	r.Others, r.Play = q.Dict("hostvars"), q.Dict("play")
	if q.Has("stage") {
		r.Stage = readStage(q.Record("stage"))
	}
	if q.Has("restarted") {
		back := q.Record("restarted")
		r.Restarted = session.Restart{Waited: seconds(back, "waited_s"), Over: back.Text("over")}
	}
	r.Deadline, r.Confirm = seconds(q, "deadline_s"), seconds(q, "confirm_s")
	if _, named := r.Vars.Get("inventory_hostname"); !named && r.Host != "" {
		r.Vars.Set("inventory_hostname", r.Host)
	}
	if err := q.Err(); err != nil {
		return nil, notARequest(err)
	}
	return r, nil
}

func seconds(q record.Reader, key string) time.Duration {
	if s := q.Float(key); s > 0 && s < 1e8 {
		return time.Duration(s * float64(time.Second))
	}
	return 0
}

// readStage reads which part of the program is due.
func readStage(q record.Reader) *session.Stage {
	s := &session.Stage{Number: q.Int("number"), After: -1, Last: q.Flag("last")}
	if q.Has("after") {
		s.After = q.Int("after")
	}
	if plays := q.Ints("plays"); len(plays) == 2 {
		s.From, s.To = plays[0], plays[1]
	}
	if s.ShareAll = q.Value("share") == "*"; !s.ShareAll {
		s.Share = q.Texts("share")
	}
	return s
}

func notARequest(err error) error {
	return refuse("bad_request", "the request is not what it should be: %s", err)
}

// dict is never nil.
func dict(q record.Reader, key string) *value.Dict {
	if d := q.Dict(key); d != nil {
		return d
	}
	return value.NewDict()
}

// boundedLine reads one line of at most limit bytes, without its end.
func boundedLine(in *bufio.Reader, limit int) ([]byte, error) {
	var out []byte
	for {
		part, err := in.ReadSlice('\n')
		out = append(out, part...)
		if len(out) > limit {
			return nil, fmt.Errorf("a line is longer than %d bytes", limit)
		}
		if err == nil {
			return out[:len(out)-1], nil
		}
		if err == io.EOF && len(out) > 0 {
			return out, nil
		}
		if !errors.Is(err, bufio.ErrBufferFull) {
			return nil, err
		}
	}
}

// Listen follows what the caller says after the request: pings, the wish to cancel, answers to questions (which may be
// nil). When the caller goes away, a run that is to stop then is cancelled; any other goes on until it has to ask.
func Listen(in *bufio.Reader, stopOrphan bool, questions *Questions, cancel context.CancelCauseFunc) {
	var heard atomic.Int64
	heard.Store(time.Now().UnixNano())
	gone := func() {
		questions.gone()
		if stopOrphan {
			cancel(engine.ErrCaller)
		}
	}
	go func() {
		for {
			line, err := boundedLine(in, maxRequest)
			if err != nil {
				gone()
				return
			}
			heard.Store(time.Now().UnixNano())
			questions.take(line)
			if said, err := record.Parse(line); err == nil && said.Flag("cancel") {
				cancel(engine.ErrCancelled)
			}
		}
	}()
	go func() {
		for range time.Tick(time.Second) {
			if time.Since(time.Unix(0, heard.Load())) > callerQuiet {
				gone()
				return
			}
		}
	}()
}
