package facts

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"

	"runner/value"
)

// localFolder holds facts that the host's owner provides: NAME.fact, as JSON, as INI, or a program that prints one.
const localFolder = "/etc/ansible/facts.d"

func local(g *gathering) { g.set("local", localIn(g, localFolder)) }

// Local is what `ansible_local` is of another folder.
func Local(folder string, env []string) *value.Dict { return localIn(&gathering{env: env}, folder) }

func localIn(g *gathering, folder string) *value.Dict {
	out := dict()
	files, _ := filepath.Glob(folder + "/*.fact")
	for _, file := range files {
		out.Set(strings.ReplaceAll(filepath.Base(file), ".fact", ""), localFact(g, file))
	}
	return out
}

func localFact(g *gathering, file string) any {
	info, err := os.Stat(file)
	if errors.Is(err, os.ErrNotExist) {
		return "Could not stat fact (" + file + "): [Errno 2] No such file or directory: '" + file + "'"
	}
	if err != nil {
		return "Could not stat fact (" + file + "): " + err.Error()
	}
	text := contentOf(file)
	if info.Mode()&0o100 != 0 {
		out, complaint, err := g.run(file)
		if ended := (*exec.ExitError)(nil); errors.As(err, &ended) && ended.Exited() {
			return "Failure executing fact script (" + file + "), rc: " + strconv.Itoa(ended.ExitCode()) + ", err: " + complaint
		}
		if err != nil {
			return "Could not execute fact script (" + file + "): " + err.Error()
		}
		text = out
	}
	if v, err := value.Decode([]byte(strings.TrimSpace(text))); err == nil {
		return v
	}
	if v := ini(text); v != nil {
		return v
	}
	return "error loading facts as JSON or ini - please check content: " + file
}

// ini reads sections of name = value or name: value; nil when the text has another form. What a section does not say
// itself, the section DEFAULT says for it; a line further to the right continues the value before it.
func ini(text string) any {
	out, defaults := dict(), dict()
	var section *value.Dict
	last, lastIndent := "", 0
	for _, line := range strings.Split(text, "\n") {
		bare := strings.TrimSpace(line)
		indent := len(line) - len(strings.TrimLeft(line, " \t"))
		if bare == "" || bare[0] == '#' || bare[0] == ';' {
			continue
		}
		if last != "" && indent > lastIndent {
			before, _ := section.Get(last)
			section.Set(last, before.(string)+"\n"+bare)
			continue
		}
		last = ""
		if end := strings.LastIndexByte(bare, ']'); bare[0] == '[' && end > 1 {
			if section = openSection(out, defaults, bare[1:end]); section == nil {
				return nil
			}
			continue
		}
		at := strings.IndexAny(bare, "=:")
		if section == nil || at < 1 {
			return nil
		}
		last, lastIndent = strings.ToLower(strings.TrimSpace(bare[:at])), indent
		if _, twice := section.Get(last); twice {
			return nil
		}
		section.Set(last, strings.TrimSpace(bare[at+1:]))
	}
	return withDefaults(out, defaults)
}

// openSection is a new section; nil when the text had it before.
func openSection(out, defaults *value.Dict, name string) *value.Dict {
	if name == "DEFAULT" {
		return defaults
	}
	if _, twice := out.Get(name); twice {
		return nil
	}
	section := dict()
	out.Set(name, section)
	return section
}

func withDefaults(out, defaults *value.Dict) *value.Dict {
	for _, name := range out.Keys() {
		section, _ := out.Get(name)
		for _, key := range defaults.Keys() {
			if _, own := section.(*value.Dict).Get(key); !own {
				v, _ := defaults.Get(key)
				section.(*value.Dict).Set(key, v)
			}
		}
	}
	return out
}
