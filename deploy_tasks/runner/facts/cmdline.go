package facts

import (
	"strings"
)

// commandLine is the kernel's: in cmdline the last of several equal names counts, in proc_cmdline all do.
func commandLine(g *gathering) {
	line, ok := content("/proc/cmdline")
	if !ok {
		return
	}
	last, all := dict(), dict()
	for _, word := range kernelWords(line) {
		name, v, assigned := strings.Cut(word, "=")
		if !assigned {
			last.Set(name, true)
			all.Set(name, true)
			continue
		}
		last.Set(name, v)
		if before, twice := all.Get(name); twice {
			all.Set(name, append(listed(before), v))
		} else {
			all.Set(name, v)
		}
	}
	g.set("cmdline", last)
	g.set("proc_cmdline", all)
}

func listed(v any) []any {
	if l, ok := v.([]any); ok {
		return l
	}
	return []any{v}
}

// kernelWords splits at blanks outside quotes, which stay.
func kernelWords(line string) []string {
	var words []string
	var word strings.Builder
	var quote rune
	for _, r := range line {
		switch {
		case quote != 0 && r == quote:
			quote = 0
		case quote == 0 && (r == '"' || r == '\''):
			quote = r
		case quote == 0 && (r == ' ' || r == '\t' || r == '\n'):
			if word.Len() > 0 {
				words = append(words, word.String())
			}
			word.Reset()
			continue
		}
		word.WriteRune(r)
	}
	if word.Len() > 0 {
		words = append(words, word.String())
	}
	return words
}
