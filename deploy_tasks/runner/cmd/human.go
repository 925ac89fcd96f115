package cmd

import (
	"io"
	"strings"

	"runner/change"
	"runner/engine"
	"runner/fmt"
	"runner/session"
)

// printer shows events to people: one line per task, what failed with its last lines, the recap at the end.
type printer struct {
	out     io.Writer
	diff    bool
	command string // what was asked for
	last    string // the failure that was shown, so that the summary does not repeat it
}

func newPrinter(out io.Writer, o *options) *printer {
	return &printer{out: out, diff: o.diff, command: o.command}
}

func (p *printer) line(word, text string) { fmt.Fprintf(p.out, "%-9s %s\n", word, text) }

func (p *printer) event(event any) {
	switch e := event.(type) {
	case engine.Phase:
		if e.Phase != "running" {
			p.line(e.Phase, "")
		}
	case engine.TaskEnd:
		p.task(e)
	}
}

func (p *printer) task(e engine.TaskEnd) {
	text := e.Name
	if e.Handler {
		text += " (handler)"
	}
	if (e.Status == engine.Failed || e.Status == engine.Ignored) && e.Msg != "" {
		text += ": " + e.Msg
		p.last = e.Msg
	}
	if e.Duration >= 1 {
		text += fmt.Sprintf("  (%.1f s)", e.Duration)
	}
	p.line(e.Status, text)
	if p.diff {
		for _, d := range e.Diff {
			p.showDiff(d)
		}
	}
}

// showDiff shows the two texts; which lines stayed is easy to see, as they are short.
func (p *printer) showDiff(d engine.Diff) {
	show := func(mark, header, text string) {
		if text == "" {
			return
		}
		fmt.Fprintf(p.out, "%s%s%s %s\n", mark, mark, mark, header)
		for line := range strings.Lines(text) {
			fmt.Fprintf(p.out, "%s%s\n", mark, strings.TrimSuffix(line, "\n"))
		}
	}
	show("-", d.BeforeHeader, d.Before)
	show("+", d.AfterHeader, d.After)
}

func (p *printer) summary(s engine.Summary) {
	if s.Error != nil {
		if s.Error.Msg != p.last && (s.Verify == nil || len(s.Verify.Drift) == 0 || s.Error.Task != s.Verify.Drift[0]) {
			p.line("error", strings.TrimPrefix(s.Error.Task+": "+s.Error.Msg, ": "))
		}
		for _, line := range s.Error.Tail {
			fmt.Fprintf(p.out, "          %s\n", line)
		}
	}
	if s.Verify != nil {
		for _, name := range s.Verify.Drift {
			p.line("drift", name+" would change something again")
		}
	}
	p.undone(s)
	word, counts := p.ending(s)
	fmt.Fprintf(p.out, "%s  %s, %.1f s", word, counts, s.Duration)
	if !s.Check && p.command != "verify" { // those leave no deployment behind
		fmt.Fprintf(p.out, "  deployment %s", s.Deployment)
	}
	fmt.Fprintf(p.out, "\n")
	if p.command == "undo" && s.Status == session.UndoFailed {
		p.line("hint", "when the conflicts are gone: "+self()+" undo "+s.Deployment)
	}
}

// ending is the last line: how it ended, and what that comes to.
func (p *printer) ending(s engine.Summary) (word, counts string) {
	word = strings.ReplaceAll(s.Status, "_", " ")
	switch {
	case p.command == "verify" && s.Status == session.Succeeded:
		return "verified", "this host is as the program wants it"
	case p.command == "verify" && s.Status == session.Failed:
		return word, "this host is not as the program wants it"
	case p.command == "undo" && s.Repeated && s.Status == session.RolledBack:
		return word, "it had been before"
	case p.command == "undo" && s.Undo != nil && s.Undo.Empty():
		return word, "it had changed nothing"
	case p.command == "undo" && s.Undo != nil:
		return word, fmt.Sprintf("%d undone, %d conflicts, %d cannot be undone", len(s.Undo.Undone), len(s.Undo.Conflicted),
			len(s.Undo.Irreversible))
	case s.Check && s.Status == session.Succeeded:
		word = "checked"
	}
	counts = fmt.Sprintf("%d ok, %d changed, %d failed, %d skipped", s.OK, s.Changed, s.Failed, s.Skipped)
	if s.Ignored > 0 || s.Rescued > 0 {
		counts += fmt.Sprintf(", %d ignored, %d rescued", s.Ignored, s.Rescued)
	}
	return word, counts
}

func (p *printer) undone(s engine.Summary) {
	if s.Undo != nil {
		p.undo(s.Undo, "undone")
	}
	if s.Irreversible > 0 && s.Status == session.Succeeded {
		p.line("stays", fmt.Sprintf("what %d steps did cannot be undone; undo --dry-run says which", s.Irreversible))
	}
}

func (p *printer) undo(report *change.UndoReport, done string) {
	for _, path := range report.Undone {
		p.line(done, path)
	}
	for _, c := range report.Conflicted {
		p.line("conflict", c.Path+" "+c.Why)
	}
	for _, i := range report.Irreversible {
		p.line("stays", i.Task+": "+i.What)
	}
}

// foreseen shows what an undo would do.
func (p *printer) foreseen(f session.Foreseen) {
	p.undo(&f.Undo, "would undo")
	fmt.Fprintf(p.out, "dry run  %d would come back, %d conflicts, %d cannot be undone  deployment %s, %s\n", len(f.Undo.Undone),
		len(f.Undo.Conflicted), len(f.Undo.Irreversible), f.Deployment, strings.ReplaceAll(f.Status, "_", " "))
}
