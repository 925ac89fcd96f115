package yaml

import (
	"strings"

	"runner/value"
)

// put sets an entry; `<<` takes over the entries of other dicts that are not set here.
func (p *parser) put(d *value.Dict, key, v any) {
	if key == mergeKey {
		merged := value.NewDict()
		sources, ok := v.([]any)
		if !ok {
			sources = []any{v}
		}
		for i := len(sources) - 1; i >= 0; i-- {
			source, ok := sources[i].(*value.Dict)
			if !ok {
				p.fail("expected a mapping or list of mappings for merging")
			}
			merged.Update(source)
		}
		merged.Update(d)
		*d = *merged
		return
	}
	if err := d.SetKey(key, v); err != nil {
		p.fail("found " + err.Error() + " as a key")
	}
}

type merge struct{}

var mergeKey any = merge{}

// finish resolves a plain scalar, applies the tag and remembers the anchor.
func (p *parser) finish(props properties, v any, plain bool) any {
	text, isText := v.(string)
	switch {
	case plain && isText && props.tag == "":
		v = resolve(text)
		if text == "<<" {
			v = mergeKey
		}
	case props.tag != "":
		v = p.tagged(props.tag, v)
	}
	if props.anchor != "" {
		p.anchors[props.anchor] = v
	}
	return v
}

func (p *parser) tagged(tag string, v any) any {
	text, isText := v.(string)
	if v == nil {
		text, isText = "", true
	}
	switch strings.TrimPrefix(tag, "!!") {
	case "str", "!", "binary":
		if isText {
			return text
		}
	case "int", "float", "bool", "null", "timestamp":
		if isText {
			if tag == "!!null" {
				return nil
			}
			got := resolve(strings.TrimSpace(text))
			if n, ok := got.(int64); ok && tag == "!!float" {
				return float64(n)
			}
			return got
		}
	case "map", "omap", "seq", "pairs":
		return v
	case "set":
		if d, ok := v.(*value.Dict); ok {
			return d.KeyValues()
		}
	}
	p.fail("could not determine a constructor for the tag '" + tag + "'")
	return nil
}
