package cmd

import (
	"bufio"
	"context"
	"errors"
	"os"
	"strings"

	"runner/engine"
	"runner/fmt"
	"runner/host"
	"runner/session"
	"runner/wire"
)

func undo(args []string) error {
	o := newOptions("undo", "[ID]", "Takes a deployment back; without ID the last one applied.")
	o.flags.flag(&o.dryRun, "dry-run", "change nothing, say what would come back, what would not, and why")
	o.flags.flag(&o.withLater, "with-later", "undo the deployments that came after it first")
	o.flags.flag(&o.json, "json", "print events as lines of JSON")
	o.flags.flag(&o.serve, "serve", "read the request from standard input and print events "+forWorkers)
	rest, err := o.parse(args, 1)
	if err != nil {
		return err
	}
	host.Umask(commandUmask)
	find := o.present
	if o.serve {
		find = o.folder
	}
	folder, err := find()
	if err != nil {
		return err
	}
	if o.serve {
		return serveUndo(folder)
	}
	id, err := undoTarget(folder, rest)
	if err != nil {
		return err
	}
	if o.dryRun {
		return o.foresee(folder, id)
	}
	return o.undoByHand(folder, id)
}

// undoByHand undoes a deployment, and with --with-later those after it before.
func (o *options) undoByHand(folder *host.Folder, id string) error {
	ids := []string{id}
	if o.withLater {
		later, err := folder.Later(id)
		if err != nil {
			return err
		}
		ids = append(later, id)
	}
	for _, id := range ids {
		s := &session.Session{Folder: folder, Deployment: id, Facts: gather}
		if err := o.shown(s, (*session.Session).UndoNow, session.RolledBack); err != nil {
			return err
		}
	}
	return nil
}

// foresee shows what an undo would do; what it would leave undone is a failure.
func (o *options) foresee(folder *host.Folder, id string) error {
	f, err := aside(folder, id).Foresee(context.Background())
	if err != nil {
		return err
	}
	if len(f.Later) > 0 && !o.withLater {
		later := &session.Covered{Deployment: id}
		for _, l := range f.Later {
			later.Later = append(later.Later, l.Deployment)
		}
		return hinted(later)
	}
	if o.json {
		err = say(os.Stdout, f)
	} else {
		p := newPrinter(os.Stdout, o)
		for _, each := range append(f.Later, f) {
			p.foreseen(each)
		}
	}
	if err == nil && f.Incomplete() {
		err = notSucceeded
	}
	return err
}

// hinted is an error that says how to undo later deployments too, if it is about those.
func hinted(err error) error {
	var later *session.Covered
	if !errors.As(err, &later) {
		return err
	}
	return fmt.Errorf("%w\nhint: %s undo --with-later %s, or one after the other: undo %s", err, self(), later.Deployment,
		strings.Join(later.Later, ", undo "))
}

// undoTarget is the deployment named, or the last one applied.
func undoTarget(folder *host.Folder, rest []string) (string, error) {
	if len(rest) == 0 {
		stack, err := folder.Stack()
		if err != nil {
			return "", err
		}
		if len(stack) == 0 {
			return "", usage("nothing is applied on this host")
		}
		return stack[len(stack)-1].Deployment, nil
	}
	if !host.ValidID(rest[0]) {
		return "", usage("%q is no deployment id", rest[0])
	}
	if _, err := os.Stat(folder.Deployment(rest[0]).Dir); err != nil {
		return "", usage("deployment %s is not on this host; list shows those that are", rest[0])
	}
	return rest[0], nil
}

// serveUndo undoes for a worker.
func serveUndo(folder *host.Folder) error {
	in := bufio.NewReaderSize(os.Stdin, 64<<10)
	events := wire.NewEvents(os.Stdout)
	defer events.Close()
	summary, err := answerUndo(folder, in, events)
	if err != nil {
		events.Last(asRefusal(err))
		return served{err}
	}
	events.Last(summary)
	if summary.Status != session.RolledBack {
		return notSucceeded
	}
	return nil
}

func answerUndo(folder *host.Folder, in *bufio.Reader, events *wire.Events) (engine.Summary, error) {
	q, err := wire.ReadRequest(in)
	if err != nil {
		return engine.Summary{}, err
	}
	s := &session.Session{Folder: folder, Facts: gather, Emit: events.Emit}
	if err := adopt(s, q); err != nil {
		return engine.Summary{}, err
	}
	ctx, cancel := context.WithCancelCause(context.Background())
	defer cancel(nil)
	obeySignals(cancel, true) // a half-done undo helps nobody: it goes on without its caller
	return s.UndoNow(ctx)
}

// watch is the process that takes a deployment back unless it is confirmed in time. The run starts it.
func watch(args []string) error {
	folder, id, err := named("watch", "Takes a deployment back unless it is confirmed in time (for runs).", args)
	if err != nil {
		return err
	}
	host.Umask(commandUmask)
	return aside(folder, id).Watch()
}

func confirm(args []string) error {
	folder, id, err := named("confirm", "Has a deployment stay that waits to be confirmed; without ID the last one applied.", args)
	if err != nil {
		return err
	}
	host.Umask(commandUmask)
	c, err := aside(folder, id).ConfirmNow(context.Background())
	switch {
	case err != nil:
		return err
	case c.Confirmed:
		fmt.Println(id + " stays")
		return nil
	case c.Due:
		return errors.New(id + " is being taken back: its time was over")
	case c.Report != nil && c.Report.Unconfirmed:
		return errors.New(id + " is taken back: its time was over")
	}
	return errors.New(id + " does not wait to be confirmed")
}

// aside is the session of a command that shows no events.
func aside(folder *host.Folder, id string) *session.Session {
	return &session.Session{Folder: folder, Deployment: id, Facts: gather, Emit: func(any) {}}
}

// named reads the command line of a command for one deployment.
func named(name, about string, args []string) (*host.Folder, string, error) {
	o := newOptions(name, "[ID]", about)
	rest, err := o.parse(args, 1)
	if err != nil {
		return nil, "", err
	}
	folder, err := o.present()
	if err != nil {
		return nil, "", err
	}
	id, err := undoTarget(folder, rest)
	return folder, id, err
}
