package argspec

import (
	"math"
	"slices"
	"strconv"
	"strings"

	"runner/big"
	"runner/expr"
	_ "runner/expr/rare" // human_to_bytes
	"runner/fmt"
	"runner/value"
)

var (
	yes = []string{"y", "yes", "on", "1", "true", "t", "1.0"}
	no  = []string{"n", "no", "off", "0", "false", "f", "0.0"}
)

func (c *checker) types(l level, params *value.Dict) {
	for _, name := range l.options.Keys() {
		v, there := params.Get(name)
		o := dictAt(l.options, name)
		if !there || v == nil && !o.truth("required") && o.at("default") == nil {
			continue
		}
		wanted := "str"
		if o.at("type") != nil {
			wanted = value.Str(o.at("type"))
		}
		converted, err := convert(wanted, v)
		if err != nil {
			where := l.found(" found in")
			if where != "" {
				where = " found in '" + strings.Join(l.path, " -> ") + "'."
			}
			c.tell("argument '%s' is of type %s%s and we were unable to convert to %s: %s", name, class(v), where, wanted, err)
			continue
		}
		params.Set(name, converted)
		if elements := o.at("elements"); elements != nil {
			c.elements(l, name, wanted, value.Str(elements), converted, params)
		}
	}
}

func (c *checker) elements(l level, name, wanted, kind string, v any, params *value.Dict) {
	items, ok := v.([]any)
	if wanted != "list" || !ok {
		where := ""
		if len(l.path) > 0 {
			where = " found in '" + strings.Join(l.path, " -> ") + "'."
		}
		c.tell("Invalid type %s for option '%s'%s, elements value check is supported only with 'list' type", wanted,
			value.Str(v), where)
		return
	}
	out := []any{}
	for _, item := range items {
		converted, err := convert(kind, item)
		if err != nil {
			where := ""
			if len(l.path) > 0 {
				where = " found in '" + strings.Join(l.path, " -> ") + "'"
			}
			c.tell("Elements value for option '%s'%s is of type %s and we were unable to convert to %s: %s", name, where,
				class(item), kind, err)
			continue
		}
		out = append(out, converted)
	}
	params.Set(name, out)
}

func class(v any) string { return "<class '" + value.TypeName(v) + "'>" }

// convert gives a value the type that is wanted, where it can have it.
func convert(wanted string, v any) (any, error) {
	switch wanted {
	case "raw":
		return v, nil
	case "str", "path":
		if v == nil {
			return nil, fmt.Errorf("'None' is not a string and conversion is not allowed")
		}
		return value.Str(v), nil
	case "list":
		return toList(v)
	case "dict":
		return toDict(v)
	case "bool":
		return toBool(v)
	case "int":
		return toInt(v)
	case "float":
		return toFloat(v)
	case "json", "jsonarg":
		return toJSON(v)
	case "bytes", "bits":
		return toBytes(wanted, v)
	}
	return nil, fmt.Errorf("'NoneType' object is not callable")
}

func toList(v any) (any, error) {
	switch l := v.(type) {
	case string:
		var out []any
		for _, part := range strings.Split(l, ",") {
			out = append(out, part)
		}
		return out, nil
	case int64, float64, *big.Int, bool:
		return []any{value.Str(v)}, nil
	case value.Tuple:
		return nil, fmt.Errorf("%s cannot be converted to a list", class(v))
	}
	if items, ok := value.Items(v); ok {
		return items, nil
	}
	return nil, fmt.Errorf("%s cannot be converted to a list", class(v))
}

func toDict(v any) (any, error) {
	if _, ok := v.(*value.Dict); ok {
		return v, nil
	}
	s, ok := v.(string)
	switch {
	case !ok:
		return nil, fmt.Errorf("%s cannot be converted to a dict", class(v))
	case strings.HasPrefix(s, "{"):
		if d, err := value.Decode([]byte(s)); err == nil {
			return d, nil
		}
		return nil, fmt.Errorf("unable to evaluate string as dictionary")
	case !strings.Contains(s, "="):
		return nil, fmt.Errorf("dictionary requested, could not parse JSON or key=value")
	}
	d := value.NewDict()
	for _, field := range fields(strings.TrimSpace(s)) {
		key, v, ok := strings.Cut(field, "=")
		if !ok {
			return nil, fmt.Errorf("unable to evaluate string in the \"key=value\" format as dictionary")
		}
		d.Set(key, v)
	}
	return d, nil
}

// fields takes `a=1, b='x y'` apart.
func fields(s string) []string {
	var out []string
	var field strings.Builder
	var quote rune
	escaped := false
	end := func() {
		if field.Len() > 0 {
			out = append(out, field.String())
		}
		field.Reset()
	}
	for _, r := range s {
		switch {
		case escaped:
			field.WriteRune(r)
			escaped = false
		case r == '\\':
			escaped = true
		case quote == 0 && (r == '\'' || r == '"'):
			quote = r
		case quote == r && quote != 0:
			quote = 0
		case quote == 0 && (r == ',' || r == ' '):
			end()
		default:
			field.WriteRune(r)
		}
	}
	end()
	return out
}

func toBool(v any) (any, error) {
	switch v.(type) {
	case bool:
		return v, nil
	case string, int64, float64:
	default:
		return nil, fmt.Errorf("%s cannot be converted to a bool", class(v))
	}
	word := strings.ToLower(strings.TrimSpace(value.Str(v)))
	switch {
	case slices.Contains(yes[:6], word), word == "1.0" && value.TypeName(v) == "float":
		return true, nil
	case slices.Contains(no[:6], word), word == "0.0" && value.TypeName(v) == "float":
		return false, nil
	}
	return nil, fmt.Errorf("The value '%s' is not a valid boolean.  Valid booleans include: "+
		"'y', 'yes', 'on', '1', 'true', 't', 1, 'n', 'no', 'off', '0', 'false', 'f', 0", value.Str(v))
}

func toInt(v any) (any, error) {
	switch n := v.(type) {
	case int64, *big.Int, bool:
		return v, nil
	case float64:
		if n == math.Trunc(n) && math.Abs(n) < 1<<53 {
			return int64(n), nil
		}
	case string:
		s := strings.TrimSpace(n)
		if i, err := strconv.ParseInt(s, 10, 64); err == nil {
			return i, nil
		}
		if f, err := strconv.ParseFloat(s, 64); err == nil && f == math.Trunc(f) && math.Abs(f) < 1<<53 {
			return int64(f), nil
		}
	}
	return nil, fmt.Errorf("\"%s\" cannot be converted to an int", value.Repr(v))
}

func toFloat(v any) (any, error) {
	switch n := v.(type) {
	case float64:
		return v, nil
	case int64:
		return float64(n), nil
	case bool:
		if n {
			return 1.0, nil
		}
		return 0.0, nil
	case string:
		if f, err := strconv.ParseFloat(strings.TrimSpace(n), 64); err == nil {
			return f, nil
		}
	}
	return nil, fmt.Errorf("%s cannot be converted to a float", class(v))
}

func toJSON(v any) (any, error) {
	if s, ok := v.(string); ok {
		return strings.TrimSpace(s), nil
	}
	_, isDict := v.(*value.Dict)
	if _, isList := value.Items(v); !isList && !isDict {
		return nil, fmt.Errorf("%s cannot be converted to a json string", class(v))
	}
	return string(value.Encode(v)), nil
}

// toBytes reads a size for people, such as 2 MB, or Mb where bits are wanted.
func toBytes(wanted string, v any) (any, error) {
	named := value.DictOf("isbits", []any{"lit", wanted == "bits"})
	size, err := expr.Eval([]any{"filter", "human_to_bytes", []any{"lit", value.Str(v)}, []any{}, named}, nothing{})
	if err != nil {
		word := map[string]string{"bytes": "Byte", "bits": "Bit"}[wanted]
		return nil, fmt.Errorf("%s cannot be converted to a %s value", class(v), word)
	}
	return size, nil
}

// nothing is a scope without variables.
type nothing struct{}

func (nothing) Lookup(string) (any, bool, error) { return nil, false, nil }
