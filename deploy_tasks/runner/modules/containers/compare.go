package containers

import (
	"slices"

	"runner/modules/kit"
	"runner/value"
)

// nature is what a property of a container is, for comparing it.
type nature int

const (
	single  nature = iota // a text, a number, a flag
	ordered               // a list whose order means something
	set                   // a list whose order means nothing
	records               // such a list of dictionaries
	mapping               // a dictionary
)

// How properties are compared.
const (
	strict = "strict"
	ignore = "ignore"
	allow  = "allow_more_present"
)

// usual is how a property is compared where nothing is said.
func (n nature) usual() string {
	if n == single || n == ordered {
		return strict
	}
	return allow
}

// same compares what is wanted with what a container has.
func same(wanted, has any, how string, n nature) bool {
	if how == ignore {
		return true
	}
	if wanted == nil || has == nil {
		return sameNone(wanted, has, how, n)
	}
	if n == single {
		return value.Equal(wanted, has)
	}
	if n == mapping {
		w, _ := wanted.(*value.Dict)
		h, _ := has.(*value.Dict)
		return w != nil && h != nil && within(w, h) && (how != strict || w.Len() == h.Len())
	}
	w, _ := value.Items(wanted)
	h, _ := value.Items(has)
	switch n {
	case ordered:
		return how == strict && value.Equal(wanted, has) || how != strict && inOrder(w, h)
	case records:
		return covers(w, h, covered) && (how != strict || covers(h, w, func(a, b any) bool { return covered(b, a) }))
	}
	return covers(w, h, value.Equal) && (how != strict || covers(h, w, value.Equal))
}

func sameNone(wanted, has any, how string, n nature) bool {
	if wanted == nil && has == nil {
		return true
	}
	if n == single {
		return false
	}
	if wanted == nil && how == allow {
		return true
	}
	if wanted == nil {
		wanted = has
	}
	length, ok := value.Len(wanted)
	return ok && length == 0
}

// within tells whether every entry of a dictionary is in another.
func within(a, b *value.Dict) bool {
	for key, v := range a.All() {
		w, ok, err := b.GetKey(key)
		if err != nil || !ok || !value.Equal(v, w) {
			return false
		}
	}
	return true
}

func covered(a, b any) bool {
	x, _ := a.(*value.Dict)
	y, _ := b.(*value.Dict)
	return x != nil && y != nil && within(x, y)
}

// covers tells whether every item of a list has its match in another.
func covers(a, b []any, match func(x, y any) bool) bool {
	for _, x := range a {
		if !slices.ContainsFunc(b, func(y any) bool { return match(x, y) }) {
			return false
		}
	}
	return true
}

// inOrder tells whether the items of a list are in another, in this order.
func inOrder(a, b []any) bool {
	at := 0
	for _, x := range a {
		for at < len(b) && !value.Equal(b[at], x) {
			at++
		}
		if at == len(b) {
			return false
		}
		at++
	}
	return true
}

// difference is a property that is not as wanted.
type difference struct {
	name        string
	wanted, has any
}

// differences are kept in the order in which they were found.
type differences []difference

func (d *differences) add(name string, wanted, has any) {
	*d = append(*d, difference{name, wanted, has})
}

// inSequence is a list whose order means nothing, in order.
func inSequence(v any) any {
	items, ok := value.Items(v)
	if !ok {
		return v
	}
	return sortedSet(kit.Texts(items))
}

// dicts are the differences as two dictionaries, before and after.
func (d differences) dicts() (before, after *value.Dict) {
	before, after = kit.Dict(), kit.Dict()
	for _, each := range d {
		before.Set(each.name, each.has)
		after.Set(each.name, each.wanted)
	}
	return before, after
}
