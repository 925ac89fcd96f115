package expr

import (
	"sort"

	"runner/value"
)

// table names filters or tests. It is plain data: nothing is built when the runner starts, which it does for every host
// and command. What stands under a name is a function in one of the forms that asFilter and asTest know.
type table []struct {
	name string
	run  any
}

func (t table) find(name string) any {
	for i := range t {
		if t[i].name == name {
			return t[i].run
		}
	}
	return nil
}

// findIn looks through several tables.
func findIn(tables []table, name string) any {
	for _, t := range tables {
		if run := t.find(name); run != nil {
			return run
		}
	}
	return nil
}

// namesIn are all names in tables, sorted.
func namesIn(tables []table) []string {
	var out []string
	for _, t := range tables {
		for _, entry := range t {
			out = append(out, entry.name)
		}
	}
	sort.Strings(out)
	return out
}

// asFilter is the filter that a table's entry stands for, nil for none.
func asFilter(run any) filter {
	switch run := run.(type) {
	case func(*call, any) (any, error):
		return run
	case func(string) any:
		return onText(run)
	case func(a, b []any) []any:
		return onTwo(run)
	}
	return nil
}

// Forms of tests.
type (
	textTest   func(string) bool // of the value as text
	pathTest   func(string) bool // of a path or other text that must be text already
	resultTest func(*value.Dict) any
)

// asTest is the test that a table's entry stands for, nil for none.
func asTest(run any) test {
	switch run := run.(type) {
	case func(*call, any) (any, error):
		return run
	case func(any) bool:
		return is(run)
	case textTest:
		return onTextTest(run)
	case pathTest:
		return onPath(run)
	case resultTest:
		return onResult(run)
	}
	return nil
}
