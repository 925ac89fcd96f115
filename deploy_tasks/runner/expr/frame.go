package expr

import (
	"errors"

	"runner/value"
)

// frame holds the variables a template has set: one frame for the template, each macro call, loop round and `with`.
type frame struct {
	vars   map[string]any
	parent *frame
	sealed bool // the root of a template that has no variables of others, not even those of the scope
}

// get finds a variable; sealed says that there is none elsewhere either.
func (f *frame) get(name string) (v any, found, sealed bool) {
	for ; f != nil; f = f.parent {
		if v, ok := f.vars[name]; ok {
			return v, true, false
		}
		if f.sealed {
			return nil, false, true
		}
	}
	return nil, false, false
}

// snapshot is a frame with all that is set now.
func (f *frame) snapshot() *frame {
	out := &frame{}
	for ; f != nil; f = f.parent {
		for name, v := range f.vars {
			if _, ok := out.vars[name]; !ok {
				out.set(name, v)
			}
		}
		out.sealed = out.sealed || f.sealed
	}
	return out
}

func (f *frame) set(name string, v any) {
	if f.vars == nil {
		f.vars = map[string]any{}
	}
	f.vars[name] = v
}

// inFrame runs something with a new frame inside the current one.
func (e *evaluation) inFrame(run func() error) error {
	outer := e.frame
	e.frame = &frame{parent: outer}
	defer func() { e.frame = outer }()
	return run()
}

func (e *evaluation) variable(n []any) (any, error) {
	name, ok := n[1].(string)
	if !ok {
		return nil, brokenError("a variable needs a name")
	}
	return e.named(name)
}

// named finds a variable: in the template, in the scope, among the functions.
func (e *evaluation) named(name string) (any, error) {
	v, ok, sealed := e.frame.get(name)
	switch {
	case ok:
		return v, nil
	case sealed:
		return e.builtin(name), nil
	}
	if v, ok := e.seen[name]; ok {
		return v, nil
	}
	v, err := e.fromScope(name)
	if err == nil {
		e.seen[name] = v
	}
	return v, err
}

func (e *evaluation) fromScope(name string) (any, error) {
	v, ok, err := e.scope.Lookup(name)
	var failed *Error
	switch {
	case errors.As(err, &failed) && failed.Kind == Undefined:
		return value.Undefined{Name: name, Hint: failed.Msg}, nil
	case err != nil:
		return nil, err
	case ok && e.copies:
		return deepCopy(v), nil
	case ok:
		return v, nil
	}
	return e.builtin(name), nil
}

// builtin is a function, or undefined.
func (e *evaluation) builtin(name string) any {
	if f, ok := functions[name]; ok {
		return &function{name, f}
	}
	if name == "omit" {
		return value.Omit{}
	}
	return value.Undefined{Name: name}
}

// deepCopy copies lists and dicts, lists so that they can be changed.
func deepCopy(v any) any {
	switch v := v.(type) {
	case []any:
		return &value.List{Items: copyAll(v)}
	case *value.List:
		return &value.List{Items: copyAll(v.Items)}
	case value.Tuple:
		return value.Tuple(copyAll(v))
	case *value.Dict:
		out := value.NewDict()
		for key, item := range v.All() {
			_ = out.SetKey(key, deepCopy(item)) // the key is one of a dict: hashable
		}
		return out
	}
	return v
}

func copyAll(items []any) []any {
	out := make([]any, len(items))
	for i, item := range items {
		out[i] = deepCopy(item)
	}
	return out
}

// changesValues says whether a tree calls a method that changes a list or dict in place; then the evaluation works on
// copies of the scope's variables, and on the same copy wherever a variable is named.
func changesValues(tree any) bool {
	switch tree := tree.(type) {
	case *value.Dict:
		for _, part := range tree.All() {
			if changesValues(part) {
				return true
			}
		}
	case []any:
		if len(tree) == 3 && tree[0] == "attr" {
			if name, ok := tree[2].(string); ok && changes[name] {
				return true
			}
		}
		for _, part := range tree {
			if changesValues(part) {
				return true
			}
		}
	}
	return false
}

// changeable returns v as something methods such as append can change: a list of its own if it is a shared one.
func changeable(v any) any {
	if items, ok := v.([]any); ok {
		return &value.List{Items: append([]any(nil), items...)}
	}
	return v
}

// changeableNode evaluates the operand of a method that changes it, so that the change is seen where the operand lives.
func (e *evaluation) changeableNode(node any) (any, error) {
	n, _ := node.([]any)
	if len(n) == 3 && (n[0] == "attr" || n[0] == "item") {
		return e.changeableMember(n)
	}
	if len(n) >= 4 && n[0] == "call" {
		if callee, ok := n[1].([]any); ok && len(callee) == 3 && callee[0] == "attr" {
			receiver, err := e.changeableNode(callee[1])
			if err != nil {
				return nil, err
			}
			return e.callMethodNode(receiver, callee[2], n)
		}
	}
	v, err := e.node(node)
	return changeable(v), err
}

func (e *evaluation) changeableMember(n []any) (any, error) {
	container, err := e.changeableNode(n[1])
	if err != nil {
		return nil, err
	}
	key := n[2]
	if n[0] == "item" {
		if key, err = e.node(key); err != nil {
			return nil, err
		}
	}
	v, err := getItem(container, key)
	if err != nil {
		return nil, err
	}
	items, shared := v.([]any)
	if !shared {
		return v, nil
	}
	own := &value.List{Items: append([]any(nil), items...)}
	storeMember(container, key, own)
	return own, nil
}

// storeMember puts a list back where it was read from.
func storeMember(container, key any, v *value.List) {
	switch container := container.(type) {
	case *value.Dict:
		_ = container.SetKey(key, v) // it was just found under that key
	case *value.List:
		if i, ok := index(key, len(container.Items)); ok {
			container.Items[i] = v
		}
	case *namespace:
		container.vars.Set(value.Str(key), v)
	}
}
