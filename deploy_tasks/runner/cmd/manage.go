package cmd

import (
	"context"
	"os"
	"strings"
	"time"

	"runner/facts"
	"runner/fmt"
	"runner/host"
	"runner/record"
	"runner/value"
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

func list(args []string) error {
	o := newOptions("list", "", "Shows the deployments on this host, the oldest first.")
	o.flags.flag(&o.json, "json", "print JSON")
	if _, err := o.parse(args, 0); err != nil {
		return err
	}
	folder, err := o.present()
	if err != nil {
		return err
	}
	records, err := folder.List()
	if err != nil || o.json {
		return orSay(err, record.List(records))
	}
	if len(records) == 0 {
		os.Stderr.WriteString("no deployments in " + folder.Root + "\n")
	}
	var rows [][]string
	for _, r := range records {
		rows = append(rows, []string{r.Deployment, r.Status, r.At, r.Artifact[:min(12, len(r.Artifact))], standing(r)})
	}
	_, err = os.Stdout.WriteString(table(rows))
	return err
}

// standing says whether a deployment is applied, and what it waits for.
func standing(r host.Record) string {
	word := ""
	if r.Applied {
		word = "applied"
	}
	if c := r.Confirm; c != nil {
		until := c.Until.UTC().Format(time.RFC3339)
		if c.Watched {
			return word + ", undone at " + until + " unless confirmed"
		}
		return word + ", not confirmed until " + until + " and nobody watches: confirm or undo it"
	}
	return word
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
	folder, err := o.present()
	if err != nil {
		return err
	}
	var pruned host.Pruned
	if _, gone := os.Stat(folder.Root); gone == nil {
		if pruned, err = pruneLocked(folder, o.keep); err != nil {
			return err
		}
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
	if err := knownSubsets(rest); err != nil {
		return err
	}
	if len(rest) == 0 {
		rest = []string{"all"}
	}
	found := gather(rest, os.Environ())
	if lacking := facts.Lacking(); len(lacking) > 0 {
		os.Stderr.WriteString("this runner has no facts of " + strings.Join(lacking, ", ") + ": its program gathers none of them\n")
	}
	pretty := value.Compact
	pretty.Indent, pretty.Pretty, pretty.KeySep, pretty.SortKeys = "  ", true, ": ", true
	fmt.Println(strings.TrimSpace(string(value.EncodeStyle(found, pretty))))
	return nil
}

// knownSubsets refuses a subset that is none, with the nearest one that is.
func knownSubsets(subsets []string) error {
	for _, subset := range subsets {
		name := strings.TrimPrefix(subset, "!")
		if facts.Known(name) {
			continue
		}
		if near := facts.Nearest(name); near != "" {
			return usage("there are no facts of %q: did you mean %s?", name, near)
		}
		return usage("there are no facts of %q: the subsets are %s", name, strings.Join(facts.Subsets(), ", "))
	}
	return nil
}
