package value

import (
	"iter"
	"math"
	"strconv"

	"runner/big"
	"runner/fmt"
)

// Dict is Python's dict: ordered by insertion, keys of any hashable value (nearly always strings).
type Dict struct {
	keys  []any
	vals  []any
	index map[any]int // by hash key; nil while the dict is small
}

// Up to this many entries a search beats a map.
const smallDict = 8

// NewDict returns an empty dict.
func NewDict() *Dict { return &Dict{} }

// DictOf returns a dict of the given keys and values: DictOf("a", 1, "b", 2).
func DictOf(pairs ...any) *Dict {
	d := NewDict()
	for i := 0; i+1 < len(pairs); i += 2 {
		d.put(pairs[i], pairs[i+1])
	}
	return d
}

// Len is the number of entries; a nil dict has none.
func (d *Dict) Len() int {
	if d == nil {
		return 0
	}
	return len(d.keys)
}

// Get returns the value of a string key and whether it is there.
func (d *Dict) Get(key string) (any, bool) {
	if i := d.find(key); i >= 0 {
		return d.vals[i], true
	}
	return nil, false
}

// Set puts a value under a string key; a new key comes last.
func (d *Dict) Set(key string, v any) { d.put(key, v) }

// Delete removes a string key and says whether it was there.
func (d *Dict) Delete(key string) bool { return d.remove(key) }

// GetKey is Get for any hashable key. The error is Python's for an unhashable one.
func (d *Dict) GetKey(key any) (any, bool, error) {
	h, err := hashKey(key)
	if err != nil {
		return nil, false, err
	}
	if i := d.find(h); i >= 0 {
		return d.vals[i], true, nil
	}
	return nil, false, nil
}

// SetKey is Set for any hashable key.
func (d *Dict) SetKey(key, v any) error {
	if _, err := hashKey(key); err != nil {
		return err
	}
	d.put(key, v)
	return nil
}

// DeleteKey is Delete for any hashable key.
func (d *Dict) DeleteKey(key any) (bool, error) {
	h, err := hashKey(key)
	if err != nil {
		return false, err
	}
	return d.remove(h), nil
}

// Keys returns the keys in order; keys that are not strings in their str() form.
func (d *Dict) Keys() []string {
	keys := make([]string, 0, d.Len())
	for key := range d.All() {
		keys = append(keys, Str(key))
	}
	return keys
}

// KeyValues returns the keys in order, as they are.
func (d *Dict) KeyValues() []any {
	if d == nil {
		return nil
	}
	return append([]any(nil), d.keys...)
}

// Values returns the values in order.
func (d *Dict) Values() []any {
	if d == nil {
		return nil
	}
	return append([]any(nil), d.vals...)
}

// All iterates over keys and values in order. The dict must not be changed meanwhile.
func (d *Dict) All() iter.Seq2[any, any] {
	return func(yield func(any, any) bool) {
		for i := 0; i < d.Len(); i++ {
			if !yield(d.keys[i], d.vals[i]) {
				return
			}
		}
	}
}

// Copy returns a dict of the same entries; the values are shared.
func (d *Dict) Copy() *Dict {
	out := NewDict()
	out.Update(d)
	return out
}

// Update sets every entry of another dict.
func (d *Dict) Update(other *Dict) {
	for key, v := range other.All() {
		d.put(key, v)
	}
}

// Clear removes every entry.
func (d *Dict) Clear() { *d = Dict{} }

func (d *Dict) find(h any) int {
	if d == nil {
		return -1
	}
	if d.index != nil {
		if i, ok := d.index[h]; ok {
			return i
		}
		return -1
	}
	for i, key := range d.keys {
		if k, _ := hashKey(key); k == h {
			return i
		}
	}
	return -1
}

// put sets a key that is known to be hashable.
func (d *Dict) put(key, v any) {
	h, err := hashKey(key)
	if err != nil {
		panic(err)
	}
	if i := d.find(h); i >= 0 {
		d.vals[i] = v
		return
	}
	d.keys = append(d.keys, key)
	d.vals = append(d.vals, v)
	if d.index != nil {
		d.index[h] = len(d.keys) - 1
	} else if len(d.keys) > smallDict {
		d.reindex()
	}
}

func (d *Dict) remove(h any) bool {
	i := d.find(h)
	if i < 0 {
		return false
	}
	d.keys = append(d.keys[:i:i], d.keys[i+1:]...)
	d.vals = append(d.vals[:i:i], d.vals[i+1:]...)
	if d.index != nil {
		d.reindex()
	}
	return true
}

func (d *Dict) reindex() {
	d.index = make(map[any]int, 2*len(d.keys))
	for i, key := range d.keys {
		h, _ := hashKey(key)
		d.index[h] = i
	}
}

// What a key other than a string is filed under, so that 1, 1.0 and true are one key and never the string "1".
type numberKey float64
type bigKey string
type noneKey struct{}
type tupleKey string

func hashKey(key any) (any, error) {
	switch key := key.(type) {
	case string:
		return key, nil
	case nil:
		return noneKey{}, nil
	case bool, int64, *big.Int, float64:
		return hashNumber(key), nil
	case Tuple:
		text := ""
		for _, item := range key {
			h, err := hashKey(item)
			if err != nil {
				return nil, err
			}
			text += keyText(h) + ";"
		}
		return tupleKey(text), nil
	case numberKey, bigKey, noneKey, tupleKey:
		return key, nil
	}
	return nil, fmt.Errorf("unhashable type: '%s'", TypeName(key))
}

// keyText tells the hash keys of a tuple's items apart, whatever they hold.
func keyText(h any) string {
	switch h := h.(type) {
	case string:
		return strconv.Quote(h)
	case numberKey:
		return strconv.FormatFloat(float64(h), 'g', -1, 64)
	case bigKey:
		return string(h)
	case tupleKey:
		return "(" + string(h) + ")"
	}
	return "None"
}

func hashNumber(key any) any {
	const exact = 1 << 53
	switch key := key.(type) {
	case bool:
		if key {
			return numberKey(1)
		}
		return numberKey(0)
	case int64:
		if -exact <= key && key <= exact {
			return numberKey(key)
		}
		return bigKey(big.NewInt(key).String())
	case *big.Int:
		return bigKey(key.String())
	case float64:
		if math.Abs(key) > exact && !math.IsInf(key, 0) {
			return bigKey(big.FromFloat(key).String())
		}
		return numberKey(key)
	}
	return nil
}
