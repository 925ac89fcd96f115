package expr

import (
	"sort"

	"runner/value"
)

// filter is one filter: the value before the bar and the arguments.
type filter func(c *call, v any) (any, error)

// filters and tests are those of every runner, and the optional ones that were added.
var filters, tests []table

// Some filters apply others, which initial values must not do.
func init() {
	filters = []table{
		defaultFilters, textFilters, layoutFilters, listFilters, pickFilters, sortFilters, setFilters, dictFilters,
		numberFilters, jsonFilters, encodeFilters, pathFilters, regexFilters, timeFilters,
	}
	tests = []table{typeTests, compareTests, resultTests, setTests, hostTests, versionTests, regexTests, nameTests}
}

// Filters returns the names of all filters, sorted.
func Filters() []string { return namesIn(filters) }

// Tests returns the names of all tests, sorted.
func Tests() []string { return namesIn(tests) }

// Functions returns the names of all functions, sorted.
func Functions() []string { return names(functions) }

func names[T any](table map[string]T) []string {
	out := make([]string, 0, len(table))
	for name := range table {
		out = append(out, name)
	}
	sort.Strings(out)
	return out
}

func (e *evaluation) filterNode(n []any) (any, error) { return e.applied(n, e.applyFilter) }

func (e *evaluation) testNode(n []any) (any, error) { return e.applied(n, e.applyTest) }

// applied evaluates what a filter or test node names: the value, then the arguments.
func (e *evaluation) applied(n []any, apply func(v any, c *call) (any, error)) (any, error) {
	name, _ := n[1].(string)
	v, err := e.node(n[2])
	if err != nil {
		return nil, err
	}
	c, err := e.arguments(name, n[3:])
	if err != nil {
		return nil, err
	}
	return apply(v, c)
}

func (e *evaluation) applyFilter(v any, c *call) (any, error) {
	f := asFilter(findIn(filters, c.name))
	if f == nil {
		return nil, typeError("No filter named %s.", value.Repr(c.name))
	}
	return f(c, v)
}

func (e *evaluation) applyTest(v any, c *call) (any, error) {
	t := asTest(findIn(tests, c.name))
	if t == nil {
		return nil, typeError("No test named %s.", value.Repr(c.name))
	}
	return t(c, v)
}

// onText makes a filter of a function of the value's text without arguments.
func onText(run func(string) any) filter {
	return func(c *call, v any) (any, error) {
		p := c.params()
		s := p.str(v)
		if p.err != nil {
			return nil, p.err
		}
		return run(s), nil
	}
}
