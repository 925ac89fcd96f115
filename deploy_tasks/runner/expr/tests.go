package expr

import (
	"math"

	"runner/value"
)

// test is one test: the value before `is` and the arguments. Its result is nearly always a bool.
type test func(c *call, v any) (any, error)

var nameTests = table{
	{"filter", func(c *call, v any) (any, error) { return known(c, v, filters) }},
	{"test", func(c *call, v any) (any, error) { return known(c, v, tests) }},
}

// known tests whether a name is one of those there are.
func known(c *call, v any, tables []table) (any, error) {
	if err := setKey(value.NewDict(), v, nil); err != nil {
		return nil, err
	}
	name, ok := v.(string)
	return ok && findIn(tables, name) != nil, c.params().err
}

// is makes a test of a function that looks at any value, undefined ones included.
func is(check func(any) bool) test {
	return func(c *call, v any) (any, error) { return check(v), c.params().err }
}

var typeTests = table{
	{"defined", func(v any) bool { _, undefined := v.(value.Undefined); return !undefined }},
	{"undefined", func(v any) bool { _, undefined := v.(value.Undefined); return undefined }},
	{"none", func(v any) bool { return v == nil }},
	{"boolean", func(v any) bool { _, ok := v.(bool); return ok }},
	{"true", func(v any) bool { return v == true }},
	{"false", func(v any) bool { return v == false }},
	{"integer", func(v any) bool { name := value.TypeName(v); return name == "int" }},
	{"float", func(v any) bool { _, ok := v.(float64); return ok }},
	{"number", func(v any) bool { _, ok := toFloat(v); return ok }},
	{"string", func(v any) bool { _, ok := v.(string); return ok }},
	{"mapping", func(v any) bool { _, ok := v.(*value.Dict); return ok }},
	{"sequence", func(v any) bool { _, ok := value.Len(v); return ok }},
	{"callable", isCallable},
	{"nan", func(v any) bool { f, ok := v.(float64); return ok && math.IsNaN(f) }},
	{"isnan", func(v any) bool { f, ok := v.(float64); return ok && math.IsNaN(f) }},
	{"escaped", func(any) bool { return false }},
	{"iterable", testIterable},
	{"sameas", testSameAs},
	{"lower", textTest(func(s string) bool { return runesHaveCase(s, "lower") })},
	{"upper", textTest(func(s string) bool { return runesHaveCase(s, "upper") })},
}

func isCallable(v any) bool {
	_, ok := v.(value.Callable)
	_, undefined := v.(value.Undefined)
	return ok || undefined
}

func runesHaveCase(s, which string) bool {
	return caseMethods["is"+which](s).(bool)
}

func onTextTest(check func(string) bool) test {
	return func(c *call, v any) (any, error) {
		p := c.params()
		return check(p.str(v)), p.err
	}
}

func testIterable(c *call, v any) (any, error) {
	if u, undefined := v.(value.Undefined); undefined {
		return nil, undefinedError(u)
	}
	_, err := iterate(v)
	return err == nil, c.params().err
}

// testSameAs is Python's `is`: equal for the values of which there is one, the same object for dicts and lists.
func testSameAs(c *call, v any) (any, error) {
	p := c.params("other")
	other := p.need(0)
	if p.err != nil || value.TypeName(v) != value.TypeName(other) {
		return false, p.err
	}
	switch v := v.(type) {
	case *value.Dict:
		return other.(*value.Dict) == v, nil
	case *value.List:
		l, ok := other.(*value.List)
		return ok && l == v, nil
	case []any:
		o, ok := other.([]any)
		return ok && len(o) == len(v) && (len(v) == 0 || &o[0] == &v[0]), nil
	case value.Undefined:
		return v == other, nil
	}
	return value.Equal(v, other), nil
}

var compareTests = table{
	{"eq", testCompare},
	{"equalto", testCompare},
	{"==", testCompare},
	{"ne", testCompare},
	{"!=", testCompare},
	{"lt", testCompare},
	{"lessthan", testCompare},
	{"<", testCompare},
	{"le", testCompare},
	{"<=", testCompare},
	{"gt", testCompare},
	{"greaterthan", testCompare},
	{">", testCompare},
	{"ge", testCompare},
	{">=", testCompare},
	{"in", testCompare},
	{"contains", func(c *call, v any) (any, error) {
		p := c.params("value")
		wanted := p.need(0)
		if p.err != nil {
			return nil, p.err
		}
		return contains(v, wanted)
	}},
	{"odd", func(c *call, v any) (any, error) { return remainder(c, v, 2, 1) }},
	{"even", func(c *call, v any) (any, error) { return remainder(c, v, 2, 0) }},
	{"divisibleby", testDivisible},
}

func testCompare(c *call, v any) (any, error) {
	p := c.params("other")
	other := p.need(0)
	if p.err != nil {
		return nil, p.err
	}
	return compareValues(comparison(c.name), v, other)
}

// comparison is the operator that a test of these names stands for.
func comparison(test string) string {
	switch test {
	case "equalto", "==":
		return "eq"
	case "!=":
		return "ne"
	case "lessthan", "<":
		return "lt"
	case "le", "<=":
		return "lteq"
	case "greaterthan", ">":
		return "gt"
	case "ge", ">=":
		return "gteq"
	}
	return test
}

func remainder(c *call, v any, of, wanted int64) (any, error) {
	p := c.params()
	rest, err := calculate("%", v, of)
	if err != nil || p.err != nil {
		return nil, first(p.err, err)
	}
	return value.Equal(rest, wanted), nil
}

func testDivisible(c *call, v any) (any, error) {
	p := c.params("num")
	by := p.need(0)
	if p.err != nil {
		return nil, p.err
	}
	rest, err := calculate("%", v, by)
	if err != nil {
		return nil, err
	}
	return value.Equal(rest, int64(0)), nil
}

var setTests = table{
	{"subset", testSubset},
	{"issubset", testSubset},
	{"superset", testSuperset},
	{"issuperset", testSuperset},
	{"any", func(c *call, v any) (any, error) { return quantified(c, v, true) }},
	{"all", func(c *call, v any) (any, error) { return quantified(c, v, false) }},
}

func testSubset(c *call, v any) (any, error)   { return covered(c, v, false) }
func testSuperset(c *call, v any) (any, error) { return covered(c, v, true) }

func covered(c *call, v any, swap bool) (any, error) {
	p := c.params("b")
	a, b := p.items(v), p.items(p.need(0))
	if swap {
		a, b = b, a
	}
	known := newItemSet(b)
	for _, item := range a {
		if !known.has(item) {
			return false, p.err
		}
	}
	return true, p.err
}

// quantified is Python's any() or all(): it stops at the first item whose truth decides.
func quantified(c *call, v any, decides bool) (any, error) {
	p := c.params()
	for _, item := range p.items(v) {
		t, err := truth(item)
		if err != nil {
			return nil, err
		}
		if t == decides {
			return decides, p.err
		}
	}
	return !decides, p.err
}
