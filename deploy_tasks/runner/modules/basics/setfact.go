package basics

import (
	"strings"

	"runner/fmt"
	"runner/module"
	"runner/modules/kit"
)

// setFact makes its arguments variables of the host.
func setFact(c *module.Call) module.Result {
	facts := kit.Dict()
	for _, name := range kit.KeysOf(c.Args) {
		v, _ := c.Args.Get(name)
		if name == "cacheable" {
			continue
		}
		if !identifier(name) {
			return module.Failure(fmt.Sprintf("The variable name '%s' is not valid. Variables must start with a letter or "+
				"underscore character, and contain only letters, numbers and underscores.", name))
		}
		facts.Set(name, truthWord(v))
	}
	if facts.Len() == 0 {
		return module.Failure("No key/value pairs provided, at least one is required for this action to succeed")
	}
	return module.Result{Facts: facts}
}

// truthWord makes truth of the words for it, whatever they come from: with Ansible a fact is never the text "no".
func truthWord(v any) any {
	if text, ok := v.(string); ok {
		switch strings.ToLower(text) {
		case "true", "yes":
			return true
		case "false", "no":
			return false
		}
	}
	return v
}

// identifier says whether a text is the name of a variable.
func identifier(name string) bool {
	const letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_"
	return strings.Trim(name, letters+"0123456789") == "" && name != "" && strings.IndexByte(letters, name[0]) >= 0
}
