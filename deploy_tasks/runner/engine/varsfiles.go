package engine

import (
	"runner/expr"
	"runner/program"
	"runner/value"
)

// varsFiles loads the play's vars_files into the frame's variables: of each entry the first that is there. An entry
// whose name cannot be known is left out while nothing is known of the host, as Ansible does.
func (r *run) varsFiles(p *program.Play, f frame) *Failure {
	if len(p.VarsFiles) == 0 {
		return nil
	}
	f.play.files = value.NewDict()
	for _, entry := range p.VarsFiles {
		chosen, err := r.varsFile(entry, f)
		switch {
		case err != nil && r.host.facts.Len() == 0:
		case err != nil:
			return &Failure{Task: "vars_files", Msg: err.Error(), Tail: []string{}, Where: entry.Where}
		case chosen != nil:
			f.play.files = merged(f.play.files, chosen)
		}
	}
	return nil
}

func (r *run) varsFile(entry program.VarsFile, f frame) (*value.Dict, error) {
	s := r.scope(f, nil)
	for _, name := range entry.Names {
		v, err := expr.Resolve(name, s)
		if err != nil {
			return nil, err
		}
		if found, ok := entry.Choices.Get(value.Str(v)); ok {
			vars, _ := found.(*value.Dict)
			return vars, nil
		}
	}
	return nil, nil
}
