package editing

import (
	"io/fs"
	"math"
	"strconv"
	"strings"
	"time"

	"runner/expr/regex"
	"runner/fmt"
	"runner/module"
	"runner/modules/kit"
	"runner/value"
)

// filter is what a file must be like to be found.
type filter struct {
	kind               string
	patterns, excludes []namePattern
	age, size          *int64
	ageStamp           string
	now                time.Time
	contains           *regex.Regex
	whole              bool
	mode               *uint32
	exactMode          bool
}

// namePattern matches a whole name, or its beginning when that is enough.
type namePattern struct {
	*regex.Regex
	whole bool
}

// newFilter reads the arguments; a result when one cannot be used.
func newFilter(p *kit.Params) (*filter, *module.Result) {
	f := &filter{kind: p.Str("file_type"), ageStamp: p.Str("age_stamp"), now: time.Now(), whole: p.Flag("read_whole_file"),
		exactMode: p.Flag("exact_mode")}
	for name, into := range map[string]**int64{"age": &f.age, "size": &f.size} {
		n, ok := amount(p.Str(name), units[name])
		if p.Has(name) && !ok {
			r := kit.Failed("failed to process "+name, kit.Dict(name, p.Str(name)))
			return nil, &r
		}
		if p.Has(name) {
			*into = &n
		}
	}
	if err := f.read(p); err != nil {
		r := kit.Failure(err)
		return nil, &r
	}
	return f, nil
}

func (f *filter) read(p *kit.Params) (err error) {
	patterns := p.List("patterns")
	if len(patterns) == 0 {
		patterns = []string{map[bool]string{false: "*", true: ".*"}[p.Flag("use_regex")]}
	}
	if f.patterns, err = namePatterns(patterns, p.Flag("use_regex")); err != nil {
		return err
	}
	if f.excludes, err = namePatterns(p.List("excludes"), p.Flag("use_regex")); err != nil {
		return err
	}
	if p.Has("contains") {
		if f.contains, err = regex.Compile(p.Str("contains"), 0); err != nil {
			return fmt.Errorf("Invalid regular expression %s: %w", p.Str("contains"), err)
		}
	}
	return f.readMode(p.Raw("mode"))
}

// readMode takes texts alone: a number in YAML may be one in octal or not.
func (f *filter) readMode(mode any) error {
	text, isText := mode.(string)
	if mode != nil && !isText {
		return fmt.Errorf("argument 'mode' is not a string and conversion is not allowed, value is of type %s", value.TypeName(mode))
	}
	if text == "" {
		return nil
	}
	bits, err := kit.ParseMode(text, 0, false)
	f.mode = &bits
	return err
}

var units = map[string]map[byte]int64{
	"age":  {'s': 1, 'm': 60, 'h': 3600, 'd': 86400, 'w': 604800},
	"size": {'b': 1, 'k': 1 << 10, 'm': 1 << 20, 'g': 1 << 30, 't': 1 << 40},
}

// amount reads a number with a unit.
func amount(text string, units map[byte]int64) (int64, bool) {
	text = strings.ToLower(text)
	factor := int64(1)
	if n := len(text); n > 1 {
		if unit, ok := units[text[n-1]]; ok {
			factor, text = unit, text[:n-1]
		}
	}
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil || text[0] == '+' || n > math.MaxInt64/factor || n < -math.MaxInt64/factor {
		return 0, false
	}
	return n * factor, true
}

func namePatterns(texts []string, isRegex bool) ([]namePattern, error) {
	var out []namePattern
	for _, text := range texts {
		pattern := text
		if !isRegex {
			pattern = ofShell(text)
		}
		flags := regex.DotAll
		if isRegex {
			flags = 0
		}
		re, err := regex.Compile(pattern, flags)
		if err != nil {
			return nil, fmt.Errorf("Invalid regular expression %s: %w", text, err)
		}
		out = append(out, namePattern{re, !isRegex})
	}
	return out, nil
}

// ofShell is a shell pattern as a regular expression, by the rules of Python's fnmatch.
func ofShell(pattern string) string {
	var out strings.Builder
	for i := 0; i < len(pattern); i++ {
		switch b := pattern[i]; b {
		case '*':
			out.WriteString(".*")
		case '?':
			out.WriteByte('.')
		case '[':
			set, end := shellSet(pattern, i)
			out.WriteString(set)
			i = end
		default:
			if b < 0x80 {
				out.WriteString(regex.Escape(string(rune(b))))
			} else {
				out.WriteByte(b)
			}
		}
	}
	return out.String()
}

// shellSet is the set that begins at pattern[i], and where it ends; a bracket that none closes stands for itself.
func shellSet(pattern string, i int) (string, int) {
	from := i + 1
	if strings.HasPrefix(pattern[from:], "!") {
		from++
	}
	if strings.HasPrefix(pattern[from:], "]") {
		from++
	}
	n := strings.IndexByte(pattern[from:], ']')
	if n < 0 {
		return `\[`, i
	}
	set := strings.ReplaceAll(pattern[i+1:from+n], `\`, `\\`)
	switch {
	case set[0] == '!':
		set = "^" + set[1:]
	case set[0] == '^' || set[0] == '[':
		set = `\` + set
	}
	return "[" + set + "]", from + n
}

func matchesAny(patterns []namePattern, name string) (bool, error) {
	for _, p := range patterns {
		match := p.Match
		if p.whole {
			match = p.FullMatch
		}
		if m, err := match(name); m != nil || err != nil {
			return m != nil, err
		}
	}
	return false, nil
}

// fits tells whether a file is one of those that are looked for. Its content comes late, as it is the dearest.
func (f *filter) fits(path, name string, info fs.FileInfo) (bool, error) {
	regular := info.Mode().IsRegular()
	if !f.isKind(info) || !f.isAge(info) || regular && !within(f.size, info.Size()) || !f.hasMode(info) {
		return false, nil
	}
	if ok, err := matchesAny(f.patterns, name); !ok || err != nil {
		return false, err
	}
	if out, err := matchesAny(f.excludes, name); out || err != nil {
		return false, err
	}
	if f.kind != "file" || f.contains == nil {
		return true, nil
	}
	return hasContent(path, f.contains, f.whole)
}

func (f *filter) isKind(info fs.FileInfo) bool {
	switch f.kind {
	case "directory":
		return info.IsDir()
	case "file":
		return info.Mode().IsRegular()
	case "link":
		return info.Mode()&fs.ModeSymlink != 0
	}
	return true
}

// within tells whether a number is at least a wanted one, or at most the opposite of a negative one.
func within(wanted *int64, is int64) bool {
	switch {
	case wanted == nil:
		return true
	case *wanted >= 0:
		return is >= *wanted
	}
	return is <= -*wanted
}

func (f *filter) isAge(info fs.FileInfo) bool {
	if f.age == nil {
		return true
	}
	st := kit.StatusOf(info)
	stamp := st.Mtime
	switch f.ageStamp {
	case "atime":
		stamp = st.Atime
	case "ctime":
		stamp = st.Ctime
	}
	age := kit.Seconds(f.now) - kit.Seconds(stamp)
	if *f.age >= 0 {
		return age >= float64(*f.age)
	}
	return age <= float64(-*f.age)
}

func (f *filter) hasMode(info fs.FileInfo) bool {
	if f.mode == nil {
		return true
	}
	bits := kit.BitsOf(info.Mode())
	if f.exactMode {
		return bits == *f.mode
	}
	return bits&*f.mode != 0
}
