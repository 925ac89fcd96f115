package facts

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"runner/value"
)

// localFolder holds facts that the host's owner provides: NAME.fact, as JSON, as INI, or a program that prints one.
const localFolder = "/etc/ansible/facts.d"

// localTimeout is how long one such program may run.
const localTimeout = 10 * time.Second

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
	if err != nil {
		return "Could not stat fact (" + file + "): " + err.Error()
	}
	text := contentOf(file)
	if info.Mode()&0o100 != 0 {
		ctx, cancel := context.WithTimeout(context.Background(), localTimeout)
		defer cancel()
		cmd := exec.CommandContext(ctx, file)
		var printed bounded
		cmd.Env, cmd.WaitDelay, cmd.Stdout = g.env, time.Second, &printed
		if err := cmd.Run(); err != nil {
			return "Failure executing fact script (" + file + "): " + err.Error()
		}
		text = string(printed)
	}
	if v, err := value.Decode([]byte(strings.TrimSpace(text))); err == nil {
		return v
	}
	if v := ini(text); v != nil {
		return v
	}
	return "error loading facts as JSON or ini - please check content: " + file
}

// bounded keeps the beginning of what is written to it.
type bounded []byte

func (b *bounded) Write(p []byte) (int, error) {
	*b = append(*b, p[:min(len(p), maxRead-len(*b))]...)
	return len(p), nil
}

// ini reads sections of name = value or name: value; nil when the text has another form.
func ini(text string) any {
	out := dict()
	var section *value.Dict
	for _, line := range strings.Split(text, "\n") {
		line = strings.TrimSpace(line)
		if line == "" || line[0] == '#' || line[0] == ';' {
			continue
		}
		if line[0] == '[' && strings.HasSuffix(line, "]") {
			section = dict()
			out.Set(line[1:len(line)-1], section)
			continue
		}
		at := strings.IndexAny(line, "=:")
		if section == nil || at < 1 {
			return nil
		}
		section.Set(strings.ToLower(strings.TrimSpace(line[:at])), strings.TrimSpace(line[at+1:]))
	}
	return out
}
