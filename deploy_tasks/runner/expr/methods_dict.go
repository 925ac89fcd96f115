package expr

import "runner/value"

func makeDictMethods() methodTable {
	methods := map[string]func(*params, *value.Dict) (any, error){
		"keys":       func(_ *params, d *value.Dict) (any, error) { return d.KeyValues(), nil },
		"values":     func(_ *params, d *value.Dict) (any, error) { return d.Values(), nil },
		"items":      func(_ *params, d *value.Dict) (any, error) { return pairs(d), nil },
		"copy":       func(_ *params, d *value.Dict) (any, error) { return d.Copy(), nil },
		"clear":      func(_ *params, d *value.Dict) (any, error) { d.Clear(); return nil, nil },
		"popitem":    dictPopItem,
		"get":        dictGet,
		"pop":        dictPop,
		"setdefault": dictSetDefault,
	}
	table := methodTable{"update": dictUpdate}
	for name, run := range methods {
		table[name] = func(c *call, v any) (any, error) {
			p := c.params("key", "default")
			if p.err != nil {
				return nil, p.err
			}
			return run(p, v.(*value.Dict))
		}
	}
	return table
}

// pairs returns the entries of a dict as tuples.
func pairs(d *value.Dict) []any {
	out := make([]any, 0, d.Len())
	for key, v := range d.All() {
		out = append(out, value.Tuple{key, v})
	}
	return out
}

// lookupKey finds a key, with the errors of undefined and unhashable ones.
func lookupKey(d *value.Dict, key any) (any, bool, error) {
	if u, ok := key.(value.Undefined); ok {
		if u.Soft {
			return nil, false, nil
		}
		return nil, false, undefinedError(u)
	}
	v, ok, err := d.GetKey(key)
	if err != nil {
		return nil, false, typeError("%s", err)
	}
	return v, ok, nil
}

func dictGet(p *params, d *value.Dict) (any, error) {
	v, ok, err := lookupKey(d, p.need(0))
	if err != nil || p.err != nil {
		return nil, first(p.err, err)
	}
	if !ok {
		return p.any(1, nil), nil
	}
	return v, nil
}

func first(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

func dictPop(p *params, d *value.Dict) (any, error) {
	v, ok, err := lookupKey(d, p.need(0))
	switch {
	case err != nil || p.err != nil:
		return nil, first(p.err, err)
	case ok:
		_, err = d.DeleteKey(p.vals[0])
		return v, err
	case p.has(1):
		return p.vals[1], nil
	}
	return nil, valueError("%s", value.Repr(p.vals[0]))
}

func dictPopItem(_ *params, d *value.Dict) (any, error) {
	entries := pairs(d)
	if len(entries) == 0 {
		return nil, valueError("'popitem(): dictionary is empty'")
	}
	last := entries[len(entries)-1].(value.Tuple)
	_, err := d.DeleteKey(last[0])
	return last, err
}

func dictSetDefault(p *params, d *value.Dict) (any, error) {
	v, ok, err := lookupKey(d, p.need(0))
	if err != nil || p.err != nil || ok {
		return v, first(p.err, err)
	}
	v = changeable(p.any(1, nil))
	return v, d.SetKey(p.vals[0], v)
}

func dictUpdate(c *call, v any) (any, error) {
	made, err := makeDict(c)
	if err != nil {
		return nil, err
	}
	v.(*value.Dict).Update(made.(*value.Dict))
	return nil, nil
}
