package expr

import (
	"strings"

	"runner/big"
	"runner/expr/regex"
	"runner/value"
)

var versionTests = table{{"version", testVersion}, {"version_compare", testVersion}}

var versionOperators = map[string]string{
	"==": "eq", "=": "eq", "eq": "eq", "<": "lt", "lt": "lt", "<=": "lteq", "le": "lteq", ">": "gt", "gt": "gt",
	">=": "gteq", "ge": "gteq", "!=": "ne", "<>": "ne", "ne": "ne",
}

// versionKinds turn a version into a value that orders as the version does.
var versionKinds = map[string]func(string) (any, error){
	"loose": looseVersion, "strict": strictVersion, "semver": semanticVersion, "semantic": semanticVersion, "pep440": pythonVersion,
}

func testVersion(c *call, v any) (any, error) {
	p := c.params("version", "operator", "strict", "version_type")
	p.defined(v)
	other := p.defined(p.need(0))
	op, known := versionOperators[p.text(1, "eq")]
	switch {
	case p.err != nil:
	case p.any(2, nil) != nil && p.any(3, nil) != nil:
		p.fail(valueError("Cannot specify both 'strict' and 'version_type'"))
	case !value.Truthy(v):
		p.fail(valueError("Input version value cannot be empty"))
	case !value.Truthy(other):
		p.fail(valueError("Version parameter to compare against cannot be empty"))
	case !known:
		p.fail(valueError("Invalid operator type (%s). Must be one of '==', '=', 'eq', '<', 'lt', '<=', 'le', '>', 'gt', '>=', 'ge', '!=', '<>', 'ne'", p.text(1, "")))
	}
	kind := "loose"
	if p.any(2, nil) != nil && p.truth(2, false) {
		kind = "strict"
	} else if p.any(3, nil) != nil {
		kind = p.text(3, kind)
	}
	read, ok := versionKinds[kind]
	if !ok {
		p.fail(valueError("Invalid version type (%s). Must be one of 'loose', 'strict', 'semver', 'semantic', 'pep440'", kind))
	}
	if p.err != nil {
		return nil, p.err
	}
	a, err := read(p.str(v))
	if err != nil {
		return nil, valueError("Version comparison failed: %s", err)
	}
	b, err := read(p.str(other))
	if err != nil {
		return nil, valueError("Version comparison failed: %s", err)
	}
	holds, err := compareValues(op, a, b)
	if err != nil {
		return nil, valueError("Version comparison failed: %s", err)
	}
	return holds, nil
}

// looseVersion cuts a version into numbers and words.
func looseVersion(s string) (any, error) {
	out := []any{}
	word := ""
	kind := 0
	flush := func() {
		if word != "" {
			if kind == 1 {
				n, _ := new(big.Int).SetString(word, 10)
				out = append(out, value.Int(n))
			} else {
				out = append(out, word)
			}
		}
		word = ""
	}
	for _, r := range s {
		next := 3
		switch {
		case r == '.':
			next = 0
		case '0' <= r && r <= '9':
			next = 1
		case 'a' <= r && r <= 'z':
			next = 2
		}
		if next != kind || next == 0 {
			flush()
		}
		kind = next
		if next != 0 {
			word += string(r)
		}
	}
	flush()
	return out, nil
}

func versionParts(pattern, s string) ([]string, bool) {
	r, err := regex.Compile(pattern, regex.ASCII)
	if err != nil {
		return nil, false
	}
	m, err := r.Match(s)
	if m == nil || err != nil {
		return nil, false
	}
	parts := make([]string, r.Groups()+1)
	for i := range parts {
		parts[i], _ = m.Group(i)
	}
	return parts, true
}

func whole(s string) any {
	n, ok := new(big.Int).SetString(s, 10)
	if !ok {
		return int64(0)
	}
	return value.Int(n)
}

func strictVersion(s string) (any, error) {
	parts, ok := versionParts(`(\d+)\.(\d+)(?:\.(\d+))?(?:([ab])(\d+))?$`, s)
	if !ok {
		return nil, valueError("invalid version number '%s'", s)
	}
	pre := value.Tuple{int64(1), "", int64(0)} // a release comes after its pre-releases
	if parts[4] != "" {
		pre = value.Tuple{int64(0), parts[4], whole(parts[5])}
	}
	return value.Tuple{whole(parts[1]), whole(parts[2]), whole(parts[3]), pre}, nil
}

const semanticPattern = `(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)` +
	`(?:-((?:0|[1-9]\d*|\d*[a-zA-Z-][0-9a-zA-Z-]*)(?:\.(?:0|[1-9]\d*|\d*[a-zA-Z-][0-9a-zA-Z-]*))*))?(?:\+[0-9a-zA-Z-]+(?:\.[0-9a-zA-Z-]+)*)?$`

func semanticVersion(s string) (any, error) {
	parts, ok := versionParts(semanticPattern, s)
	if !ok {
		return nil, valueError("invalid semantic version '%s'", s)
	}
	pre := value.Tuple{}
	if parts[4] != "" {
		for _, part := range strings.Split(parts[4], ".") {
			if allRunes(part, isDigit) {
				pre = append(pre, value.Tuple{int64(0), whole(part), ""})
			} else {
				pre = append(pre, value.Tuple{int64(1), int64(0), part})
			}
		}
	}
	release := int64(0)
	if len(pre) == 0 {
		release = 1
	}
	return value.Tuple{whole(parts[1]), whole(parts[2]), whole(parts[3]), release, pre}, nil
}

const pythonPattern = `\s*v?(?:(\d+)!)?(\d+(?:\.\d+)*)(?:[-_.]?(alpha|a|beta|b|preview|pre|c|rc)[-_.]?(\d+)?)?` +
	`(?:-(\d+)|[-_.]?(post|rev|r)[-_.]?(\d+)?)?(?:[-_.]?(dev)[-_.]?(\d+)?)?(?:\+([a-z0-9]+(?:[-_.][a-z0-9]+)*))?\s*$`

// pythonVersion orders as PEP 440 says: dev before pre-release before release before post-release.
func pythonVersion(s string) (any, error) {
	parts, ok := versionParts(pythonPattern, strings.ToLower(s))
	if !ok {
		return nil, valueError("Invalid version: '%s'", s)
	}
	release := value.Tuple{}
	for _, part := range strings.Split(parts[2], ".") {
		release = append(release, whole(part))
	}
	for len(release) > 1 && value.Equal(release[len(release)-1], int64(0)) {
		release = release[:len(release)-1]
	}
	isPost := parts[5] != "" || parts[6] != ""
	letters := map[string]int64{"a": 0, "alpha": 0, "b": 1, "beta": 1, "c": 2, "rc": 2, "pre": 2, "preview": 2}
	pre := value.Tuple{int64(9), int64(0)}
	if parts[3] != "" {
		pre = value.Tuple{letters[parts[3]], whole(parts[4])}
	} else if parts[8] != "" && !isPost {
		pre = value.Tuple{int64(-1), int64(0)}
	}
	post, dev := value.Tuple{int64(0), int64(0)}, value.Tuple{int64(1), int64(0)}
	if isPost {
		post = value.Tuple{int64(1), whole(parts[5] + parts[7])}
	}
	if parts[8] != "" {
		dev = value.Tuple{int64(0), whole(parts[9])}
	}
	return value.Tuple{whole(parts[1]), release, pre, post, dev, localVersion(parts[10])}, nil
}

func localVersion(s string) value.Tuple {
	out := value.Tuple{}
	for _, part := range strings.FieldsFunc(s, func(r rune) bool { return strings.ContainsRune("-_.", r) }) {
		if allRunes(part, isDigit) {
			out = append(out, value.Tuple{int64(1), whole(part), ""})
		} else {
			out = append(out, value.Tuple{int64(0), int64(0), part})
		}
	}
	return out
}
