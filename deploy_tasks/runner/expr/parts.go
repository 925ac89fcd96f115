package expr

import (
	"strings"

	"runner/value"
)

// sheet is one template that is being written, with those that it extends.
type sheet struct {
	blocks   map[string][][]any // bodies by name, of the outermost child first
	parent   string             // what it extends, once that is known
	extended bool
	imported map[string]bool // names that it has from elsewhere and does not export
}

// How much deeper a template within a template counts.
const partDepth = 20

// writeParts writes the template whose parts are n[3], beginning with the one that has no name.
func (e *evaluation) writeParts(parts *value.Dict) error {
	outer := e.parts
	e.parts = parts
	defer func() { e.parts = outer }()
	return e.onSheet(&frame{parent: e.frame}, func() error { return e.writePart("") })
}

// onSheet runs something with a sheet and a root frame of its own.
func (e *evaluation) onSheet(root *frame, run func() error) error {
	frame, top, paper := e.frame, e.root, e.sheet
	if e.depth += partDepth; e.depth > maxDepth {
		return limitError("templates include each other too deep")
	}
	e.sheet = &sheet{blocks: map[string][][]any{}, imported: map[string]bool{}}
	root.set("self", &blocks{eval: e, sheet: e.sheet, root: root})
	e.sheet.imported["self"] = true
	e.frame, e.root = root, root
	defer func() { e.frame, e.root, e.sheet, e.depth = frame, top, paper, e.depth-partDepth }()
	return run()
}

// writePart writes a part and then what it extends, on the sheet that there is.
func (e *evaluation) writePart(name string) error {
	v, _ := e.parts.Get(name)
	part, _ := v.([]any)
	if len(part) != 2 {
		return brokenError("no such template: %s", name)
	}
	body, _ := part[0].([]any)
	own, _ := part[1].(*value.Dict)
	for name, block := range own.All() {
		statements, _ := block.([]any)
		e.sheet.blocks[value.Str(name)] = append(e.sheet.blocks[value.Str(name)], statements)
	}
	e.sheet.extended = false
	if _, err := e.run(body); err != nil || !e.sheet.extended {
		return err
	}
	if e.depth += partDepth; e.depth > maxDepth {
		return limitError("templates extend each other without end")
	}
	defer func() { e.depth -= partDepth }()
	return e.writePart(e.sheet.parent)
}

// chosen is the part that a reference means: of several names the first that there is.
func (e *evaluation) chosen(node, files any) (string, bool, error) {
	known, _ := files.(*value.Dict)
	v, err := e.node(node)
	if err != nil {
		return "", false, err
	}
	names, several := value.Items(v)
	if !several {
		if err := checkDefined(v); err != nil {
			return "", false, err
		}
		names = []any{v}
	}
	for _, name := range names {
		if s, ok := name.(string); ok {
			if file, ok := known.Get(s); ok {
				return value.Str(file), true, nil
			}
		}
	}
	return value.Str(v), false, nil
}

// needed is chosen, an error when there is none.
func (e *evaluation) needed(node, files any) (string, error) {
	name, found, err := e.chosen(node, files)
	if err == nil && !found {
		err = valueError("there is no template %s", name)
	}
	return name, err
}

// start is the root frame of a template that is written within this one: with its variables or with none.
func (e *evaluation) start(context any) *frame {
	if context != true {
		return &frame{sealed: true}
	}
	return &frame{parent: e.frame}
}

func (e *evaluation) include(n []any) error {
	name, found, err := e.chosen(n[1], n[2])
	if err != nil {
		return err
	}
	if !found {
		if n[4] == true {
			return nil
		}
		return valueError("there is no template %s", name)
	}
	return e.onSheet(e.start(n[3]), func() error { return e.writePart(name) })
}

func (e *evaluation) extends(n []any) error {
	if e.sheet == nil || e.sheet.extended {
		return valueError("extended multiple times")
	}
	name, err := e.needed(n[1], n[2])
	e.sheet.parent, e.sheet.extended = name, true
	return err
}

// alone runs what a template writes beside its blocks, unless it extends another.
func (e *evaluation) alone(n []any) (flow, error) {
	if e.sheet == nil || e.sheet.extended {
		return onward, nil
	}
	body, _ := n[1].([]any)
	return e.run(body)
}

// importPart makes the module of a template, or sets some of its names.
func (e *evaluation) importPart(n []any) error {
	name, err := e.needed(n[1], n[2])
	if err != nil {
		return err
	}
	made, err := e.importable(name, n[3])
	if err != nil {
		return err
	}
	if target, whole := n[4].(string); whole {
		return e.bring(target, made)
	}
	pairs, _ := n[4].([]any)
	for _, pair := range pairs {
		names, ok := pair.([]any)
		if !ok || len(names) != 2 {
			return brokenError("an import needs names")
		}
		v, ok := made.names.Get(value.Str(names[0]))
		if !ok {
			v = value.Undefined{Name: value.Str(names[0]), Hint: "the template " + value.Repr(name) + " does not export the requested name " + value.Repr(names[0])}
		}
		if err := e.bring(value.Str(names[1]), v); err != nil {
			return err
		}
	}
	return nil
}

// define gives a name its value; what a template itself sets on its own level is there for those that import it.
func (e *evaluation) define(name string, v any) {
	e.frame.set(name, v)
	if e.sheet != nil && e.frame == e.root {
		delete(e.sheet.imported, name)
	}
}

func (e *evaluation) bring(name string, v any) error {
	e.frame.set(name, v)
	if e.sheet != nil && e.frame == e.root {
		e.sheet.imported[name] = true
	}
	return nil
}

// imported is what a template's module is to those that import it: its macros and variables, and as text what it writes.
type imported struct {
	names *value.Dict
	text  string
}

func (m *imported) attr(name string) (any, bool) { return m.names.Get(name) }

func (m *imported) String() string { return m.text }

func (e *evaluation) importable(name string, context any) (*imported, error) {
	root := e.start(context)
	root.parent = root.parent.snapshot()
	made := &imported{names: value.NewDict()}
	outer := e.out
	e.out = &output{}
	defer func() { e.out = outer }()
	err := e.onSheet(root, func() error {
		if err := e.writePart(name); err != nil {
			return err
		}
		for key, v := range root.vars {
			if !strings.HasPrefix(key, "_") && !e.sheet.imported[key] {
				made.names.Set(key, v)
			}
		}
		return nil
	})
	if err == nil {
		made.text, err = e.out.text()
	}
	return made, err
}

// place writes a block of the sheet where the template has its place.
func (e *evaluation) place(n []any) error {
	name, _ := n[1].(string)
	if e.sheet == nil || len(e.sheet.blocks[name]) == 0 {
		return brokenError("no such block: %s", name)
	}
	if n[3] == true && len(e.sheet.blocks[name]) < 2 {
		return valueError("Required block %s not found", value.Repr(name))
	}
	root := e.root
	if n[2] == true {
		root = e.frame
	}
	return e.writeBlock(&block{eval: e, sheet: e.sheet, root: root, name: name})
}

func (e *evaluation) writeBlock(b *block) error {
	outer, top, paper := e.frame, e.root, e.sheet
	if e.depth += partDepth; e.depth > maxDepth {
		return limitError("blocks call each other too deep")
	}
	e.root, e.sheet = b.root, b.sheet
	e.frame = &frame{parent: b.root, vars: map[string]any{"super": b.above()}}
	defer func() { e.frame, e.root, e.sheet, e.depth = outer, top, paper, e.depth-partDepth }()
	_, err := e.run(b.sheet.blocks[b.name][b.level])
	return err
}

// block is a block that can be called: `super` in a block, or `self.name`.
type block struct {
	eval  *evaluation
	sheet *sheet
	root  *frame
	name  string
	level int
}

// FuncName is the block's name.
func (b *block) FuncName() string { return b.name }

// above is the block that this one overrides.
func (b *block) above() any {
	if b.level+1 >= len(b.sheet.blocks[b.name]) {
		return value.Undefined{Name: "super", Hint: "there is no parent block called " + value.Repr(b.name) + "."}
	}
	up := *b
	up.level++
	return &up
}

func (b *block) attr(name string) (any, bool) { return b.above(), name == "super" }

func (b *block) text() (any, error) {
	outer := b.eval.out
	b.eval.out = &output{}
	defer func() { b.eval.out = outer }()
	if err := b.eval.writeBlock(b); err != nil {
		return nil, err
	}
	return b.eval.out.text()
}

// blocks is the variable `self`.
type blocks struct {
	eval  *evaluation
	sheet *sheet
	root  *frame
}

func (s *blocks) attr(name string) (any, bool) {
	if len(s.sheet.blocks[name]) == 0 {
		return nil, false
	}
	return &block{eval: s.eval, sheet: s.sheet, root: s.root, name: name}, true
}
