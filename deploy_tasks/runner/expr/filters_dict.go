package expr

import (
	"strings"

	"runner/value"
)

var dictFilters = table{
	{"items", filterItems},
	{"dict2items", filterDictToItems},
	{"items2dict", filterItemsToDict},
	{"combine", filterCombine},
	{"subelements", filterSubelements},
	{"rekey_on_member", filterRekey},
}

func sortedDict(d *value.Dict) *value.Dict {
	entries, err := sortBy(pairs(d), attributeGetter(int64(0), nil, false), false)
	if err != nil {
		return d
	}
	out := value.NewDict()
	for _, entry := range entries {
		_ = out.SetKey(entry.(value.Tuple)[0], entry.(value.Tuple)[1]) // a key of a dict: hashable
	}
	return out
}

func filterItems(c *call, v any) (any, error) {
	p := c.params()
	if _, undefined := v.(value.Undefined); undefined {
		return []any{}, p.err
	}
	d, ok := v.(*value.Dict)
	if !ok {
		return nil, typeError("Can only get item pairs from a mapping.")
	}
	return pairs(d), p.err
}

func filterDictToItems(c *call, v any) (any, error) {
	p := c.params("key_name", "value_name")
	keyName, valueName := p.text(0, "key"), p.text(1, "value")
	d, ok := p.defined(v).(*value.Dict)
	if !ok {
		p.fail(typeError("dict2items requires a dictionary, got <class '%s'> instead.", value.TypeName(v)))
	}
	out := []any{}
	for key, item := range d.All() {
		out = append(out, value.DictOf(keyName, key, valueName, item))
	}
	return out, p.err
}

func filterItemsToDict(c *call, v any) (any, error) {
	p := c.params("key_name", "value_name")
	keyName, valueName := p.text(0, "key"), p.text(1, "value")
	items, ok := value.Items(p.defined(v))
	if !ok {
		p.fail(typeError("items2dict requires a list, got <class '%s'> instead.", value.TypeName(v)))
	}
	if p.err != nil {
		return nil, p.err
	}
	out := value.NewDict()
	for _, item := range items {
		d, ok := item.(*value.Dict)
		if !ok {
			return nil, typeError("items2dict requires a list of dictionaries, got %s instead.", value.Repr(v))
		}
		key, hasKey := d.Get(keyName)
		val, hasValue := d.Get(valueName)
		if !hasKey || !hasValue {
			return nil, typeError("items2dict requires each dictionary in the list to contain the keys '%s' and '%s', got %s instead.",
				keyName, valueName, value.Repr(v))
		}
		if err := setKey(out, key, val); err != nil {
			return nil, err
		}
	}
	return out, nil
}

func filterSubelements(c *call, v any) (any, error) {
	p := c.params("subelements", "skip_missing")
	path := attributeParts(nil)
	switch sub := p.need(0).(type) {
	case string:
		path = anyStrings(strings.Split(sub, "."))
	default:
		items, ok := value.Items(sub)
		if !ok {
			p.fail(typeError("subelements must be a list or a string"))
		}
		path = items
	}
	items, ok := value.Items(p.defined(v))
	if d, isDict := v.(*value.Dict); isDict {
		items, ok = d.Values(), true
	}
	if !ok {
		p.fail(typeError("obj must be a list of dicts or a nested dict"))
	}
	skip := p.truth(1, false)
	if p.err != nil {
		return nil, p.err
	}
	return subelements(items, path, skip)
}

func subelements(items, path []any, skip bool) (any, error) {
	out := []any{}
	for _, item := range items {
		inner := item
		for _, key := range path {
			d, ok := inner.(*value.Dict)
			if !ok {
				return nil, typeError("the key %s should point to a dictionary, got '%s'", value.Str(key), value.Str(inner))
			}
			found, ok := d.Get(value.Str(key))
			if !ok && !skip {
				return nil, valueError("could not find %s key in iterated item %s", value.Repr(key), value.Repr(inner))
			}
			inner = found
			if !ok {
				inner = []any{}
				break
			}
		}
		parts, ok := value.Items(inner)
		if !ok {
			return nil, typeError("the key %s should point to a list, got %s", value.Repr(path[len(path)-1]), value.Repr(inner))
		}
		for _, part := range parts {
			out = append(out, value.Tuple{item, part})
		}
	}
	return out, nil
}

func filterRekey(c *call, v any) (any, error) {
	p := c.params("key", "duplicates")
	key, duplicates := p.need(0), p.text(1, "error")
	if duplicates != "error" && duplicates != "overwrite" {
		p.fail(valueError("duplicates parameter to rekey_on_member has unknown value: %s", duplicates))
	}
	items, ok := value.Items(p.defined(v))
	if d, isDict := v.(*value.Dict); isDict {
		items, ok = d.Values(), true
	}
	if !ok {
		p.fail(typeError("Type is not a valid list, set, or dict"))
	}
	if p.err != nil {
		return nil, p.err
	}
	out := value.NewDict()
	for _, item := range items {
		d, ok := item.(*value.Dict)
		if !ok {
			return nil, typeError("List item is not a valid dict")
		}
		name, ok, err := lookupKey(d, key)
		if err != nil {
			return nil, err
		}
		if !ok {
			return nil, valueError("Key %s was not found", value.Str(key))
		}
		if _, taken, _ := out.GetKey(name); taken && duplicates == "error" {
			return nil, valueError("Key %s is not unique, cannot correctly turn into dict", value.Str(name))
		}
		if err := setKey(out, name, d); err != nil {
			return nil, err
		}
	}
	return out, nil
}
