package expr

import (
	"os"
	"path/filepath"
	"strings"

	"runner/accounts"
	"runner/value"
)

// windowsFilters are of paths on Windows.
var windowsFilters = table{{"win_basename", winBaseName}, {"win_dirname", winDirName}, {"win_splitdrive", winSplitDrive}}

var pathFilters = table{
	{"basename", func(s string) any { return s[strings.LastIndexByte(s, '/')+1:] }},
	{"dirname", func(s string) any { return dirName(s) }},
	{"splitext", splitExt},
	{"normpath", func(s string) any { return normPath(s) }},
	{"realpath", func(s string) any { return realPath(s) }},
	{"expanduser", func(s string) any { return expandUser(s) }},
	{"expandvars", func(s string) any { return expandVars(s) }},
	{"relpath", filterRelPath},
	{"path_join", filterPathJoin},
	{"commonpath", filterCommonPath},
}

func dirName(s string) string {
	head := s[:strings.LastIndexByte(s, '/')+1]
	if strings.Trim(head, "/") != "" {
		head = strings.TrimRight(head, "/")
	}
	return head
}

func splitExt(s string) any {
	start := strings.LastIndexByte(s, '/') + 1
	dot := strings.LastIndexByte(s, '.')
	if dot < start || strings.Trim(s[start:dot], ".") == "" {
		return value.Tuple{s, ""}
	}
	return value.Tuple{s[:dot], s[dot:]}
}

// normPath is os.path.normpath: two leading slashes are kept.
func normPath(s string) string {
	out := filepath.ToSlash(filepath.Clean(s))
	if strings.HasPrefix(s, "//") && !strings.HasPrefix(s, "///") {
		out = "/" + out
	}
	return out
}

// realPath resolves links as far as the path exists.
func realPath(s string) string {
	full, err := filepath.Abs(s)
	if err != nil {
		return s
	}
	rest := ""
	for dir := full; ; dir = filepath.Dir(dir) {
		if found, err := filepath.EvalSymlinks(dir); err == nil {
			return filepath.Join(found, rest)
		}
		if dir == filepath.Dir(dir) {
			return full
		}
		rest = filepath.Join(filepath.Base(dir), rest)
	}
}

func expandUser(s string) string {
	if !strings.HasPrefix(s, "~") {
		return s
	}
	name, rest, slash := strings.Cut(s[1:], "/")
	home := ""
	if name == "" {
		home, _ = os.UserHomeDir()
	} else {
		home = accounts.UserNamed(name).Home
	}
	if home == "" {
		return s
	}
	if slash {
		return strings.TrimRight(home, "/") + "/" + rest
	}
	return home
}

// expandVars replaces $name and ${name}; unknown ones stay.
func expandVars(s string) string {
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] != '$' {
			b.WriteByte(s[i])
			continue
		}
		end := i + 1
		for end < len(s) && (isAlnum(s[end]) || s[end] == '_') {
			end++
		}
		name, next := s[i+1:end], end
		if strings.HasPrefix(s[i+1:], "{") {
			if at := strings.IndexByte(s[i:], '}'); at > 0 {
				name, next = s[i+2:i+at], i+at+1
			}
		}
		if v, ok := os.LookupEnv(name); ok && name != "" {
			b.WriteString(v)
			i = next - 1
		} else {
			b.WriteByte('$')
		}
	}
	return b.String()
}

func winSplitDrive(s string) any {
	if len(s) >= 2 && s[1] == ':' {
		return value.Tuple{s[:2], s[2:]}
	}
	return value.Tuple{"", s}
}

func winBaseName(s string) any {
	if len(s) >= 2 && s[1] == ':' {
		s = s[2:]
	}
	return s[strings.LastIndexAny(s, `/\`)+1:]
}

func winDirName(s string) any {
	drive := ""
	if len(s) >= 2 && s[1] == ':' {
		drive, s = s[:2], s[2:]
	}
	head := s[:strings.LastIndexAny(s, `/\`)+1]
	if trimmed := strings.TrimRight(head, `/\`); trimmed != "" {
		head = trimmed
	}
	return drive + head
}

func filterRelPath(c *call, v any) (any, error) {
	p := c.params("start")
	s, start := p.str(v), p.text(0, ".")
	if p.err != nil {
		return nil, p.err
	}
	from, err := filepath.Abs(start)
	if err != nil {
		return nil, valueError("relpath: %s", err)
	}
	to, err := filepath.Abs(s)
	if err != nil {
		return nil, valueError("relpath: %s", err)
	}
	out, err := filepath.Rel(from, to)
	if err != nil {
		return nil, valueError("relpath: %s", err)
	}
	return filepath.ToSlash(out), nil
}

func filterPathJoin(c *call, v any) (any, error) {
	p := c.params()
	if s, ok := p.defined(v).(string); ok {
		return s, p.err
	}
	items, ok := value.Items(v)
	if !ok || len(items) == 0 {
		p.fail(typeError("|path_join expects string or sequence, got <class '%s'> instead.", value.TypeName(v)))
	}
	out := ""
	for i, item := range items {
		part := textOf(p, item, "path_join")
		switch {
		case i == 0 || strings.HasPrefix(part, "/"):
			out = part
		case out == "" || strings.HasSuffix(out, "/"):
			out += part
		default:
			out += "/" + part
		}
	}
	return out, p.err
}

func filterCommonPath(c *call, v any) (any, error) {
	p := c.params()
	items, ok := value.Items(p.defined(v))
	if !ok {
		p.fail(typeError("|commonpath expects sequence, got <class '%s'> instead.", value.TypeName(v)))
	}
	if p.err == nil && len(items) == 0 {
		p.fail(valueError("commonpath() arg is an empty sequence"))
	}
	var common []string
	absolute := false
	for i, item := range items {
		s := textOf(p, item, "commonpath")
		parts := pathParts(s)
		if i == 0 {
			common, absolute = parts, strings.HasPrefix(s, "/")
			continue
		}
		if strings.HasPrefix(s, "/") != absolute {
			p.fail(valueError("Can't mix absolute and relative paths"))
		}
		n := 0
		for n < len(common) && n < len(parts) && common[n] == parts[n] {
			n++
		}
		common = common[:n]
	}
	out := strings.Join(common, "/")
	if absolute {
		out = "/" + out
	}
	return out, p.err
}

func pathParts(s string) []string {
	var out []string
	for _, part := range strings.Split(s, "/") {
		if part != "" && part != "." {
			out = append(out, part)
		}
	}
	return out
}
