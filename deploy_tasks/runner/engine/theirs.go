package engine

import (
	"sort"

	"runner/record"
	"runner/value"
)

// freezeTheirs is what other hosts have performed for this one: what verifies it later must not perform it here.
func (e *Engine) freezeTheirs() *value.Dict {
	out := value.NewDict()
	for key, o := range e.theirs {
		told := o.told("")
		told.Set("result", pack(o.result))
		out.Set(key, told)
	}
	return out
}

// theirs reads what freezeTheirs has written.
func (t *thawing) theirs(frozen *value.Dict) {
	for _, key := range frozen.Keys() {
		told := record.Of(dictIn(frozen, key))
		v, err := unpack(told.Dict("result"))
		result, ok := v.(*value.Dict)
		o := heard(told)
		if o.result = result; err != nil || !ok || told.Err() != nil {
			t.fail("what another host has performed")
			return
		}
		t.e.theirs[key] = o
	}
}

// heard is the outcome that another host has told.
func heard(told record.Reader) outcome {
	return outcome{result: told.Dict("result"), changed: told.Flag("changed"), failed: told.Flag("failed"),
		skipped: told.Flag("skipped"), unreachable: told.Flag("unreachable"), msg: told.Text("msg"), hidden: told.Flag("hidden")}
}

// keys are those of a set, in order.
func keys(set map[string]bool) []string {
	var out []string
	for key := range set {
		out = append(out, key)
	}
	sort.Strings(out)
	return out
}
