package cmd

import (
	"bufio"
	"context"
	"os"
	"strings"
	"time"

	"runner/engine"
	"runner/fmt"
	"runner/host"
	"runner/record"
	"runner/session"
	"runner/value"
	"runner/wire"
)

// Version of the runner.
const Version = "1.0"

func version(args []string) error {
	if _, err := newOptions("version", "", "Prints the runner's version.").parse(args, 0); err != nil {
		return err
	}
	fmt.Println("deploy-tasks runner " + Version)
	return nil
}

func undo(args []string) error {
	o := newOptions("undo", "[ID]", "Takes a deployment back; without ID the last one applied.")
	o.flags.flag(&o.json, "json", "print events as lines of JSON")
	o.flags.flag(&o.serve, "serve", "read the request from standard input and print events (for workers)")
	rest, err := o.parse(args, 1)
	if err != nil {
		return err
	}
	host.Umask(commandUmask)
	folder, err := o.folder()
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
	out := newPrinter(os.Stdout, false)
	s := &session.Session{Folder: folder, Deployment: id, Facts: gather, Emit: out.event}
	ctx, cancel := context.WithCancelCause(context.Background())
	defer cancel(nil)
	obeySignals(cancel, false)
	summary, err := s.UndoNow(ctx)
	if err != nil {
		return err
	}
	if o.json {
		err = say(os.Stdout, summary)
	} else {
		out.summary(summary)
	}
	if err == nil && summary.Status != session.RolledBack {
		err = notSucceeded
	}
	return err
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

func list(args []string) error {
	o := newOptions("list", "", "Shows the deployments on this host, the oldest first.")
	o.flags.flag(&o.json, "json", "print JSON")
	if _, err := o.parse(args, 0); err != nil {
		return err
	}
	folder, err := o.folder()
	if err != nil {
		return err
	}
	records, err := folder.List()
	if err != nil || o.json {
		return orSay(err, record.List(records))
	}
	var rows [][]string
	for _, r := range records {
		applied := ""
		if r.Applied {
			applied = "applied"
		}
		rows = append(rows, []string{r.Deployment, r.Status, r.At, r.Artifact[:min(12, len(r.Artifact))], applied})
	}
	_, err = os.Stdout.WriteString(table(rows))
	return err
}

// table lays rows out in columns.
func table(rows [][]string) string {
	var widths []int
	for _, row := range rows {
		for i, cell := range row {
			if i == len(widths) {
				widths = append(widths, 0)
			}
			widths[i] = max(widths[i], len(cell))
		}
	}
	var out strings.Builder
	for _, row := range rows {
		line := ""
		for i, cell := range row {
			line += cell + strings.Repeat(" ", widths[i]-len(cell)+2)
		}
		out.WriteString(strings.TrimRight(line, " ") + "\n")
	}
	return out.String()
}

func orSay(err error, v any) error {
	if err != nil {
		return err
	}
	return say(os.Stdout, v)
}

func prune(args []string) error {
	o := newOptions("prune", "", "Removes old deployments. A failed one never pushes out a good one.")
	o.flags.number(&o.keep, "keep", "how many good deployments to keep; 0: none", 5)
	if _, err := o.parse(args, 0); err != nil {
		return err
	}
	if o.keep < 0 {
		return usage("--keep must be at least 0")
	}
	folder, err := o.folder()
	if err != nil {
		return err
	}
	pruned, err := pruneLocked(folder, o.keep)
	if err != nil {
		return err
	}
	fmt.Printf("removed %d deployments, %d artifacts, %d runners\n", len(pruned.Deployments), len(pruned.Artifacts), len(pruned.Blobs))
	return nil
}

// pruneWait is how long a prune waits for a run to end.
const pruneWait = 10 * time.Second

func pruneLocked(folder *host.Folder, keep int) (host.Pruned, error) {
	lock, err := folder.Lock(context.Background(), "prune", pruneWait)
	if err != nil {
		return host.Pruned{}, err
	}
	defer lock.Release()
	return folder.Prune(keep, "", 0)
}

func showFacts(args []string) error {
	o := newOptions("facts", "[SUBSET…]", "Prints what is known of this host as JSON.")
	rest, err := o.parse(args, -1)
	if err != nil {
		return err
	}
	if len(rest) == 0 {
		rest = []string{"all"}
	}
	found := gather(rest, os.Environ())
	pretty := value.Compact
	pretty.Indent, pretty.Pretty, pretty.KeySep, pretty.SortKeys = "  ", true, ": ", true
	fmt.Println(strings.TrimSpace(string(value.EncodeStyle(found, pretty))))
	return nil
}
