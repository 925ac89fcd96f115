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
		name, err := r.varsFile(entry, f)
		if err != nil && r.host.facts.Len() > 0 {
			return &Failure{Task: "vars_files", Msg: err.Error(), Tail: []string{}, Where: entry.Where}
		}
		f.play.chosen = append(f.play.chosen, name)
		f.play.take(entry, name)
	}
	return nil
}

// takeFiles loads the vars_files that were chosen before the host restarted.
func (r *run) takeFiles(p *program.Play, f frame) {
	f.play.files = value.NewDict()
	for n, entry := range p.VarsFiles {
		if n < len(f.play.chosen) {
			f.play.take(entry, f.play.chosen[n])
		}
	}
}

// take adds the variables of the file of that name.
func (p *playVars) take(entry program.VarsFile, name string) {
	if found, ok := entry.Choices.Get(name); ok && name != "" {
		vars, _ := found.(*value.Dict)
		p.files = merged(p.files, vars)
	}
}

// varsFile is the first name that is there, "" for none.
func (r *run) varsFile(entry program.VarsFile, f frame) (string, error) {
	s := r.scope(f, nil)
	for _, name := range entry.Names {
		v, err := expr.Resolve(name, s)
		if err != nil {
			return "", err
		}
		if _, ok := entry.Choices.Get(value.Str(v)); ok {
			return value.Str(v), nil
		}
	}
	return "", nil
}
