package engine

import (
	"errors"
	"math"
	"unicode/utf8"

	"runner/base64"
	"runner/value"
)

// Marks of values that JSON cannot hold, each the only key of an object.
const (
	packedTuple = "$tuple"
	packedFloat = "$float"
	packedBytes = "$bytes"
	packedDict  = "$dict" // pairs: keys that are no text, or an object that looks like one of these
)

// pack is a value as JSON keeps it, to the letter; unpack gives it back.
func pack(v any) any {
	switch v := v.(type) {
	case value.Tuple:
		return value.DictOf(packedTuple, packAll(v))
	case []any:
		return packAll(v)
	case float64:
		if math.IsNaN(v) || math.IsInf(v, 0) {
			return value.DictOf(packedFloat, value.Str(v))
		}
	case string:
		if !utf8.ValidString(v) {
			return value.DictOf(packedBytes, base64.EncodeToString([]byte(v)))
		}
	case *value.Dict:
		return packDict(v)
	}
	return v
}

func packAll(items []any) []any {
	out := make([]any, len(items))
	for i, item := range items {
		out[i] = pack(item)
	}
	return out
}

func packDict(d *value.Dict) any {
	plain := true
	for key := range d.All() {
		text, ok := key.(string)
		plain = plain && ok && utf8.ValidString(text) && !isMark(text)
	}
	if plain {
		out := value.NewDict()
		for key, item := range d.All() {
			out.Set(key.(string), pack(item))
		}
		return out
	}
	var pairs []any
	for key, item := range d.All() {
		pairs = append(pairs, []any{pack(key), pack(item)})
	}
	return value.DictOf(packedDict, pairs)
}

func isMark(key string) bool {
	return key == packedTuple || key == packedFloat || key == packedBytes || key == packedDict
}

var errPacked = errors.New("is not a packed value")

func unpack(v any) (any, error) {
	switch v := v.(type) {
	case []any:
		return unpackAll(v)
	case *value.Dict:
		if v.Len() == 1 && isMark(v.Keys()[0]) {
			return unmark(v.Keys()[0], v.Values()[0])
		}
		out := value.NewDict()
		for key, item := range v.All() {
			plain, err := unpack(item)
			if err != nil {
				return nil, err
			}
			out.Set(value.Str(key), plain)
		}
		return out, nil
	}
	return v, nil
}

func unpackAll(items []any) ([]any, error) {
	out := make([]any, len(items))
	for i, item := range items {
		plain, err := unpack(item)
		if err != nil {
			return nil, err
		}
		out[i] = plain
	}
	return out, nil
}

func unmark(mark string, v any) (any, error) {
	items, many := value.Items(v)
	text, _ := v.(string)
	switch {
	case mark == packedTuple && many:
		plain, err := unpackAll(items)
		return value.Tuple(plain), err
	case mark == packedDict && (many || v == nil):
		return unpackPairs(items)
	case mark == packedBytes:
		data, err := base64.DecodeString(text)
		return string(data), err
	case mark == packedFloat && text == "nan":
		return math.NaN(), nil
	case mark == packedFloat && text == "inf":
		return math.Inf(1), nil
	case mark == packedFloat && text == "-inf":
		return math.Inf(-1), nil
	}
	return nil, errPacked
}

func unpackPairs(pairs []any) (any, error) {
	out := value.NewDict()
	for _, item := range pairs {
		pair, _ := value.Items(item)
		if len(pair) != 2 {
			return nil, errPacked
		}
		key, err := unpack(pair[0])
		if err != nil {
			return nil, err
		}
		v, err := unpack(pair[1])
		if err != nil {
			return nil, err
		}
		if err := out.SetKey(key, v); err != nil {
			return nil, err
		}
	}
	return out, nil
}
