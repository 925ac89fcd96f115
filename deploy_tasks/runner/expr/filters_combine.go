package expr

import (
	"strings"

	"runner/value"
)

const listMerges = " replace keep append prepend append_rp prepend_rp "

func filterCombine(c *call, v any) (any, error) {
	m := merge{lists: "replace"}
	for key, option := range c.kwargs.All() {
		switch key {
		case "recursive":
			t, err := truth(option)
			if err != nil {
				return nil, err
			}
			m.recursive = t
		case "list_merge":
			m.lists = value.Str(option)
		default:
			return nil, typeError("'recursive' and 'list_merge' are the only valid keyword arguments")
		}
	}
	if !strings.Contains(listMerges, " "+m.lists+" ") {
		return nil, valueError("merge_hash: 'list_merge' argument can only be equal to 'replace', 'keep', 'append', 'prepend', 'append_rp' or 'prepend_rp'")
	}
	terms := flatten(nil, append([]any{v}, c.args...), 1, true)
	if err := checkDefined(value.Tuple(terms)); err != nil {
		return nil, err
	}
	return m.all(terms)
}

type merge struct {
	recursive bool
	lists     string // how lists merge
}

func (m merge) all(terms []any) (any, error) {
	if len(terms) == 0 {
		return value.NewDict(), nil
	}
	if len(terms) == 1 {
		return terms[0], nil
	}
	result := terms[len(terms)-1]
	for i := len(terms) - 2; i >= 0; i-- {
		x, xok := terms[i].(*value.Dict)
		y, yok := result.(*value.Dict)
		if !xok || !yok {
			return nil, typeError("failed to combine variables, expected dicts but got a '%s' and a '%s'.",
				value.TypeName(terms[i]), value.TypeName(result))
		}
		result = m.dicts(x, y)
	}
	return result, nil
}

// dicts returns x with the entries of y over it; neither is changed.
func (m merge) dicts(x, y *value.Dict) *value.Dict {
	if x.Len() == 0 || value.Equal(x, y) {
		return y.Copy()
	}
	if y.Len() == 0 {
		return x
	}
	out := x.Copy()
	for key, theirs := range y.All() {
		if ours, found, _ := out.GetKey(key); found {
			theirs = m.values(ours, theirs)
		}
		_ = out.SetKey(key, theirs) // a key of a dict: hashable
	}
	return out
}

func (m merge) values(ours, theirs any) any {
	x, xDict := ours.(*value.Dict)
	y, yDict := theirs.(*value.Dict)
	if xDict && yDict {
		if m.recursive {
			return m.dicts(x, y)
		}
		return theirs
	}
	a, aList := value.Items(ours)
	b, bList := value.Items(theirs)
	if !aList || !bList {
		return theirs
	}
	switch m.lists {
	case "keep":
		return ours
	case "append":
		return append(append([]any{}, a...), b...)
	case "prepend":
		return append(append([]any{}, b...), a...)
	case "append_rp":
		return append(without(a, b), b...)
	case "prepend_rp":
		return append(append([]any{}, b...), without(a, b)...)
	}
	return theirs
}

func without(items, others []any) []any {
	known := newItemSet(others)
	out := []any{}
	for _, item := range items {
		if !known.has(item) {
			out = append(out, item)
		}
	}
	return out
}
