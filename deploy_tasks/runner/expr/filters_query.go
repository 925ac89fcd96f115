package expr

import (
	"runner/expr/jmespath"
	"runner/value"
)

var queryFilters = table{{"json_query", filterQuery}}

func filterQuery(c *call, v any) (any, error) {
	p := c.params("expr")
	text := textOf(p, p.need(0), "json_query")
	p.fail(checkDefined(v))
	if p.err != nil {
		return nil, p.err
	}
	query, err := jmespath.Compile(text)
	if err != nil {
		return nil, valueError("json_query: %s: %s", value.Repr(text), err)
	}
	out, err := query.Search(v)
	if err != nil {
		return nil, valueError("json_query: %s: %s", value.Repr(text), err)
	}
	return value.Plain(out), nil
}
