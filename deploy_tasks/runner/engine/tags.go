package engine

import "slices"

// selection is --tags and --skip-tags.
type selection struct{ tags, skip []string }

func newSelection(tags, skip []string) selection {
	if len(tags) == 0 {
		tags = []string{"all"}
	}
	return selection{tags, skip}
}

func meet(a, b []string) bool {
	return slices.ContainsFunc(a, func(x string) bool { return slices.Contains(b, x) })
}

// wants decides by Ansible's rules whether a task with these tags runs.
func (s selection) wants(tags []string) bool {
	untagged := len(tags) == 0
	if untagged {
		tags = []string{"untagged"}
	}
	never, always := slices.Contains(tags, "never"), slices.Contains(tags, "always")
	run := always ||
		slices.Contains(s.tags, "all") && !never ||
		meet(tags, s.tags) ||
		slices.Contains(s.tags, "tagged") && !untagged && !never
	switch {
	case !run:
		return false
	case slices.Contains(s.skip, "all"):
		return always && !slices.Contains(s.skip, "always")
	case meet(tags, s.skip):
		return false
	}
	return !slices.Contains(s.skip, "tagged") || untagged
}
