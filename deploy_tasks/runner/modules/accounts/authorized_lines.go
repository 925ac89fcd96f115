package accounts

import (
	"errors"
	"slices"
	"sort"
	"strings"
)

// sshKeyTypes are the kinds of keys that sshd knows.
var sshKeyTypes = []string{
	"sk-ecdsa-sha2-nistp256@openssh.com", "sk-ecdsa-sha2-nistp256-cert-v01@openssh.com",
	"webauthn-sk-ecdsa-sha2-nistp256@openssh.com",
	"ecdsa-sha2-nistp256", "ecdsa-sha2-nistp256-cert-v01@openssh.com",
	"ecdsa-sha2-nistp384", "ecdsa-sha2-nistp384-cert-v01@openssh.com",
	"ecdsa-sha2-nistp521", "ecdsa-sha2-nistp521-cert-v01@openssh.com",
	"sk-ssh-ed25519@openssh.com", "sk-ssh-ed25519-cert-v01@openssh.com",
	"ssh-ed25519", "ssh-ed25519-cert-v01@openssh.com",
	"ssh-dss", "ssh-rsa", "ssh-xmss@openssh.com", "ssh-xmss-cert-v01@openssh.com",
	"rsa-sha2-256", "rsa-sha2-512",
	"ssh-rsa-cert-v01@openssh.com", "rsa-sha2-256-cert-v01@openssh.com", "rsa-sha2-512-cert-v01@openssh.com",
	"ssh-dss-cert-v01@openssh.com",
}

// keyLine is a line of a file of authorized keys. One that is no key has its text alone, in key.
type keyLine struct {
	key, kind, comment string
	options            []keyOption
	rank               int // lines are written in this order
}

// keyOption is what a key is limited to or made do; text may be name alone or name=value.
type keyOption struct{ name, text string }

var errNoKey = errors.New("no key")

// parseKeyLine reads a line with a key, which options may stand before.
func parseKeyLine(line string, rank int) (keyLine, error) {
	line = strings.ReplaceAll(line, `\#`, "#")
	words := strings.FieldsFunc(line, func(r rune) bool { return strings.ContainsRune(" \t\r\n", r) })
	if len(words) > 0 && words[0] == "#" {
		return keyLine{key: line, rank: rank}, nil
	}
	at := slices.IndexFunc(words, func(word string) bool { return slices.Contains(sshKeyTypes, word) })
	if at < 0 || at+1 >= len(words) {
		return keyLine{}, errNoKey
	}
	return keyLine{words[at+1], words[at], strings.Join(words[at+2:], " "), parseKeyOptions(strings.Join(words[:at], " ")), rank}, nil
}

// parseKeyOptions splits at the commas that are not within quotes.
func parseKeyOptions(text string) []keyOption {
	var out []keyOption
	start, quote := 0, byte(0)
	for i := 0; i <= len(text); i++ {
		switch {
		case i == len(text) || text[i] == ',' && quote == 0:
			if part := text[start:i]; part != "" {
				name, _, _ := strings.Cut(part, "=")
				out = append(out, keyOption{name, part})
			}
			start = i + 1
		case quote != 0 && text[i] == quote:
			quote = 0
		case quote == 0 && (text[i] == '"' || text[i] == '\'') && strings.IndexByte(text[i+1:], text[i]) >= 0:
			quote = text[i]
		}
	}
	return out
}

// sameOptions compares without the order of options of different names.
func sameOptions(a, b []keyOption) bool {
	byName := func(options []keyOption) []keyOption {
		sorted := slices.Clone(options)
		sort.SliceStable(sorted, func(i, j int) bool { return sorted[i].name < sorted[j].name })
		return sorted
	}
	return slices.Equal(byName(a), byName(b))
}

func (k keyLine) same(other keyLine) bool {
	return k.key == other.key && k.kind == other.kind && k.comment == other.comment && sameOptions(k.options, other.options)
}

func (k keyLine) String() string {
	if k.kind == "" {
		return k.key
	}
	options := make([]string, len(k.options))
	for i, o := range k.options {
		options[i] = o.text
	}
	text := strings.Join(options, ",")
	if text != "" {
		text += " "
	}
	return text + k.kind + " " + k.key + " " + k.comment + "\n"
}

// keyLines are the lines of a file; of several that are the same or have the same key the last one counts.
type keyLines map[string]keyLine

func parseKeyLines(text string) keyLines {
	out := keyLines{}
	rank := 0
	for line := range strings.Lines(text) {
		parsed, err := parseKeyLine(line, rank)
		if err != nil {
			parsed = keyLine{key: line, rank: rank}
		}
		out[parsed.key] = parsed
		rank++
	}
	return out
}

func (l keyLines) String() string {
	var lines []keyLine
	for _, line := range l {
		lines = append(lines, line)
	}
	sort.SliceStable(lines, func(i, j int) bool {
		a, b := lines[i], lines[j]
		return a.rank < b.rank || a.rank == b.rank && a.key < b.key
	})
	var out strings.Builder
	for i, line := range lines {
		out.WriteString(line.String())
		if i+1 < len(lines) && !strings.HasSuffix(line.String(), "\n") {
			out.WriteString("\n") // a line without an end must not swallow the key behind it
		}
	}
	return out.String()
}

// wantedKeys are the keys of the argument, one for each line that is no remark.
func wantedKeys(text string, options, comment *string) ([]keyLine, error) {
	var out []keyLine
	for _, line := range strings.Split(strings.ReplaceAll(strings.ReplaceAll(text, "\r\n", "\n"), "\r", "\n"), "\n") {
		if line == "" || line[0] == '#' {
			continue
		}
		parsed, err := parseKeyLine(line, len(out))
		if err != nil {
			return nil, errors.New("invalid key specified: " + line)
		}
		if options != nil {
			parsed.options = parseKeyOptions(*options)
		}
		if comment != nil {
			parsed.comment = *comment
		}
		out = append(out, parsed)
	}
	return out, nil
}

// add puts the keys in, those that are new behind all others; with exclusive nothing else stays. It says whether that
// is a change.
func (l keyLines) add(keys []keyLine, exclusive bool) (changed bool) {
	behind := len(l)
	wanted := map[string]bool{}
	for _, key := range keys {
		wanted[key.key] = true
		if now, there := l[key.key]; there && now.same(key) {
			continue
		}
		key.rank += behind
		l[key.key], changed = key, true
	}
	for key := range l {
		if exclusive && !wanted[key] {
			delete(l, key)
			changed = true
		}
	}
	return changed
}

// remove takes the keys out, whatever their options are.
func (l keyLines) remove(keys []keyLine) (changed bool) {
	for _, key := range keys {
		if _, there := l[key.key]; there {
			delete(l, key.key)
			changed = true
		}
	}
	return changed
}
