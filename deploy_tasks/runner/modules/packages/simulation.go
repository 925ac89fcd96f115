package packages

import "strings"

// step is one thing that apt would do.
type step struct {
	verb string // Inst, Remv, Purg
	name string // as apt has it: with the architecture where it is not the host's own
	old  string // the version that is there, "" when none is
}

// parseSimulation reads what apt-get --simulate would do: "Inst name [old] (new …)", "Remv name [old]", "Purg name [old]".
// A package may be named twice, removed before it comes back.
func parseSimulation(text string) []step {
	var steps []step
	for line := range strings.Lines(text) {
		words := strings.Fields(line)
		if len(words) < 2 || words[0] != "Inst" && words[0] != "Remv" && words[0] != "Purg" {
			continue
		}
		s := step{verb: words[0], name: words[1]}
		if len(words) > 2 && strings.HasPrefix(words[2], "[") {
			s.old = strings.Trim(words[2], "[]")
		}
		steps = append(steps, s)
	}
	return steps
}
