package engine

import (
	"io"
	"sort"

	"runner/expr"
	"runner/fmt"
)

// maxLookedUp bounds a file that a lookup reads, bytes.
const maxLookedUp = 16 << 20

// library is what lookups find in these folders: all that travels with the program.
func (e *Engine) library(search []string) *expr.Library {
	if search == nil {
		search = []string{"."}
	}
	if e.names == nil {
		e.names = e.fileNames()
	}
	return &expr.Library{Search: search, Names: e.names, Read: e.readFile, Secret: e.opts.Program.SecretFiles, Template: func(name string) (any, bool) {
		return e.opts.Program.Templates.Get(name)
	}}
}

func (e *Engine) fileNames() []string {
	names := append([]string{}, e.opts.Program.Others...)
	for name := range e.opts.Program.Files {
		names = append(names, name)
	}
	for _, name := range e.opts.Program.Templates.Keys() {
		names = append(names, name)
	}
	for name := range e.opts.Program.SecretFiles {
		names = append(names, name)
	}
	sort.Strings(names)
	return names
}

func (e *Engine) readFile(name string) (string, error) {
	entry, ok := e.opts.Files.Lookup(name)
	if !ok {
		return "", fmt.Errorf("the file '%s' does not travel with the plan", name)
	}
	if entry.Size > maxLookedUp {
		return "", fmt.Errorf("the file '%s' is too large for a lookup", name)
	}
	r, err := e.opts.Files.Open(entry)
	if err != nil {
		return "", err
	}
	defer r.Close()
	data, err := io.ReadAll(r)
	return string(data), err
}
