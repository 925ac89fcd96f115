// Package basics holds the modules that every runner has. Importing it registers them by their short names.
package basics

import "runner/module"

// table is the one list of module names.
var table = map[string]module.Func{
	"assert":     assert,
	"command":    command,
	"copy":       copyFiles,
	"debug":      debug,
	"fail":       fail,
	"file":       file,
	"lineinfile": lineInFile,
	"ping":       ping,
	"raw":        raw,
	"set_fact":   setFact,
	"setup":      setup,
	"shell":      shell,
	"stat":       stat,
	"template":   template,
}

func init() {
	for name, run := range table {
		module.Register(name, run)
	}
}
