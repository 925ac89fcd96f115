package expr

import (
	"math"
	"strings"

	"runner/big"
	"runner/value"
)

// percent formats like Python's `text % arguments`.
type percent struct {
	in   []rune
	at   int
	args []any       // the remaining arguments
	dict *value.Dict // for %(name)s
	used bool        // whether the dict was used
	out  strings.Builder
}

func formatPercent(format string, arguments any) (any, error) {
	p := &percent{in: []rune(format)}
	switch a := arguments.(type) {
	case value.Tuple:
		p.args = a
	case *value.Dict:
		p.dict, p.args, p.used = a, []any{a}, true
	default:
		p.args = []any{a}
	}
	for p.at < len(p.in) {
		r := p.in[p.at]
		p.at++
		if r != '%' {
			p.out.WriteRune(r)
			continue
		}
		if err := p.conversion(); err != nil {
			return nil, err
		}
		if p.out.Len() > maxTextBytes {
			return nil, limitError("the text is too long")
		}
	}
	if _, isList := arguments.([]any); len(p.args) > 0 && !p.used && !isList {
		return nil, typeError("not all arguments converted during string formatting")
	}
	return p.out.String(), nil
}

func (p *percent) peek() rune {
	if p.at < len(p.in) {
		return p.in[p.at]
	}
	return 0
}

func (p *percent) conversion() error {
	s := spec{precision: -1}
	var named any
	isNamed := false
	if p.peek() == '(' {
		v, err := p.named()
		if err != nil {
			return err
		}
		named, isNamed = v, true
	}
	p.flags(&s)
	if err := p.sizes(&s); err != nil {
		return err
	}
	for strings.ContainsRune("hlL", p.peek()) && p.at < len(p.in) {
		p.at++
	}
	if p.at >= len(p.in) {
		return valueError("incomplete format")
	}
	verb := p.in[p.at]
	p.at++
	if verb == '%' {
		p.out.WriteByte('%')
		return nil
	}
	if !isNamed {
		v, err := p.next()
		if err != nil {
			return err
		}
		named = v
	}
	out, err := convert(verb, named, s, p.at-1)
	p.out.WriteString(out)
	return err
}

func (p *percent) next() (any, error) {
	if len(p.args) == 0 {
		return nil, typeError("not enough arguments for format string")
	}
	v := p.args[0]
	p.args = p.args[1:]
	if u, ok := v.(value.Undefined); ok {
		return nil, undefinedError(u)
	}
	return v, nil
}

func (p *percent) named() (any, error) {
	if p.dict == nil {
		return nil, typeError("format requires a mapping")
	}
	start, depth := p.at+1, 0
	for ; p.at < len(p.in); p.at++ {
		switch p.in[p.at] {
		case '(':
			depth++
		case ')':
			depth--
		}
		if depth == 0 {
			break
		}
	}
	if p.at >= len(p.in) {
		return nil, valueError("incomplete format key")
	}
	name := string(p.in[start:p.at])
	p.at++
	v, ok := p.dict.Get(name)
	if !ok {
		return nil, valueError("%s", value.Repr(name))
	}
	if u, undefined := v.(value.Undefined); undefined {
		return nil, undefinedError(u)
	}
	return v, nil
}

func (p *percent) flags(s *spec) {
	for {
		switch p.peek() {
		case '-':
			s.align = '<'
		case '+':
			s.sign = '+'
		case ' ':
			if s.sign == 0 {
				s.sign = ' '
			}
		case '#':
			s.alternate = true
		case '0':
			s.zero = true
		default:
			return
		}
		p.at++
	}
}

func (p *percent) sizes(s *spec) error {
	width, given, err := p.size()
	if err != nil {
		return err
	}
	if given {
		if width < 0 {
			width, s.align = -width, '<'
		}
		s.width = width
	}
	if p.peek() != '.' {
		return nil
	}
	p.at++
	s.precision, _, err = p.size()
	s.precision = max(s.precision, 0)
	return err
}

func (p *percent) size() (int, bool, error) {
	if p.peek() == '*' {
		p.at++
		v, err := p.next()
		if err != nil {
			return 0, false, err
		}
		n, ok := v.(int64)
		if !ok {
			return 0, false, typeError("* wants int")
		}
		if n > maxWidth || n < -maxWidth {
			return 0, false, limitError("the text is too long")
		}
		return int(n), true, nil
	}
	n, given := 0, false
	for '0' <= p.peek() && p.peek() <= '9' {
		n, given = n*10+int(p.peek()-'0'), true
		if p.at++; n > maxWidth {
			return 0, false, limitError("the text is too long")
		}
	}
	return n, given, nil
}

func convert(verb rune, v any, s spec, at int) (string, error) {
	if s.align == '<' {
		s.zero = false
	}
	switch verb {
	case 's', 'r', 'a':
		out := value.Str(v)
		if verb != 's' {
			out = value.Repr(v)
		}
		s.zero = false
		return alignText(clip(out, s.precision), s, '>'), nil
	case 'c':
		if text, ok := v.(string); ok && len([]rune(text)) == 1 {
			return alignText(text, s, '>'), nil
		}
		n, ok := value.Big(v)
		if !ok {
			return "", typeError("%%c requires int or char")
		}
		out, err := formatInt(n, spec{verb: 'c'})
		return alignText(out, s, '>'), err
	case 'd', 'i', 'u', 'x', 'X', 'o':
		n, err := integerFor(verb, v)
		if err != nil {
			return "", err
		}
		s.verb = byte(verb)
		return formatInt(n, s)
	case 'e', 'E', 'f', 'F', 'g', 'G':
		f, ok := toFloat(v)
		if !ok {
			return "", typeError("must be real number, not %s", value.TypeName(v))
		}
		s.verb = byte(verb)
		return formatFloat(f, s), nil
	}
	return "", valueError("unsupported format character '%c' (0x%x) at index %d", verb, verb, at)
}

func integerFor(verb rune, v any) (*big.Int, error) {
	if n, ok := value.Big(v); ok {
		return n, nil
	}
	f, ok := v.(float64)
	if !ok || strings.ContainsRune("xXo", verb) {
		if strings.ContainsRune("xXo", verb) {
			return nil, typeError("%%%c format: an integer is required, not %s", verb, value.TypeName(v))
		}
		return nil, typeError("%%%c format: a real number is required, not %s", verb, value.TypeName(v))
	}
	if math.IsNaN(f) || math.IsInf(f, 0) {
		return nil, valueError("cannot convert float %s to integer", value.FloatRepr(f))
	}
	return big.FromFloat(f), nil
}
