package jmespath

import (
	"runner/fmt"
	"runner/value"
)

// Query is a parsed query.
type Query struct{ run run }

// Search gives what the query finds in v.
func (q *Query) Search(v any) (any, error) { return q.run(v) }

// run is an expression, ready to be applied to a value.
type run func(v any) (any, error)

// powers say how tightly the signs bind, as in JMESPath's own parser.
var powers = map[string]int{
	"|": 1, "||": 2, "&&": 3, "==": 5, "!=": 5, "<": 5, "<=": 5, ">": 5, ">=": 5, "[]": 9, "*": 20, "[?": 21, ".": 40, "!": 45,
	"{": 50, "[": 55, "(": 60,
}

const maxDepth = 200

type parser struct {
	tokens []token
	at     int
	depth  int
}

// Compile parses a query.
func Compile(query string) (*Query, error) {
	tokens, err := lex(query)
	if err != nil {
		return nil, err
	}
	p := &parser{tokens: tokens}
	out, err := p.expression(0)
	if err == nil && p.kind() != "end" {
		err = p.unexpected()
	}
	if err != nil {
		return nil, err
	}
	return &Query{out}, nil
}

func (p *parser) kind() string { return p.tokens[p.at].kind }

func (p *parser) ahead(n int) string { return p.tokens[min(p.at+n, len(p.tokens)-1)].kind }

func (p *parser) next() token {
	t := p.tokens[p.at]
	if t.kind != "end" {
		p.at++
	}
	return t
}

func (p *parser) unexpected() error { return unexpected(p.tokens[p.at]) }

func unexpected(t token) error {
	if t.kind == "end" {
		return fmt.Errorf("the query ends too early")
	}
	return fmt.Errorf("unexpected %s at %d", t.kind, t.at)
}

func (p *parser) match(kind string) error {
	if p.kind() != kind {
		return p.unexpected()
	}
	p.at++
	return nil
}

func (p *parser) expression(power int) (run, error) {
	if p.depth++; p.depth > maxDepth {
		return nil, fmt.Errorf("the query is nested too deep")
	}
	defer func() { p.depth-- }()
	left, err := p.first()
	for err == nil && power < powers[p.kind()] {
		left, err = p.after(left)
	}
	return left, err
}

func identity(v any) (any, error) { return v, nil }

// first reads what an expression begins with.
func (p *parser) first() (run, error) {
	t := p.next()
	switch t.kind {
	case "literal":
		return func(any) (any, error) { return t.value, nil }, nil
	case "name", "quoted":
		if t.kind == "name" && p.kind() == "(" {
			return p.call(t.value.(string))
		}
		return field(t.value.(string)), nil
	case "@":
		return identity, nil
	case "*":
		if p.kind() == "]" {
			return projectValues(identity, identity), nil
		}
		right, err := p.projected(powers["*"])
		return projectValues(identity, right), err
	case "[?":
		return p.filter(identity)
	case "{":
		return p.hash()
	case "(":
		inner, err := p.expression(0)
		if err == nil {
			err = p.match(")")
		}
		return inner, err
	case "[]":
		right, err := p.projected(powers["[]"])
		return project(flatten(identity), right), err
	case "[":
		return p.bracket()
	case "!":
		inner, err := p.expression(powers["!"])
		return not(inner), err
	}
	return nil, unexpected(t)
}

// bracket reads [0], [1:2], [*] or [a, b] at the beginning of an expression.
func (p *parser) bracket() (run, error) {
	if p.kind() == "number" || p.kind() == ":" {
		return p.index(identity)
	}
	if p.kind() == "*" && p.ahead(1) == "]" {
		p.at += 2
		right, err := p.projected(powers["*"])
		return project(identity, right), err
	}
	return p.list()
}

// after reads what may follow an expression.
func (p *parser) after(left run) (run, error) {
	t := p.next()
	switch t.kind {
	case ".":
		if p.kind() == "*" {
			p.at++
			right, err := p.projected(powers["."])
			return projectValues(left, right), err
		}
		right, err := p.afterDot(powers["."])
		return pipe(left, right), err
	case "|":
		right, err := p.expression(powers["|"])
		return pipe(left, right), err
	case "||", "&&":
		right, err := p.expression(powers[t.kind])
		return logic(left, right, t.kind == "||"), err
	case "[?":
		return p.filter(left)
	case "==", "!=", "<", "<=", ">", ">=":
		right, err := p.expression(powers[t.kind])
		return compare(t.kind, left, right), err
	case "[]":
		right, err := p.projected(powers["[]"])
		return project(flatten(left), right), err
	case "[":
		if p.kind() == "number" || p.kind() == ":" {
			return p.index(left)
		}
		if err := p.match("*"); err != nil {
			return nil, err
		}
		if err := p.match("]"); err != nil {
			return nil, err
		}
		right, err := p.projected(powers["*"])
		return project(left, right), err
	}
	return nil, unexpected(t)
}

// projected reads what is applied to each item of a projection.
func (p *parser) projected(power int) (run, error) {
	switch kind := p.kind(); {
	case powers[kind] < 10:
		return identity, nil
	case kind == "[" || kind == "[?":
		return p.expression(power)
	case kind == ".":
		p.at++
		return p.afterDot(power)
	}
	return nil, p.unexpected()
}

func (p *parser) afterDot(power int) (run, error) {
	switch p.kind() {
	case "name", "quoted", "*":
		return p.expression(power)
	case "[":
		p.at++
		return p.list()
	case "{":
		p.at++
		return p.hash()
	}
	return nil, p.unexpected()
}

func (p *parser) filter(left run) (run, error) {
	condition, err := p.expression(0)
	if err == nil {
		err = p.match("]")
	}
	if err != nil {
		return nil, err
	}
	right := run(identity)
	if p.kind() != "[]" {
		right, err = p.projected(powers["[?"])
	}
	return filtered(left, condition, right), err
}

// index reads a number or a slice and its closing bracket.
func (p *parser) index(left run) (run, error) {
	var parts [3]any
	colons := 0
	for p.kind() != "]" && colons < 3 {
		switch p.kind() {
		case ":":
			colons++
		case "number":
			if parts[min(colons, 2)] != nil {
				return nil, p.unexpected()
			}
			parts[colons] = p.tokens[p.at].value
		default:
			return nil, p.unexpected()
		}
		p.at++
	}
	if err := p.match("]"); err != nil || colons > 2 {
		return nil, fmt.Errorf("a slice has at most three parts")
	}
	if colons == 0 {
		return pipe(left, item(parts[0].(int64))), nil
	}
	right, err := p.projected(powers["*"])
	return project(pipe(left, slice(parts)), right), err
}

func (p *parser) list() (run, error) {
	var parts []run
	for {
		part, err := p.expression(0)
		if err != nil {
			return nil, err
		}
		parts = append(parts, part)
		if p.kind() == "]" {
			p.at++
			return selectList(parts), nil
		}
		if err := p.match(","); err != nil {
			return nil, err
		}
	}
}

func (p *parser) hash() (run, error) {
	var names []string
	var parts []run
	for {
		t := p.next()
		if t.kind != "name" && t.kind != "quoted" {
			return nil, unexpected(t)
		}
		if err := p.match(":"); err != nil {
			return nil, err
		}
		part, err := p.expression(0)
		if err != nil {
			return nil, err
		}
		names, parts = append(names, t.value.(string)), append(parts, part)
		if p.kind() == "}" {
			p.at++
			return selectHash(names, parts), nil
		}
		if err := p.match(","); err != nil {
			return nil, err
		}
	}
}

// reference is the argument &expression of a function.
type reference struct{ run run }

func (p *parser) call(name string) (run, error) {
	p.at++
	var arguments []any
	for p.kind() != ")" {
		isReference := p.kind() == "&"
		if isReference {
			p.at++
		}
		argument, err := p.expression(0)
		if err != nil {
			return nil, err
		}
		if isReference {
			arguments = append(arguments, reference{argument})
		} else {
			arguments = append(arguments, argument)
		}
		if p.kind() == "," {
			p.at++
		} else if p.kind() != ")" {
			return nil, p.unexpected()
		}
	}
	p.at++
	f, ok := functions()[name]
	if !ok {
		return nil, fmt.Errorf("no function named %s()", name)
	}
	if len(arguments) < f.least || f.most >= 0 && len(arguments) > f.most {
		return nil, fmt.Errorf("%s() does not take %d arguments", name, len(arguments))
	}
	return apply(name, f, arguments), nil
}

func apply(name string, f function, arguments []any) run {
	return func(v any) (any, error) {
		values := make([]any, len(arguments))
		for i, argument := range arguments {
			values[i] = argument
			if evaluate, ok := argument.(run); ok {
				got, err := evaluate(v)
				if err != nil {
					return nil, err
				}
				values[i] = got
			}
		}
		out, err := f.run(values)
		if err != nil {
			return nil, fmt.Errorf("in %s(): %w", name, err)
		}
		return value.Plain(out), nil
	}
}
