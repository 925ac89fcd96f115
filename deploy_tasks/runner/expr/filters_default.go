package expr

import "runner/value"

var defaultFilters = table{
	{"default", filterDefault},
	{"d", filterDefault},
	{"mandatory", filterMandatory},
	{"undef", func(c *call, v any) (any, error) { c.args = append([]any{v}, c.args...); return makeUndefined(c) }},
	{"ternary", filterTernary},
	{"bool", filterBool},
	{"type_debug", func(c *call, v any) (any, error) { return value.TypeName(v), c.params().err }},
	{"attr", filterAttr},
	{"extract", filterExtract},
	{"safe", func(c *call, v any) (any, error) { p := c.params(); return p.str(v), p.err }},
}

func filterDefault(c *call, v any) (any, error) {
	p := c.params("default_value", "boolean")
	_, undefined := v.(value.Undefined)
	if undefined || p.truth(1, false) && !value.Truthy(v) {
		return p.any(0, ""), p.err
	}
	return v, p.err
}

func filterMandatory(c *call, v any) (any, error) {
	p := c.params("msg")
	u, undefined := v.(value.Undefined)
	if !undefined || p.err != nil {
		return v, p.err
	}
	if p.any(0, nil) != nil {
		return nil, &Error{Undefined, p.text(0, "")}
	}
	name := ""
	if u.Name != "" {
		name = value.Repr(u.Name) + " "
	}
	return nil, &Error{Undefined, "Mandatory variable " + name + " not defined."}
}

func filterTernary(c *call, v any) (any, error) {
	p := c.params("true_val", "false_val", "none_val")
	yes, no, none := p.need(0), p.need(1), p.any(2, nil)
	p.defined(v)
	switch {
	case p.err != nil:
		return nil, p.err
	case v == nil && none != nil:
		return none, nil
	case value.Truthy(v):
		return yes, nil
	}
	return no, nil
}

func filterBool(c *call, v any) (any, error) {
	p := c.params()
	p.defined(v)
	if p.err != nil || v == nil {
		return nil, p.err
	}
	if s, ok := v.(string); ok {
		switch lower(s) {
		case "yes", "on", "1", "true":
			return true, nil
		}
		return false, nil
	}
	return value.Equal(v, int64(1)), nil
}

// filterAttr is attribute access that never looks at keys.
func filterAttr(c *call, v any) (any, error) {
	p := c.params("name")
	name := p.str(p.need(0))
	if u, ok := v.(value.Undefined); ok {
		p.fail(undefinedError(u))
	}
	if p.err != nil {
		return nil, p.err
	}
	if got, ok := ownAttr(v, name); ok {
		return got, nil
	}
	return missingMember(v, name), nil
}

func filterExtract(c *call, v any) (any, error) {
	p := c.params("container", "morekeys")
	container, more := p.need(0), p.any(1, nil)
	if p.err != nil {
		return nil, p.err
	}
	keys := []any{v}
	if items, ok := value.Items(more); ok {
		keys = append(keys, items...)
	} else if more != nil {
		keys = append(keys, more)
	}
	for _, key := range keys {
		var err error
		if container, err = getItem(container, key); err != nil {
			return nil, err
		}
	}
	return container, nil
}
