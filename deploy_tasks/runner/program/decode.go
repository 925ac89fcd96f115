package program

import (
	"errors"
	"io/fs"
	"strconv"

	"runner/fmt"
	"runner/module"
	"runner/value"
)

// format is the version of the program that this runner performs.
const format = 1

// Decode reads a program. Compilers write it, so an error means a damaged or foreign one.
func Decode(text []byte) (*Program, error) {
	v, err := value.Decode(text)
	if err != nil {
		return nil, err
	}
	root, ok := v.(*value.Dict)
	if !ok {
		return nil, errors.New("not an object")
	}
	if n, _ := root.Get("format"); n != int64(format) {
		return nil, fmt.Errorf("program format %s, this runner knows %d", value.Str(n), format)
	}
	d := &decoder{}
	p := &Program{Name: d.text(root, "name"), PlaybookDir: d.text(root, "playbook_dir"), Templates: d.dict(root, "templates"),
		Others: d.texts(root, "others"),
		Host:   d.dict(root, "host"), Files: map[string]module.Entry{}, SecretFiles: map[string]string{}}
	for _, item := range d.list(root, "plays") {
		p.Plays = append(p.Plays, d.play(d.object(item, "plays")))
	}
	for name, held := range d.dict(root, "secret_files").All() {
		p.SecretFiles[value.Str(name)] = value.Str(held)
	}
	for name, item := range d.dict(root, "files").All() {
		d.file(p, value.Str(name), d.object(item, "files"))
	}
	return p, d.err
}

// decoder keeps the first error; what follows it reads as empty.
type decoder struct{ err error }

func (d *decoder) fail(key, want string) {
	if d.err == nil {
		d.err = fmt.Errorf("%s: not %s", key, want)
	}
}

func (d *decoder) object(v any, key string) *value.Dict {
	o, ok := v.(*value.Dict)
	if !ok {
		d.fail(key, "an object")
		return value.NewDict()
	}
	return o
}

func get[T any](d *decoder, from *value.Dict, key, want string) (out T) {
	v, ok := from.Get(key)
	if !ok || v == nil {
		return out
	}
	out, ok = v.(T)
	if !ok {
		d.fail(key, want)
	}
	return out
}

func (d *decoder) text(from *value.Dict, key string) string { return get[string](d, from, key, "text") }
func (d *decoder) list(from *value.Dict, key string) []any  { return get[[]any](d, from, key, "a list") }
func (d *decoder) flag(from *value.Dict, key string) bool {
	return get[bool](d, from, key, "true or false")
}

// dict is never nil.
func (d *decoder) dict(from *value.Dict, key string) *value.Dict {
	if o := get[*value.Dict](d, from, key, "an object"); o != nil {
		return o
	}
	return value.NewDict()
}

func (d *decoder) texts(from *value.Dict, key string) []string {
	var out []string
	for _, item := range d.list(from, key) {
		s, ok := item.(string)
		if !ok {
			d.fail(key, "a list of texts")
		}
		out = append(out, s)
	}
	return out
}

// optional is true, false or nil when absent.
func (d *decoder) optional(from *value.Dict, key string) *bool {
	if v, ok := from.Get(key); !ok || v == nil {
		return nil
	}
	b := d.flag(from, key)
	return &b
}

func (d *decoder) file(p *Program, name string, from *value.Dict) {
	mode, err := strconv.ParseUint(d.text(from, "mode"), 8, 16)
	if err != nil {
		d.fail("files."+name+".mode", "an octal mode")
	}
	p.Files[name] = module.Entry{Name: name, Digest: d.text(from, "digest"),
		Size: get[int64](d, from, "size", "a number"), Mode: fs.FileMode(mode)}
}

func (d *decoder) number(from *value.Dict, key string) float64 {
	switch n, _ := from.Get(key); n := n.(type) {
	case nil:
	case int64:
		return float64(n)
	case float64:
		return n
	default:
		d.fail(key, "a number")
	}
	return 0
}

// given is a VALUE, nil when absent.
func (d *decoder) given(from *value.Dict, key string) any {
	v, _ := from.Get(key)
	return v
}
