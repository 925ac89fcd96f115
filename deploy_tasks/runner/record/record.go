// Package record reads and writes the runner's own small JSON documents: manifests, requests, journal lines, events,
// reports and the files of the state folder.
package record

import (
	"errors"
	"strconv"

	"runner/value"
)

// Record is a document that can be written: its fields in the order they are written in.
type Record interface{ Fields() *value.Dict }

// Encode writes a record, or any value, as compact JSON.
func Encode(v any) []byte { return value.Encode(v) }

// Line is Encode with the end of a line.
func Line(v any) []byte { return append(Encode(v), '\n') }

// Optional sets a field unless it is empty: "", 0, false, nil or a list of nothing.
func Optional(fields *value.Dict, key string, v any) {
	switch v := v.(type) {
	case nil:
		return
	case string:
		if v == "" {
			return
		}
	case int:
		if v == 0 {
			return
		}
	case int64:
		if v == 0 {
			return
		}
	case bool:
		if !v {
			return
		}
	case []any:
		if len(v) == 0 {
			return
		}
	case value.Raw:
		if len(v) == 0 {
			return
		}
	}
	fields.Set(key, v)
}

// Texts is a list of texts as a value.
func Texts(texts []string) []any {
	out := make([]any, len(texts))
	for i, text := range texts {
		out[i] = text
	}
	return out
}

// List is a list of records as a value.
func List[T Record](records []T) []any {
	out := make([]any, len(records))
	for i, r := range records {
		out[i] = r.Fields()
	}
	return out
}

// Reader reads the fields of one object. An absent field and null read as empty; the first field that is not what it
// should be is kept as the error, for all readers of one document together.
type Reader struct {
	fields *value.Dict
	first  *error
}

// Parse reads a document, which must be an object.
func Parse(text []byte) (Reader, error) {
	v, err := value.Decode(text)
	if err != nil {
		return Reader{}, err
	}
	r := Of(v)
	return r, r.Err()
}

// Of reads a decoded value, which must be an object.
func Of(v any) Reader {
	r := Reader{first: new(error)}
	fields, ok := v.(*value.Dict)
	if !ok {
		r.fail("the document", "an object")
	}
	r.fields = fields
	return r
}

// Err is the first field that was not what it should be.
func (r Reader) Err() error { return *r.first }

func (r Reader) fail(key, want string) {
	if *r.first == nil {
		*r.first = errors.New(key + " is not " + want)
	}
}

// All is the whole object.
func (r Reader) All() *value.Dict { return r.fields }

// Has says whether a field is there and not null.
func (r Reader) Has(key string) bool { return r.Value(key) != nil }

// Value is a field as it is; nil when it is absent.
func (r Reader) Value(key string) any {
	v, _ := r.fields.Get(key)
	return v
}

// Text reads a text.
func (r Reader) Text(key string) string {
	v := r.Value(key)
	s, ok := v.(string)
	if !ok && v != nil {
		r.fail(key, "text")
	}
	return s
}

// Int64 reads a whole number.
func (r Reader) Int64(key string) int64 {
	v := r.Value(key)
	n, ok := v.(int64)
	if !ok && v != nil {
		r.fail(key, "a whole number of 64 bits")
	}
	return n
}

// Int reads a whole number of the machine's size.
func (r Reader) Int(key string) int {
	n := r.Int64(key)
	if int64(int(n)) != n {
		r.fail(key, "a whole number of "+strconv.Itoa(strconv.IntSize)+" bits")
	}
	return int(n)
}

// Float reads a number.
func (r Reader) Float(key string) float64 {
	switch n := r.Value(key).(type) {
	case nil:
	case int64:
		return float64(n)
	case float64:
		return n
	default:
		r.fail(key, "a number")
	}
	return 0
}

// Flag reads true or false.
func (r Reader) Flag(key string) bool {
	v := r.Value(key)
	b, ok := v.(bool)
	if !ok && v != nil {
		r.fail(key, "true or false")
	}
	return b
}

// List reads a list.
func (r Reader) List(key string) []any {
	v := r.Value(key)
	items, ok := v.([]any)
	if !ok && v != nil {
		r.fail(key, "a list")
	}
	return items
}

// Texts reads a list of texts; it is nil when the field is absent.
func (r Reader) Texts(key string) []string {
	items := r.List(key)
	if items == nil {
		return nil
	}
	out := make([]string, len(items))
	for i, item := range items {
		text, ok := item.(string)
		if !ok {
			r.fail(key, "a list of texts")
		}
		out[i] = text
	}
	return out
}

// Ints reads a list of whole numbers.
func (r Reader) Ints(key string) []int {
	var out []int
	for _, item := range r.List(key) {
		n, ok := item.(int64)
		if !ok {
			r.fail(key, "a list of whole numbers")
		}
		out = append(out, int(n))
	}
	return out
}

// Dict reads an object as it is; nil when the field is absent.
func (r Reader) Dict(key string) *value.Dict {
	v := r.Value(key)
	d, ok := v.(*value.Dict)
	if !ok && v != nil {
		r.fail(key, "an object")
	}
	return d
}

// Record reads an object; one that is absent has no fields.
func (r Reader) Record(key string) Reader { return Reader{r.Dict(key), r.first} }

// Records reads a list of objects; it is nil when the field is absent.
func (r Reader) Records(key string) []Reader {
	var out []Reader
	for _, item := range r.List(key) {
		d, ok := item.(*value.Dict)
		if !ok {
			r.fail(key, "a list of objects")
		}
		out = append(out, Reader{d, r.first})
	}
	return out
}
