package expr

import (
	"strings"

	"runner/big"
	"runner/value"
)

// output gathers what a template writes: pieces, so that a template that writes one value can give that value.
type output struct {
	pieces []any
	bytes  int
}

func (o *output) write(v any) error {
	if s, ok := v.(string); ok {
		if o.bytes += len(s); o.bytes > maxTextBytes {
			return limitError("the template writes too much text")
		}
	}
	o.pieces = append(o.pieces, v)
	return nil
}

// text joins the pieces; none is written as nothing, as Ansible writes it.
func (o *output) text() (string, error) {
	var b strings.Builder
	for _, piece := range o.pieces {
		if piece == nil {
			continue
		}
		s, err := text(piece)
		if err != nil {
			return "", err
		}
		b.WriteString(s)
	}
	return b.String(), nil
}

// keepsType says whether a value that a template writes alone stays what it is. A line end behind it makes text of
// numbers and of nothing, as in Ansible, and is lost behind what holds others and behind truth.
func keepsType(v any, newlines []any) bool {
	switch v.(type) {
	case string:
		return false
	case nil, int64, *big.Int, float64:
		return len(newlines) == 0 || newlines[0] == int64(-1)
	case value.Tuple:
		return len(newlines) == 0
	}
	return true
}

// template evaluates ["tmpl", [STMT…], newlines] to text and ["native", …] to the one value written, if it is one. With
// "data" text of several pieces that looks like a list or a mapping is one, too.
func (e *evaluation) template(n []any) (any, error) {
	body, _ := n[1].([]any)
	outer := e.root
	defer func() { e.root = outer }()
	written, err := e.capture(func() error {
		if len(n) > 3 {
			parts, _ := n[3].(*value.Dict)
			return e.writeParts(parts)
		}
		e.root = e.frame
		_, err := e.run(body)
		return err
	})
	if err != nil {
		return nil, err
	}
	if n[0] != "tmpl" && len(written.pieces) == 1 {
		if keepsType(written.pieces[0], n[2:]) {
			return written.pieces[0], nil
		}
	}
	s, err := written.text()
	if err != nil {
		return s, err
	}
	if n[0] == "data" && len(written.pieces) > 1 {
		if v, ok := dataIn(s); ok {
			return v, nil
		}
	}
	if len(n) < 3 {
		return s, nil
	}
	least, _ := n[2].(int64)
	least = max(least, -least)
	has := len(s) - len(strings.TrimRight(s, "\n"))
	return s + strings.Repeat("\n", max(0, min(int(least), maxTextBytes)-has)), nil
}

// capture runs something in a new frame and returns what it wrote.
func (e *evaluation) capture(run func() error) (*output, error) {
	outer := e.out
	e.out = &output{}
	defer func() { e.out = outer }()
	err := e.inFrame(run)
	return e.out, err
}

// captureText is capture as text.
func (e *evaluation) captureText(body []any) (string, error) {
	written, err := e.capture(func() error {
		_, err := e.run(body)
		return err
	})
	if err != nil {
		return "", err
	}
	return written.text()
}

// flow is how a statement list ended.
type flow int

const (
	onward flow = iota
	broke
	continued
)

func (e *evaluation) run(body []any) (flow, error) {
	for _, stmt := range body {
		parts, ok := stmt.([]any)
		if !ok || len(parts) == 0 {
			return onward, brokenError("a statement is missing")
		}
		op, _ := parts[0].(string)
		run, ok := statements[op]
		if !ok || len(parts) < run.size {
			return onward, brokenError("no such statement: %s", op)
		}
		if end, err := run.run(e, parts); err != nil || end != onward {
			return end, err
		}
	}
	return onward, nil
}

type statement struct {
	size int
	run  func(*evaluation, []any) (flow, error)
}

var statements map[string]statement

func init() {
	statements = map[string]statement{
		"text":        {2, plain((*evaluation).writeText)},
		"out":         {2, plain((*evaluation).writeValue)},
		"do":          {2, plain((*evaluation).do)},
		"set":         {3, plain((*evaluation).set)},
		"setblock":    {4, plain((*evaluation).setBlock)},
		"filterblock": {3, plain((*evaluation).filterBlock)},
		"macro":       {6, plain((*evaluation).defineMacro)},
		"callblock":   {5, plain((*evaluation).callBlock)},
		"if":          {5, (*evaluation).branch},
		"for":         {7, (*evaluation).loop},
		"with":        {3, (*evaluation).with},
		"block":       {4, (*evaluation).block},
		"alone":       {2, (*evaluation).alone},
		"place":       {4, plain((*evaluation).place)},
		"include":     {5, plain((*evaluation).include)},
		"import":      {5, plain((*evaluation).importPart)},
		"extends":     {3, plain((*evaluation).extends)},
		"break":       {1, func(*evaluation, []any) (flow, error) { return broke, nil }},
		"continue":    {1, func(*evaluation, []any) (flow, error) { return continued, nil }},
	}
}

// plain makes a statement of one that always goes onward.
func plain(run func(*evaluation, []any) error) func(*evaluation, []any) (flow, error) {
	return func(e *evaluation, n []any) (flow, error) { return onward, run(e, n) }
}

func (e *evaluation) writeText(n []any) error { return e.out.write(n[1]) }

func (e *evaluation) writeValue(n []any) error {
	v, err := e.node(n[1])
	if err != nil {
		return err
	}
	if err := checkDefined(v); err != nil {
		return err
	}
	return e.out.write(frozen(v))
}

// frozen is what v is at the moment it is written: a list may be changed afterwards.
func frozen(v any) any {
	switch v := v.(type) {
	case *value.List, *value.Dict:
		return value.Plain(deepCopy(v))
	case value.Undefined:
		return ""
	case object:
		if s, ok := v.(interface{ String() string }); ok {
			return s.String()
		}
	}
	return v
}

func (e *evaluation) do(n []any) error {
	_, err := e.node(n[1])
	return err
}

func (e *evaluation) set(n []any) error {
	v, err := e.node(n[2])
	if err != nil {
		return err
	}
	return e.assign(n[1], v)
}

// assign gives a target its value: a name, several names in a tuple, or an attribute of a namespace.
func (e *evaluation) assign(target, v any) error {
	parts, _ := target.([]any)
	if len(parts) < 2 {
		return brokenError("a target is missing")
	}
	switch parts[0] {
	case "var":
		name, _ := parts[1].(string)
		e.define(name, changeable(v))
		return nil
	case "tuple":
		return e.unpack(parts[1:], v)
	case "ns":
		return e.assignAttribute(parts, v)
	}
	return brokenError("no such target: %v", parts[0])
}

func (e *evaluation) unpack(targets []any, v any) error {
	items, err := iterate(v)
	if err != nil {
		if IsUndefined(err) {
			return err
		}
		return typeError("cannot unpack non-iterable %s object", value.TypeName(v))
	}
	switch {
	case len(items) > len(targets):
		return valueError("too many values to unpack (expected %d)", len(targets))
	case len(items) < len(targets):
		return valueError("not enough values to unpack (expected %d, got %d)", len(targets), len(items))
	}
	for i, target := range targets {
		if err := e.assign(target, items[i]); err != nil {
			return err
		}
	}
	return nil
}

func (e *evaluation) assignAttribute(target []any, v any) error {
	name, _ := target[1].(string)
	holder, err := e.named(name)
	if err != nil {
		return err
	}
	ns, ok := holder.(*namespace)
	if !ok || len(target) < 3 {
		return typeError("cannot assign attribute on non-namespace object")
	}
	attr, _ := target[2].(string)
	ns.vars.Set(attr, changeable(v))
	return nil
}

func (e *evaluation) setBlock(n []any) error {
	body, _ := n[2].([]any)
	s, err := e.captureText(body)
	if err != nil {
		return err
	}
	v, err := e.filtered(s, n[3])
	if err != nil {
		return err
	}
	return e.assign(n[1], v)
}

func (e *evaluation) filterBlock(n []any) error {
	body, _ := n[2].([]any)
	s, err := e.captureText(body)
	if err != nil {
		return err
	}
	v, err := e.filtered(s, n[1])
	if err != nil {
		return err
	}
	if err := checkDefined(v); err != nil {
		return err
	}
	return e.out.write(frozen(v))
}

// filtered gives the text of a block to the filters written after its tag.
func (e *evaluation) filtered(s string, pipe any) (any, error) {
	if pipe == nil {
		return s, nil
	}
	outer := e.body
	e.body = s
	defer func() { e.body = outer }()
	return e.node(pipe)
}

func (e *evaluation) branch(n []any) (flow, error) {
	body, err := e.chooseBranch(n)
	if err != nil {
		return onward, err
	}
	return e.run(body)
}

func (e *evaluation) chooseBranch(n []any) ([]any, error) {
	others, _ := n[3].([]any)
	for _, option := range append([]any{[]any{n[1], n[2]}}, others...) {
		option, ok := option.([]any)
		if !ok || len(option) != 2 {
			return nil, brokenError("a branch needs a test and a body")
		}
		holds, err := e.condition(option[0])
		if err != nil {
			return nil, err
		}
		if holds {
			body, _ := option[1].([]any)
			return body, nil
		}
	}
	body, _ := n[4].([]any)
	return body, nil
}

func (e *evaluation) with(n []any) (flow, error) {
	pairs, _ := n[1].([]any)
	body, _ := n[2].([]any)
	values := make([]any, len(pairs))
	for i, pair := range pairs {
		pair, ok := pair.([]any)
		if !ok || len(pair) != 2 {
			return onward, brokenError("with needs pairs")
		}
		v, err := e.node(pair[1])
		if err != nil {
			return onward, err
		}
		values[i] = v
	}
	end := onward
	err := e.inFrame(func() error {
		for i, pair := range pairs {
			if err := e.assign(pair.([]any)[0], values[i]); err != nil {
				return err
			}
		}
		var err error
		end, err = e.run(body)
		return err
	})
	return end, err
}

// block is a named part of a template: without `extends` it is written where it stands. Unless it is `scoped` it sees
// the variables of the template, not those of the loop around it.
func (e *evaluation) block(n []any) (flow, error) {
	body, _ := n[2].([]any)
	outer := e.frame
	if n[3] != true {
		e.frame = e.root
	}
	defer func() { e.frame = outer }()
	err := e.inFrame(func() error {
		_, err := e.run(body)
		return err
	})
	return onward, err
}
