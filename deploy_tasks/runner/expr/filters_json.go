package expr

import (
	"strings"

	"runner/value"
)

var jsonFilters = table{
	{"to_json", filterToJSON},
	{"to_nice_json", filterToNiceJSON},
	{"from_json", filterFromJSON},
	{"tojson", filterHTMLJSON},
}

// jsonNames are the keyword arguments of Python's json.dumps that have a meaning here; the rest are accepted.
var jsonNames = []string{"indent", "sort_keys", "separators", "ensure_ascii", "vault_to_text", "preprocess_unsafe", "skipkeys", "allow_nan", "check_circular", "default"}

func filterToJSON(c *call, v any) (any, error) {
	if len(c.args) > 0 {
		return nil, typeError("to_json() takes keyword arguments only")
	}
	style := value.Style{ItemSep: ", ", KeySep: ": ", ASCII: true}
	return dumpJSON(c.params(jsonNames...), v, style)
}

func filterToNiceJSON(c *call, v any) (any, error) {
	p := c.params(jsonNames...)
	if !p.has(0) {
		p.vals[0] = int64(4)
	}
	p.vals[2] = absent{} // separators are fixed
	return dumpJSON(p, v, value.Style{ItemSep: ",", KeySep: ": ", ASCII: true, SortKeys: true})
}

func filterHTMLJSON(c *call, v any) (any, error) {
	style := value.Style{ItemSep: ", ", KeySep: ": ", ASCII: true, SortKeys: true, HTMLSafe: true}
	return dumpJSON(c.params("indent"), v, style)
}

func dumpJSON(p *params, v any, style value.Style) (any, error) {
	p.fail(checkDefined(v))
	switch indent := p.any(0, nil).(type) {
	case nil:
	case string:
		style.Pretty, style.Indent, style.ItemSep = true, indent, ","
	default:
		style.Pretty, style.Indent, style.ItemSep = true, strings.Repeat(" ", min(max(p.whole(indent), 0), 100)), ","
	}
	if len(p.names) > 1 {
		style.SortKeys = p.truth(1, style.SortKeys)
		if separators, ok := value.Items(p.any(2, nil)); ok && len(separators) == 2 {
			style.ItemSep, style.KeySep = p.str(separators[0]), p.str(separators[1])
		}
		style.ASCII = p.truth(3, true)
	}
	p.fail(encodable(v))
	if p.err != nil {
		return nil, p.err
	}
	return string(value.EncodeStyle(v, style)), nil
}

// encodable returns the error of the first part of v that JSON has no form for.
func encodable(v any) error {
	switch v := v.(type) {
	case *value.Dict:
		for key, item := range v.All() {
			if _, isTuple := key.(value.Tuple); isTuple {
				return typeError("keys must be str, int, float, bool or None, not tuple")
			}
			if err := encodable(item); err != nil {
				return err
			}
		}
	case value.Callable:
		return typeError("Object of type %s is not JSON serializable", value.TypeName(v))
	default:
		items, _ := value.Items(v)
		for _, item := range items {
			if err := encodable(item); err != nil {
				return err
			}
		}
	}
	return nil
}

func filterFromJSON(c *call, v any) (any, error) {
	p := c.params()
	s, ok := p.defined(v).(string)
	if !ok {
		p.fail(typeError("the JSON object must be str, bytes or bytearray, not %s", value.TypeName(v)))
	}
	if p.err != nil {
		return nil, p.err
	}
	out, err := value.Decode([]byte(s))
	if err != nil {
		return nil, valueError("from_json: %s", err)
	}
	return out, nil
}
