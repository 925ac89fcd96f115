package expr

import (
	"runner/value"
	"runner/value/yaml"
)

var yamlFilters = table{
	{"to_yaml", func(c *call, v any) (any, error) { return dumpYAML(c, v, yaml.FlowLeaves, 2) }},
	{"to_nice_yaml", func(c *call, v any) (any, error) { return dumpYAML(c, v, yaml.FlowNone, 4) }},
	{"from_yaml", func(c *call, v any) (any, error) { return loadYAML(c, v, false) }},
	{"from_yaml_all", func(c *call, v any) (any, error) { return loadYAML(c, v, true) }},
}

func dumpYAML(c *call, v any, flow yaml.Flow, indent int) (any, error) {
	p := c.params("indent", "width", "sort_keys", "default_flow_style", "allow_unicode", "explicit_start", "explicit_end")
	style := yaml.Style{Flow: flow, Indent: indent, SortKeys: p.truth(2, true), Unicode: p.truth(4, true)}
	style.ExplicitStart, style.ExplicitEnd = p.truth(5, false), p.truth(6, false)
	if p.any(0, nil) != nil {
		style.Indent = p.int(0, indent)
	}
	if p.any(1, nil) != nil {
		style.Width = p.int(1, 80)
	}
	if p.any(3, nil) != nil {
		style.Flow = yaml.FlowNone
		if p.truth(3, false) {
			style.Flow = yaml.FlowAll
		}
	}
	p.fail(checkDefined(v))
	if p.err != nil {
		return nil, p.err
	}
	out, err := yaml.Encode(v, style)
	if err != nil {
		return nil, valueError("%s - %s", c.name, err)
	}
	return out, nil
}

func loadYAML(c *call, v any, all bool) (any, error) {
	p := c.params()
	s, ok := p.defined(v).(string)
	if !ok || p.err != nil {
		return v, p.err
	}
	docs, err := yaml.DecodeAll(s)
	if err != nil {
		return nil, valueError("%s", err)
	}
	switch {
	case all:
		return append([]any{}, docs...), nil
	case len(docs) > 1:
		return nil, valueError("YAML: expected a single document in the stream, but found another document")
	case len(docs) == 0:
		return nil, nil
	}
	return value.Plain(docs[0]), nil
}
