// Package jmespath is the query language of the filter json_query.
package jmespath

import (
	"strconv"
	"strings"

	"runner/fmt"
	"runner/value"
)

// token is a piece of a query: its kind (a sign, or name, quoted, number, literal, end) and its value.
type token struct {
	kind  string
	value any
	at    int
}

// The signs, the longer ones first.
var signs = []string{"[?", "[]", "||", "&&", "==", "!=", "<=", ">=", "<", ">", "|", "&", "!", ".", "*", "[", "]", "(", ")", "{", "}", ",", ":", "@"}

func isNameByte(c byte, first bool) bool {
	return c == '_' || 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || !first && '0' <= c && c <= '9'
}

func isDigit(c byte) bool { return '0' <= c && c <= '9' }

func lex(query string) ([]token, error) {
	var out []token
	for at := 0; at < len(query); {
		c := query[at]
		switch {
		case strings.IndexByte(" \t\r\n", c) >= 0:
			at++
			continue
		case isNameByte(c, true):
			end := at
			for end < len(query) && isNameByte(query[end], false) {
				end++
			}
			out = append(out, token{"name", query[at:end], at})
			at = end
			continue
		case isDigit(c) || c == '-' && at+1 < len(query) && isDigit(query[at+1]):
			end := at + 1
			for end < len(query) && isDigit(query[end]) {
				end++
			}
			n, err := strconv.ParseInt(query[at:end], 10, 64)
			if err != nil {
				return nil, fmt.Errorf("the number at %d is too large", at)
			}
			out = append(out, token{"number", n, at})
			at = end
			continue
		case c == '"' || c == '\'' || c == '`':
			t, end, err := quoted(query, at)
			if err != nil {
				return nil, err
			}
			out = append(out, t)
			at = end
			continue
		}
		sign := signAt(query[at:])
		if sign == "" {
			return nil, fmt.Errorf("unknown token %q at %d", c, at)
		}
		out = append(out, token{sign, nil, at})
		at += len(sign)
	}
	return append(out, token{"end", nil, len(query)}), nil
}

func signAt(s string) string {
	for _, sign := range signs {
		if strings.HasPrefix(s, sign) {
			return sign
		}
	}
	return ""
}

// quoted reads a "name", a 'text' or a `JSON value`.
func quoted(query string, at int) (token, int, error) {
	mark := query[at]
	end := at + 1
	for end < len(query) && query[end] != mark {
		if query[end] == '\\' && end+1 < len(query) {
			end++
		}
		end++
	}
	if end >= len(query) {
		return token{}, 0, fmt.Errorf("unclosed %c at %d", mark, at)
	}
	inside := query[at+1 : end]
	switch mark {
	case '\'':
		return token{"literal", strings.ReplaceAll(inside, `\'`, `'`), at}, end + 1, nil
	case '"':
		v, err := value.Decode([]byte(query[at : end+1]))
		if err != nil {
			return token{}, 0, fmt.Errorf("bad name at %d", at)
		}
		return token{"quoted", v, at}, end + 1, nil
	}
	inside = strings.TrimLeft(strings.ReplaceAll(inside, "\\`", "`"), " \t\r\n")
	v, err := value.Decode([]byte(inside))
	if err != nil { // text without quotes, as older queries write it
		if v, err = value.Decode([]byte(`"` + inside + `"`)); err != nil {
			return token{}, 0, fmt.Errorf("bad literal at %d", at)
		}
	}
	return token{"literal", v, at}, end + 1, nil
}
