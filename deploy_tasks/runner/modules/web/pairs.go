package web

import (
	"errors"
	"strings"

	"runner/fmt"
	"runner/value"
)

// pairsOf are the entries of a dictionary as texts; a text may hold one, as Ansible reads it.
func pairsOf(name string, v any) ([]pair, error) {
	if v == nil {
		return nil, nil
	}
	if text, ok := v.(string); ok {
		found, err := written(text)
		if err != nil {
			return nil, fmt.Errorf("argument '%s' is of type str and we were unable to convert to dict: %w", name, err)
		}
		v = found
	}
	d, ok := v.(*value.Dict)
	if !ok {
		return nil, fmt.Errorf("argument '%s' is of type %s and we were unable to convert to dict", name, value.TypeName(v))
	}
	var out []pair
	for key, each := range d.All() {
		out = append(out, pair{value.Str(key), value.Str(each)})
	}
	return out, nil
}

// written is a dictionary written as JSON, or as words key=value with commas or blanks between them.
func written(text string) (any, error) {
	if strings.HasPrefix(text, "{") {
		v, err := value.Decode([]byte(text))
		if err != nil {
			return nil, errors.New("unable to evaluate string as dictionary")
		}
		return v, nil
	}
	if !strings.Contains(text, "=") {
		return nil, errors.New("dictionary requested, could not parse JSON or key=value")
	}
	found := value.NewDict()
	for _, word := range fields(strings.TrimSpace(text)) {
		key, text, ok := strings.Cut(word, "=")
		if !ok {
			return nil, errors.New("unable to evaluate string in the \"key=value\" format as dictionary")
		}
		found.Set(key, text)
	}
	return found, nil
}

// fields are the words between commas and blanks; quotes keep both, and a backslash keeps what follows it.
func fields(text string) []string {
	var found []string
	var word strings.Builder
	var quote rune
	escaped := false
	end := func() {
		if word.Len() > 0 {
			found = append(found, word.String())
		}
		word.Reset()
	}
	for _, r := range text {
		switch {
		case escaped:
			word.WriteRune(r)
			escaped = false
		case r == '\\':
			escaped = true
		case quote == 0 && (r == '\'' || r == '"'):
			quote = r
		case quote != 0 && r == quote:
			quote = 0
		case quote == 0 && (r == ',' || r == ' '):
			end()
		default:
			word.WriteRune(r)
		}
	}
	end()
	return found
}
