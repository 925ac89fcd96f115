package expr

import (
	"strconv"
	"strings"

	"runner/value"
)

// spliced evaluates ["spliced", NODE, quoted], a template within a condition. Ansible writes its text into the condition
// and reads the whole as an expression; what is written here can only be one value, and anything that would mean more
// fails: quoted text that ends its quotes or has escapes, other text that is no number, truth or none.
func (e *evaluation) spliced(n []any) (any, error) {
	v, err := e.node(n[1])
	if err != nil {
		return nil, err
	}
	if err := checkDefined(v); err != nil {
		return nil, err
	}
	text, isText := v.(string)
	if quoted, _ := n[2].(bool); quoted {
		if strings.ContainsAny(text, "'\"\\") || strings.Contains(text, "{{") || strings.Contains(text, "{%") || strings.Contains(text, "{#") {
			return nil, valueError("a template within quotes in a condition gives text with quotes, backslashes or braces: write x == 'a' instead of '{{ x }}' == 'a'")
		}
		return text, nil
	}
	if v == nil {
		text, isText = "", true // as Ansible writes it
	}
	if !isText {
		return v, nil
	}
	return literal(strings.TrimSpace(text))
}

// literal is the value of text that is one constant.
func literal(text string) (any, error) {
	switch text {
	case "true", "True":
		return true, nil
	case "false", "False":
		return false, nil
	case "none", "None":
		return nil, nil
	}
	if whole, err := strconv.ParseInt(text, 10, 64); err == nil && (text == "0" || !strings.HasPrefix(strings.TrimLeft(text, "+-"), "0")) {
		return whole, nil
	}
	return nil, valueError("a template in a condition gives %s, which would be read as an expression again: write the condition without {{ }}", value.Repr(text))
}
