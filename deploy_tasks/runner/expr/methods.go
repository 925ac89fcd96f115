package expr

import (
	"math"

	"runner/big"
	"runner/value"
)

type methodTable map[string]func(*call, any) (any, error)

var (
	stringMethods, listMethods, tupleMethods, dictMethods, numberMethods methodTable
	// Methods that change what they are called on.
	changes = map[string]bool{}
)

func init() {
	stringMethods = makeStringMethods()
	dictMethods = makeDictMethods()
	listMethods = makeListMethods()
	tupleMethods = methodTable{"count": listCount, "index": listIndex}
	numberMethods = methodTable{
		"bit_length": func(_ *call, v any) (any, error) {
			n, ok := value.Big(v)
			if !ok {
				return nil, typeError("'float' object has no attribute 'bit_length'")
			}
			return int64(n.BitLen()), nil
		},
		"is_integer": func(_ *call, v any) (any, error) {
			f, isFloat := v.(float64)
			return !isFloat || f == math.Trunc(f) && !math.IsInf(f, 0), nil
		},
	}
	for _, name := range []string{"append", "clear", "extend", "insert", "pop", "popitem", "remove", "reverse", "setdefault", "sort", "update"} {
		changes[name] = true
	}
}

func methodsOf(v any) methodTable {
	switch v.(type) {
	case string:
		return stringMethods
	case []any, *value.List:
		return listMethods
	case value.Tuple:
		return tupleMethods
	case *value.Dict:
		return dictMethods
	case bool, int64, *big.Int, float64:
		return numberMethods
	}
	return nil
}

func hasMethod(v any, name string) bool {
	_, ok := methodsOf(v)[name]
	return ok
}

func callMethod(receiver any, c *call) (any, error) {
	return methodsOf(receiver)[c.name](c, receiver)
}
