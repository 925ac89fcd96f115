package synchronize

import (
	"strings"

	"runner/fmt"
	"runner/modules/kit"
)

// rule is one --exclude or --include. deploy_tasks/plan/synchronized.py reads and applies them the same way.
type rule struct {
	include  bool
	pattern  string
	anchored bool // it begins at the top of what is sent
	folders  bool // it stands for folders alone
	below    bool // and for all that is in them (/***)
	whole    bool // it is compared with the whole name, not with its last part
}

// readRules reads rsync_opts, of which only these two options mean something to files that come from a plan.
func readRules(options []string) ([]rule, error) {
	words, err := kit.SplitWords(strings.Join(options, " "))
	if err != nil {
		return nil, fmt.Errorf("rsync_opts: %w", err)
	}
	var rules []rule
	for i := 0; i < len(words); i++ {
		name, pattern, given := strings.Cut(words[i], "=")
		if name != "--exclude" && name != "--include" {
			return nil, fmt.Errorf("rsync_opts can hold --exclude=PATTERN and --include=PATTERN alone, not %s: no rsync runs", words[i])
		}
		if !given && i+1 < len(words) {
			i++
			pattern = words[i]
		}
		if strings.Trim(pattern, "/") == "" || strings.HasPrefix(pattern, "- ") || strings.HasPrefix(pattern, "+ ") || strings.HasPrefix(pattern, "!") {
			return nil, fmt.Errorf("rsync_opts: %s needs a pattern", name)
		}
		rules = append(rules, readRule(name == "--include", pattern))
	}
	return rules, nil
}

func readRule(include bool, pattern string) rule {
	r := rule{include: include, anchored: strings.HasPrefix(pattern, "/")}
	pattern = strings.TrimPrefix(pattern, "/")
	if cut, ok := strings.CutSuffix(pattern, "/***"); ok {
		pattern, r.below = cut, true
	} else {
		r.folders = strings.HasSuffix(pattern, "/")
	}
	r.pattern = strings.TrimSuffix(pattern, "/")
	r.whole = r.anchored || r.below || strings.Contains(r.pattern, "/") || strings.Contains(r.pattern, "**")
	if !strings.ContainsAny(r.pattern, "*?[") {
		r.pattern = strings.ReplaceAll(r.pattern, `\`, `\\`) // it means itself where nothing else is special
	}
	return r
}

// excludes tells whether the rules leave out a name, whatever they say of the folders it is in. The first that fits decides.
func excludes(rules []rule, name string, folder bool) bool {
	for _, r := range rules {
		if r.fits(name, folder) {
			return !r.include
		}
	}
	return false
}

// hidden tells whether a name or a folder that it is in is left out.
func hidden(rules []rule, name string, folder bool) bool {
	for i, c := range name {
		if c == '/' && excludes(rules, name[:i], true) {
			return true
		}
	}
	return excludes(rules, name, folder)
}

func (r rule) fits(name string, folder bool) bool {
	if r.below {
		if folder && r.fitsName(name) {
			return true
		}
		for i := range name {
			if name[i] == '/' && r.fitsName(name[:i]) {
				return true
			}
		}
		return false
	}
	return (folder || !r.folders) && r.fitsName(name)
}

func (r rule) fitsName(name string) bool {
	if !r.whole {
		return wild(r.pattern, kit.LastOf(name))
	}
	if r.anchored {
		return wild(r.pattern, name)
	}
	if strings.HasPrefix(r.pattern, "**") { // any folders, or none
		return wild(r.pattern, "/"+name)
	}
	for from := 0; ; {
		if wild(r.pattern, name[from:]) {
			return true
		}
		next := strings.IndexByte(name[from:], '/')
		if next < 0 {
			return false
		}
		from += next + 1
	}
}

// wild matches a whole name: * and ? stop at a slash, ** does not.
func wild(pattern, name string) bool {
	for pattern != "" {
		switch pattern[0] {
		case '*':
			rest := strings.TrimLeft(pattern, "*")
			far := len(pattern)-len(rest) > 1
			for i := 0; i <= len(name); i++ {
				if wild(rest, name[i:]) {
					return true
				}
				if i < len(name) && name[i] == '/' && !far {
					return false
				}
			}
			return false
		case '?':
			if name == "" || name[0] == '/' {
				return false
			}
		case '[':
			end, ok := class(pattern, name)
			if !ok {
				return false
			}
			pattern, name = pattern[end:], name[1:]
			continue
		case '\\':
			if len(pattern) > 1 {
				pattern = pattern[1:]
			}
			fallthrough
		default:
			if name == "" || name[0] != pattern[0] {
				return false
			}
		}
		pattern, name = pattern[1:], name[1:]
	}
	return name == ""
}

// class matches one byte against [a-z] or [!a-z]; end is what follows the class.
func class(pattern, name string) (end int, ok bool) {
	i := 1
	not := i < len(pattern) && (pattern[i] == '!' || pattern[i] == '^')
	if not {
		i++
	}
	found := false
	for first := true; i < len(pattern) && (first || pattern[i] != ']'); first = false {
		if pattern[i] == '\\' && i+1 < len(pattern) {
			i++
		}
		low, high := pattern[i], pattern[i]
		if i+2 < len(pattern) && pattern[i+1] == '-' && pattern[i+2] != ']' {
			high, i = pattern[i+2], i+2
		}
		found = found || name != "" && low <= name[0] && name[0] <= high
		i++
	}
	if i >= len(pattern) || name == "" || name[0] == '/' {
		return 0, false
	}
	return i + 1, found != not
}
