package expr

import (
	"runner/fmt"
	"runner/value"
)

// iterate returns what a loop over v goes through: the items of a list, the keys of a dict, the characters of text.
func iterate(v any) ([]any, error) {
	switch v := v.(type) {
	case string:
		out := make([]any, 0, len(v))
		for _, r := range v {
			out = append(out, string(r))
		}
		return out, nil
	case *value.Dict:
		return v.KeyValues(), nil
	case value.Undefined:
		if v.Soft {
			return nil, nil
		}
		return nil, undefinedError(v)
	}
	items, ok := value.Items(v)
	if !ok {
		return nil, typeError("'%s' object is not iterable", value.TypeName(v))
	}
	return items, nil
}

// forLoop is one `for` statement, taken apart.
type forLoop struct {
	target     any
	body, none []any // none: what is done when there is nothing to go through
	test       any
	recursive  bool
	unnamed    bool // the body has no variable `loop`
	outer      *frame
}

func (e *evaluation) loop(n []any) (flow, error) {
	l := &forLoop{target: n[1], test: n[5], outer: e.frame}
	l.body, _ = n[3].([]any)
	l.none, _ = n[4].([]any)
	l.recursive, _ = n[6].(bool)
	l.unnamed = len(n) > 7
	over, err := e.node(n[2])
	if err != nil {
		return onward, err
	}
	return onward, e.runLoop(l, over, 0)
}

func (e *evaluation) runLoop(l *forLoop, over any, depth int) error {
	items, err := iterate(over)
	if err != nil {
		return err
	}
	if items, err = e.passing(l, items); err != nil {
		return err
	}
	if len(items) == 0 {
		_, err := e.run(l.none)
		return err
	}
	state := &loopState{items: append([]any(nil), items...), depth: depth, loop: l, eval: e}
	for i := range state.items {
		state.at = i
		end, err := e.round(l, state)
		if err != nil {
			return err
		}
		if end == broke {
			return nil
		}
	}
	return nil
}

// passing returns the items for which the loop's own `if` holds.
func (e *evaluation) passing(l *forLoop, items []any) ([]any, error) {
	if l.test == nil {
		return items, nil
	}
	kept := []any{}
	for _, item := range items {
		err := e.inFrame(func() error {
			if err := e.assign(l.target, item); err != nil {
				return err
			}
			holds, err := e.condition(l.test)
			if holds {
				kept = append(kept, item)
			}
			return err
		})
		if err != nil {
			return nil, err
		}
	}
	return kept, nil
}

func (e *evaluation) round(l *forLoop, state *loopState) (end flow, err error) {
	err = e.inFrame(func() error {
		if !l.unnamed {
			e.frame.set("loop", state)
		}
		if err := e.assign(l.target, state.items[state.at]); err != nil {
			return err
		}
		end, err = e.run(l.body)
		return err
	})
	return end, err
}

// loopState is the variable `loop`.
type loopState struct {
	items     []any
	at, depth int
	last      value.Tuple // what `changed` saw before
	seen      bool
	loop      *forLoop
	eval      *evaluation
}

// FuncName makes the loop callable: `loop(children)` in a recursive loop.
func (s *loopState) FuncName() string { return "loop" }

func (s *loopState) String() string {
	return fmt.Sprintf("<LoopContext %d/%d>", s.at+1, len(s.items))
}

func (s *loopState) attr(name string) (any, bool) {
	at, length := int64(s.at), int64(len(s.items))
	numbers := map[string]int64{
		"index": at + 1, "index0": at, "revindex": length - at, "revindex0": length - at - 1,
		"length": length, "depth": int64(s.depth) + 1, "depth0": int64(s.depth),
	}
	if n, ok := numbers[name]; ok {
		return n, true
	}
	switch name {
	case "first":
		return s.at == 0, true
	case "last":
		return at == length-1, true
	case "previtem":
		return s.neighbour(s.at-1, "there is no previous item"), true
	case "nextitem":
		return s.neighbour(s.at+1, "there is no next item"), true
	case "cycle", "changed":
		return &function{name, s.call(name)}, true
	}
	return nil, false
}

func (s *loopState) neighbour(at int, hint string) any {
	if at < 0 || at >= len(s.items) {
		return value.Undefined{Hint: hint}
	}
	return s.items[at]
}

// changed compares as Python does with tuples: up to the first items that differ, none of which may be undefined.
func (s *loopState) changed(args []any) (any, error) {
	differ := !s.seen || len(s.last) != len(args)
	for i := 0; s.seen && i < min(len(s.last), len(args)); i++ {
		if err := checkDefined(value.Tuple{s.last[i], args[i]}); err != nil {
			return nil, err
		}
		if !value.Equal(s.last[i], args[i]) {
			differ = true
			break
		}
	}
	s.seen, s.last = true, args
	return differ, nil
}

func (s *loopState) call(name string) func(*call) (any, error) {
	return func(c *call) (any, error) {
		if name == "changed" {
			return s.changed(c.args)
		}
		if len(c.args) == 0 {
			return nil, typeError("no items for cycling given")
		}
		return c.args[s.at%len(c.args)], nil
	}
}

// recurse writes the loop's body for other items, one level deeper.
func (s *loopState) recurse(c *call) (any, error) {
	if !s.loop.recursive {
		return nil, typeError("The loop must have the 'recursive' marker to be called recursively.")
	}
	p := c.params("iterable")
	over := p.need(0)
	if p.err != nil {
		return nil, p.err
	}
	e := s.eval
	if e.depth += 10; e.depth > maxDepth {
		return nil, limitError("the loop recurses too deep")
	}
	outer := e.frame
	e.frame = s.loop.outer
	defer func() { e.frame, e.depth = outer, e.depth-10 }()
	written, err := e.capture(func() error { return e.runLoop(s.loop, over, s.depth+1) })
	if err != nil {
		return nil, err
	}
	return written.text()
}
