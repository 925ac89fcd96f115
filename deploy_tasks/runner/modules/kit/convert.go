package kit

import (
	"math"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"runner/fmt"
	"runner/module"
	"runner/value"
)

var (
	yes = []string{"y", "yes", "on", "1", "true", "t", "1.0"}
	no  = []string{"n", "no", "off", "0", "false", "f", "0.0"}
)

// convert gives an argument the type its module wants, and checks its choices.
func convert(c *module.Call, a Arg, v any) (any, error) {
	out, err := convertKind(c, a.Kind, v)
	if err != nil {
		return nil, fmt.Errorf("argument '%s' is of type <class '%s'> and we were unable to convert to %s: %w",
			a.Name, value.TypeName(v), kindName(a.Kind), err)
	}
	if s, ok := out.(string); ok && len(a.Choices) > 0 && !slices.Contains(a.Choices, s) {
		if word := chosen(s, a.Choices); word != "" {
			return word, nil
		}
		return nil, fmt.Errorf("value of %s must be one of: %s, got: %s", a.Name, strings.Join(a.Choices, ", "), s)
	}
	return out, nil
}

// chosen is the choice that a flag means which YAML has made of it: no, written without quotes.
func chosen(s string, choices []string) string {
	words := map[string][]string{"True": yes, "False": no}[s]
	meant := slices.DeleteFunc(slices.Clone(choices), func(choice string) bool { return !slices.Contains(words, choice) })
	if len(meant) != 1 {
		return ""
	}
	return meant[0]
}

func convertKind(c *module.Call, k Kind, v any) (any, error) {
	switch k {
	case Path:
		return Absolute(c, Expand(c, value.Str(v))), nil
	case Bool:
		return ToBool(v)
	case Int:
		return ToInt(v)
	case Float:
		return ToFloat(v)
	case List:
		return ToList(v)
	case Text:
		return value.Str(v), nil
	}
	return v, nil
}

func kindName(k Kind) string {
	return map[Kind]string{Text: "str", Path: "path", Bool: "bool", Int: "int", Float: "float", List: "list", Raw: "raw"}[k]
}

// ToBool converts a value as Ansible does for an argument that is a bool.
func ToBool(v any) (bool, error) {
	if b, ok := v.(bool); ok {
		return b, nil
	}
	word := strings.ToLower(strings.TrimSpace(value.Str(v)))
	switch {
	case slices.Contains(yes, word):
		return true, nil
	case slices.Contains(no, word):
		return false, nil
	}
	return false, fmt.Errorf("The value '%s' is not a valid boolean.  Valid booleans include: "+
		"'y', 'yes', 'on', '1', 'true', 't', 1, 'n', 'no', 'off', '0', 'false', 'f', 0", value.Str(v))
}

// ToInt converts a value to a whole number; a fraction is refused.
func ToInt(v any) (int64, error) {
	switch n := v.(type) {
	case int64:
		return n, nil
	case float64:
		if n == math.Trunc(n) && math.Abs(n) < 1<<53 {
			return int64(n), nil
		}
	case string:
		if i, err := strconv.ParseInt(strings.TrimSpace(n), 10, 64); err == nil {
			return i, nil
		}
	}
	return 0, fmt.Errorf("\"%s\" cannot be converted to an int", value.Repr(v))
}

// ToFloat converts a value to a number.
func ToFloat(v any) (float64, error) {
	switch n := v.(type) {
	case int64:
		return float64(n), nil
	case float64:
		return n, nil
	case string:
		if f, err := strconv.ParseFloat(strings.TrimSpace(n), 64); err == nil {
			return f, nil
		}
	}
	return 0, fmt.Errorf("\"%s\" cannot be converted to a float", value.Repr(v))
}

// ToList converts a value to texts: the items of a list, or what stands between the commas of a text.
func ToList(v any) ([]string, error) {
	switch l := v.(type) {
	case string:
		parts := strings.Split(l, ",")
		for i := range parts {
			parts[i] = strings.TrimSpace(parts[i])
		}
		return parts, nil
	case int64, float64:
		return []string{value.Str(v)}, nil
	}
	if l, ok := value.Items(v); ok {
		return Texts(l), nil
	}
	return nil, fmt.Errorf("%s cannot be converted to a list", value.TypeName(v))
}

// Texts are values as texts, as Python's str words them.
func Texts(items []any) []string {
	out := make([]string, len(items))
	for i, item := range items {
		out[i] = value.Str(item)
	}
	return out
}

// Expand replaces a leading ~ and the variables that the call's environment defines; unknown ones stay as they are.
func Expand(c *module.Call, s string) string {
	if strings.Contains(s, "$") {
		s = expandVars(c.Env, s)
	}
	if s == "~" || strings.HasPrefix(s, "~/") {
		if home := Environ(c.Env, "HOME"); home != "" {
			return home + s[1:]
		}
		return s
	}
	if name, rest, _ := strings.Cut(strings.TrimPrefix(s, "~"), "/"); strings.HasPrefix(s, "~") {
		if home := HomeOf(name); home != "" {
			return filepath.Join(home, rest)
		}
	}
	return s
}

// expandVars works like Python's os.path.expandvars: $NAME and ${NAME}.
func expandVars(env []string, s string) string {
	var out strings.Builder
	for i := 0; i < len(s); {
		name, end := variableAt(s, i)
		if v, ok := LookupEnv(env, name); name != "" && ok {
			out.WriteString(v)
			i = end
			continue
		}
		out.WriteByte(s[i])
		i++
	}
	return out.String()
}

// variableAt returns the name of the variable that is mentioned at s[i:], and where the mention ends.
func variableAt(s string, i int) (string, int) {
	if s[i] != '$' || i+1 >= len(s) {
		return "", i
	}
	if s[i+1] == '{' {
		if n := strings.IndexByte(s[i+2:], '}'); n >= 0 {
			return s[i+2 : i+2+n], i + n + 3
		}
		return "", i
	}
	end := i + 1
	for end < len(s) && isWord(s[end]) {
		end++
	}
	return s[i+1 : end], end
}

func isWord(b byte) bool {
	return b == '_' || '0' <= b && b <= '9' || 'a' <= b && b <= 'z' || 'A' <= b && b <= 'Z'
}

// Environ is a variable of a call's environment, or of the runner's own where the call's lacks it.
func Environ(env []string, name string) string {
	v, ok := LookupEnv(env, name)
	if !ok {
		return os.Getenv(name)
	}
	return v
}

// LookupEnv is a variable of an environment of KEY=value entries; the last entry counts.
func LookupEnv(env []string, name string) (string, bool) {
	for i := len(env) - 1; i >= 0 && name != ""; i-- {
		if v, ok := strings.CutPrefix(env[i], name+"="); ok {
			return v, true
		}
	}
	return "", false
}

// Absolute makes a path absolute and keeps a trailing slash, which means something to copy and file.
func Absolute(c *module.Call, p string) string {
	if p == "" || filepath.IsAbs(p) {
		return p
	}
	base := c.Cwd
	if base == "" {
		base, _ = os.Getwd()
	}
	return strings.TrimSuffix(base, "/") + "/" + p
}
