package program

import (
	"maps"
	"slices"
)

// Tasks are all tasks and handlers in the order of the program, so that a place names one.
func (p *Program) Tasks() []*Task {
	var out []*Task
	for i := range p.Plays {
		out = walk(walk(out, p.Plays[i].Tasks), p.Plays[i].Handlers)
	}
	return out
}

func walk(out []*Task, steps []Step) []*Task {
	for _, s := range steps {
		switch {
		case s.Task != nil:
			out = append(out, s.Task)
		case s.Block != nil:
			out = walk(walk(walk(out, s.Block.Block), s.Block.Rescue), s.Block.Always)
		case s.Include != nil:
			for _, name := range slices.Sorted(maps.Keys(s.Include.Choices)) {
				out = walk(out, s.Include.Choices[name])
			}
		}
	}
	return out
}
