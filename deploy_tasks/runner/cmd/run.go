package cmd

import (
	"bufio"
	"context"
	"errors"
	"os"
	"time"

	"runner/change"
	"runner/engine"
	"runner/facts"
	"runner/fmt"
	"runner/host"
	"runner/jobs"
	"runner/program"
	"runner/session"
	"runner/value"
	"runner/wire"
)

// commandUmask is what commands of the program create files with; our own files name their modes.
const commandUmask = 0o022

func run(args []string) error {
	o := newOptions("run", "", "Performs the program. What fails is undone.").performing()
	o.flags.flag(&o.check, "check", "change nothing, say what would change")
	o.flags.flag(&o.verify, "verify", "verify afterwards, and undo when that fails")
	o.flags.flag(&o.noUndo, "no-undo", "keep what a failed run did")
	o.flags.number(&o.keep, "keep", "how many good deployments to keep for undoing", 5)
	o.flags.duration(&o.confirm, "confirm-within", "how long it waits for confirm; then it takes itself back")
	return o.perform(args, (*session.Session).Run)
}

func check(args []string) error {
	o := newOptions("check", "", "Says what run would change, and changes nothing.").performing()
	o.check = true
	return o.perform(args, (*session.Session).Run)
}

func verify(args []string) error {
	o := newOptions("verify", "", "Checks what an earlier run did: nothing would change again, and the tasks tagged verify pass.").performing()
	o.noUndo, o.verify = true, true
	return o.perform(args, (*session.Session).VerifyNow)
}

// job performs one module in the background of the run that started it, which says on standard input what.
func job(args []string) error {
	if _, err := newOptions("job", "", "Performs one task in the background (for runs).").parse(args, 0); err != nil {
		return err
	}
	host.Umask(commandUmask)
	return jobs.Perform(os.Stdin)
}

type action func(*session.Session, context.Context) (engine.Summary, error)

func (o *options) perform(args []string, act action) error {
	if _, err := o.parse(args, 0); err != nil {
		return err
	}
	host.Umask(commandUmask)
	if o.serve {
		return o.served(act)
	}
	return o.byHand(act)
}

// session prepares what is the same for workers and by hand: the folder, and the program in this executable.
func (o *options) session() (*session.Session, error) {
	folder, err := o.folder()
	if err != nil {
		return nil, err
	}
	path, err := os.Executable()
	if err != nil {
		return nil, err
	}
	artifact, err := program.Open(path)
	if errors.Is(err, program.ErrNoProgram) {
		return nil, usage("%s", err)
	}
	if err != nil {
		return nil, err
	}
	if o.artifact == "" { // nobody has checked the whole
		if err := artifact.Check(); err != nil {
			return nil, err
		}
	}
	p, err := artifact.Program()
	if err != nil {
		return nil, err
	}
	return &session.Session{Folder: folder, Artifact: o.artifact, Executable: path, Program: p, Files: artifact.Files(p),
		Check: o.check, Facts: gather}, nil
}

func gather(subsets, env []string) *value.Dict { return facts.Gather(subsets, env) }

// served performs for a worker: request in, events out.
func (o *options) served(act action) error {
	in := bufio.NewReaderSize(os.Stdin, 64<<10)
	events := wire.NewEvents(os.Stdout)
	defer events.Close()
	summary, err := o.answer(in, events, act)
	if err != nil {
		events.Last(asRefusal(err))
		return served{err}
	}
	events.Last(summary)
	return verdict(summary.Status, session.Succeeded)
}

func (o *options) answer(in *bufio.Reader, events *wire.Events, act action) (engine.Summary, error) {
	q, err := wire.ReadRequest(in)
	if err != nil {
		return engine.Summary{}, err
	}
	s, err := o.session()
	if err != nil {
		return engine.Summary{}, err
	}
	if err := adopt(s, q); err != nil {
		return engine.Summary{}, err
	}
	s.Emit = events.Emit
	ctx, cancel := context.WithCancelCause(context.Background())
	defer cancel(nil)
	obeySignals(cancel, !q.StopOrphan)
	questions := wire.NewQuestions(events)
	s.Known, s.Found, s.Single, s.Joins = q.Known, q.Facts, q.Single, q.Joins
	s.Foreign, s.Line, s.Alone, s.Task = q.ForeignFacts, questions, q.Alone, errand(q, events)
	wire.Listen(in, q.StopOrphan, questions, cancel)
	return act(s, ctx)
}

// adopt takes the request into the session.
func adopt(s *session.Session, q *wire.Request) error {
	if !host.ValidID(q.Deployment) {
		return &wire.Refusal{Reason: "bad_request", Message: fmt.Sprintf("%q is no deployment id", q.Deployment)}
	}
	s.Deployment, s.Sequence, s.Attempt = q.Deployment, q.Sequence, q.Attempt
	s.Vars, s.Extra, s.Check, s.Diff = q.Vars, q.Extra, q.Check, q.Diff
	s.Tags, s.Skip, s.Verify, s.Undo = q.Tags, q.Skip, q.Verify, q.UndoOnFailure
	s.Deadline, s.Keep, s.Confirm = q.Deadline, q.Keep, q.Confirm
	s.Stage, s.Others, s.Play, s.Restarted = q.Stage, q.Others, q.Play, q.Restarted
	return nil
}

// byHand performs for whoever started this executable.
func (o *options) byHand(act action) error {
	s, err := o.session()
	if err != nil {
		return err
	}
	if err := o.fill(s); err != nil {
		return err
	}
	return o.shown(s, act, session.Succeeded)
}

// shown acts and shows what happens to people; another end than the wanted one is a failure.
func (o *options) shown(s *session.Session, act action, wanted string) error {
	out := newPrinter(os.Stdout, o)
	s.Emit = out.event
	if o.json {
		s.Emit = func(event any) { _ = say(os.Stdout, event) }
	}
	ctx, cancel := context.WithCancelCause(context.Background())
	defer cancel(nil)
	obeySignals(cancel, false)
	summary, err := act(s, ctx)
	if err != nil {
		return hinted(err)
	}
	if o.json {
		err = say(os.Stdout, summary)
	} else {
		out.summary(summary)
		if s.Program != nil && forOthers(s.Program, summary) {
			out.line("hint", `none of its plays is for this host: name the groups it is in, -e '{"group_names": ["web"]}', or compile with --per-host`)
		}
	}
	return errors.Join(err, verdict(summary.Status, wanted))
}

// forOthers tells whether nothing was performed because every play is for hosts that this one is not among.
func forOthers(p *program.Program, s engine.Summary) bool {
	for _, play := range p.Plays {
		if play.Only == nil {
			return false
		}
	}
	return s.Status == session.Succeeded && s.OK+s.Changed+s.Skipped+s.Rescued+s.Ignored == 0
}

// fill takes the options into the session.
func (o *options) fill(s *session.Session) error {
	var err error
	if s.Extra, err = o.extraVars(); err != nil {
		return err
	}
	s.Vars = s.Program.Host.Copy()
	if o.vars != "" {
		given, err := readVars(o.vars)
		if err != nil {
			return usage("--vars %s: %s", o.vars, err)
		}
		s.Vars.Update(given)
	}
	if s.Deployment, err = o.deployment(s); err != nil {
		return err
	}
	s.Sequence, s.Attempt = time.Now().UnixMilli(), 1
	s.Diff, s.Tags, s.Skip, s.Verify = o.diff, words(o.tags), words(o.skip), o.verify
	s.Undo, s.Deadline, s.Keep, s.Confirm = !o.noUndo, o.timeout, o.keep, o.confirm
	return nil
}

// deployment is the id given, or a new one that tells the artifact and the time.
func (o *options) deployment(s *session.Session) (string, error) {
	if o.id != "" && (!host.ValidID(o.id) || host.Delegated(o.id)) {
		return "", usage("%q is no deployment id: letters, digits, dot, dash and underscore", o.id)
	}
	digest, err := change.DigestFile(s.Executable)
	if err != nil {
		return "", err
	}
	if s.Artifact == "" {
		s.Artifact = digest
	}
	if o.id != "" {
		return o.id, nil
	}
	return fmt.Sprintf("%s-%s", time.Now().UTC().Format("20060102T150405.000"), digest[:8]), nil
}
