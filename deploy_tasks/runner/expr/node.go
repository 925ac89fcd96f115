package expr

import (
	"strings"

	"runner/value"
)

// How deep nodes, macros and loops may nest before evaluation gives up.
const maxDepth = 3000

// evaluation is the state of one Eval: the frames of template variables and the text written so far.
type evaluation struct {
	scope  Scope
	seen   map[string]any // variables of the scope, looked up once
	frame  *frame
	root   *frame // of the template
	out    *output
	body   string // what a filter block or block set has written, for the node ["body"]
	depth  int
	parts  *value.Dict // of the template: itself and what it may include
	sheet  *sheet
	copies bool // the tree changes values in place: work on copies
}

func newEvaluation(tree any, s Scope) *evaluation {
	return &evaluation{scope: s, seen: map[string]any{}, copies: changesValues(tree)}
}

func (e *evaluation) node(node any) (any, error) {
	parts, ok := node.([]any)
	if !ok || len(parts) == 0 {
		return nil, brokenError("an expression is missing")
	}
	op, _ := parts[0].(string)
	if e.depth++; e.depth > maxDepth {
		return nil, limitError("the expression is nested too deep")
	}
	defer func() { e.depth-- }()
	if eval, ok := nodes[op]; ok && len(parts) >= eval.size {
		return eval.run(e, parts)
	}
	return nil, brokenError("no such expression: %s", op)
}

type nodeEval struct {
	size int // how many elements the node has at least
	run  func(*evaluation, []any) (any, error)
}

var nodes map[string]nodeEval

func init() {
	nodes = map[string]nodeEval{
		"lit":     {2, func(_ *evaluation, n []any) (any, error) { return n[1], nil }},
		"var":     {2, (*evaluation).variable},
		"attr":    {3, (*evaluation).attribute},
		"item":    {3, (*evaluation).item},
		"slice":   {5, (*evaluation).slice},
		"list":    {1, (*evaluation).list},
		"tuple":   {1, (*evaluation).tuple},
		"dict":    {1, (*evaluation).dict},
		"neg":     {2, (*evaluation).unary},
		"pos":     {2, (*evaluation).unary},
		"not":     {2, (*evaluation).not},
		"~":       {1, (*evaluation).concat},
		"and":     {3, (*evaluation).and},
		"or":      {3, (*evaluation).or},
		"cmp":     {3, (*evaluation).compare},
		"if":      {4, (*evaluation).conditional},
		"filter":  {5, (*evaluation).filterNode},
		"test":    {5, (*evaluation).testNode},
		"call":    {4, (*evaluation).callNode},
		"tmpl":    {2, (*evaluation).template},
		"native":  {2, (*evaluation).template},
		"data":    {2, (*evaluation).template},
		"value":   {2, func(e *evaluation, n []any) (any, error) { return e.resolve(n[1]) }},
		"fetched": {5, (*evaluation).fetched},
		"spliced": {3, (*evaluation).spliced},
		"body":    {1, func(e *evaluation, _ []any) (any, error) { return e.body, nil }},
	}
	for _, op := range []string{"+", "-", "*", "/", "//", "%", "**"} {
		nodes[op] = nodeEval{3, (*evaluation).binary}
	}
}

func (e *evaluation) all(list []any) ([]any, error) {
	out := make([]any, len(list))
	for i, n := range list {
		v, err := e.node(n)
		if err != nil {
			return nil, err
		}
		out[i] = v
	}
	return out, nil
}

func (e *evaluation) list(n []any) (any, error) {
	items, err := e.all(n[1:])
	if err != nil {
		return nil, err
	}
	return &value.List{Items: items}, nil
}

func (e *evaluation) tuple(n []any) (any, error) {
	items, err := e.all(n[1:])
	return value.Tuple(items), err
}

func (e *evaluation) dict(n []any) (any, error) {
	out := value.NewDict()
	for _, pair := range n[1:] {
		pair, ok := pair.([]any)
		if !ok || len(pair) != 2 {
			return nil, brokenError("a dict needs pairs")
		}
		both, err := e.all(pair)
		if err != nil {
			return nil, err
		}
		if err := setKey(out, both[0], both[1]); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// setKey sets an entry, with the errors of undefined and unhashable keys.
func setKey(d *value.Dict, key, v any) error {
	if u, ok := key.(value.Undefined); ok {
		return undefinedError(u)
	}
	if err := d.SetKey(key, v); err != nil {
		return typeError("%s", err)
	}
	return nil
}

// truth is Python's bool(v), an error when v is undefined.
func truth(v any) (bool, error) {
	if u, ok := v.(value.Undefined); ok && !u.Soft {
		return false, undefinedError(u)
	}
	return value.Truthy(v), nil
}

// condition evaluates a node to its truth.
func (e *evaluation) condition(n any) (bool, error) {
	v, err := e.node(n)
	if err != nil {
		return false, err
	}
	return truth(v)
}

func (e *evaluation) not(n []any) (any, error) {
	t, err := e.condition(n[1])
	return !t, err
}

func (e *evaluation) and(n []any) (any, error) { return e.logic(n, false) }
func (e *evaluation) or(n []any) (any, error)  { return e.logic(n, true) }

// logic returns the left operand when its truth decides, else the right one, as Python does.
func (e *evaluation) logic(n []any, decides bool) (any, error) {
	left, err := e.node(n[1])
	if err != nil {
		return nil, err
	}
	t, err := truth(left)
	if err != nil || t == decides {
		return left, err
	}
	return e.node(n[2])
}

func (e *evaluation) conditional(n []any) (any, error) {
	t, err := e.condition(n[1])
	switch {
	case err != nil:
		return nil, err
	case t:
		return e.node(n[2])
	case n[3] == nil:
		return notChosen(n), nil
	}
	return e.node(n[3])
}

// notChosen is the value of an inline `if` that does not hold and has no `else`.
func notChosen(n []any) value.Undefined {
	where := ""
	if len(n) > 4 {
		where = " on line " + value.Str(n[4])
	}
	return value.Undefined{Hint: "the inline if-expression" + where + " evaluated to false and no else section was defined.", Soft: true}
}

func (e *evaluation) concat(n []any) (any, error) {
	var b strings.Builder
	for _, part := range n[1:] {
		v, err := e.node(part)
		if err != nil {
			return nil, err
		}
		s, err := text(v)
		if err != nil {
			return nil, err
		}
		b.WriteString(s)
	}
	return b.String(), nil
}

// text is Python's str(v), an error when v is or holds something undefined.
func text(v any) (string, error) {
	if s, ok := v.(string); ok {
		return s, nil
	}
	if err := checkDefined(v); err != nil {
		return "", err
	}
	return value.Str(v), nil
}

// resolve is Resolve within this evaluation.
func (e *evaluation) resolve(v any) (any, error) {
	switch v := v.(type) {
	case *value.Dict:
		if node, ok := v.Get("$"); ok && v.Len() == 1 {
			return e.node(node)
		}
		return e.resolveDict(v)
	case []any:
		return e.resolveList(v)
	}
	return v, nil
}

func (e *evaluation) resolveDict(d *value.Dict) (any, error) {
	out := value.NewDict()
	for key, v := range d.All() {
		v, err := e.resolve(v)
		if err != nil {
			return nil, err
		}
		if _, omitted := v.(value.Omit); !omitted {
			if err := setKey(out, key, v); err != nil {
				return nil, err
			}
		}
	}
	return out, nil
}

func (e *evaluation) resolveList(items []any) (any, error) {
	out := make([]any, 0, len(items))
	for _, item := range items {
		v, err := e.resolve(item)
		if err != nil {
			return nil, err
		}
		if _, omitted := v.(value.Omit); !omitted {
			out = append(out, v)
		}
	}
	return out, nil
}
