package expr

import (
	"strconv"
	"strings"
	"unicode/utf8"

	"runner/value"
)

// formatBraces is str.format.
func formatBraces(format string, c *call) (any, error) {
	b := &braces{call: c}
	out, err := b.expand(format, 2)
	return out, err
}

type braces struct {
	call *call
	auto int // the next automatic number
}

// expand replaces the fields of a format; depth bounds fields within fields' specifications.
func (b *braces) expand(format string, depth int) (string, error) {
	if depth == 0 {
		return "", valueError("Max string recursion exceeded")
	}
	var out strings.Builder
	for format != "" {
		at := strings.IndexAny(format, "{}")
		if at < 0 {
			out.WriteString(format)
			break
		}
		out.WriteString(format[:at])
		if at+1 < len(format) && format[at+1] == format[at] {
			out.WriteByte(format[at])
			format = format[at+2:]
			continue
		}
		if format[at] == '}' {
			return "", valueError("Single '}' encountered in format string")
		}
		end := closing(format[at:])
		if end < 0 {
			return "", valueError("expected '}' before end of string")
		}
		field, err := b.field(format[at+1:at+end], depth)
		if err != nil {
			return "", err
		}
		out.WriteString(field)
		format = format[at+end+1:]
		if out.Len() > maxTextBytes {
			return "", limitError("the text is too long")
		}
	}
	return out.String(), nil
}

// closing is the offset of the brace that closes the one s starts with.
func closing(s string) int {
	depth := 0
	for i := 0; i < len(s); i++ {
		switch s[i] {
		case '{':
			depth++
		case '}':
			if depth--; depth == 0 {
				return i
			}
		}
	}
	return -1
}

func (b *braces) field(field string, depth int) (string, error) {
	format := ""
	if at := strings.IndexByte(field, ':'); at >= 0 {
		field, format = field[:at], field[at+1:]
	}
	conversion := ""
	if at := strings.IndexByte(field, '!'); at >= 0 {
		field, conversion = field[:at], field[at+1:]
	}
	v, err := b.lookup(field)
	if err != nil {
		return "", err
	}
	if err := checkDefined(v); err != nil {
		return "", err
	}
	if format, err = b.expand(format, depth-1+boolInt(format == "")); err != nil {
		return "", err
	}
	switch conversion {
	case "":
	case "s":
		v = value.Str(v)
	case "r", "a":
		v = value.Repr(v)
	default:
		return "", valueError("Unknown conversion specifier %s", conversion)
	}
	return formatValue(v, format)
}

func boolInt(b bool) int {
	if b {
		return 1
	}
	return 0
}

// lookup finds the value of a field name: a number or name, then attributes and items.
func (b *braces) lookup(field string) (any, error) {
	end := strings.IndexAny(field, ".[")
	if end < 0 {
		end = len(field)
	}
	v, err := b.argument(field[:end])
	if err != nil {
		return nil, err
	}
	for rest := field[end:]; rest != "" && err == nil; {
		if rest[0] == '.' {
			stop := strings.IndexAny(rest[1:], ".[")
			if stop < 0 {
				stop = len(rest) - 1
			}
			v, err = getAttr(v, rest[1:stop+1])
			rest = rest[stop+1:]
			continue
		}
		stop := strings.IndexByte(rest, ']')
		if rest[0] != '[' || stop < 0 {
			return nil, valueError("Missing ']' in format string")
		}
		var key any = rest[1:stop]
		if n, bad := strconv.ParseInt(rest[1:stop], 10, 64); bad == nil {
			key = n
		}
		v, err = getItem(v, key)
		rest = rest[stop+1:]
	}
	return v, err
}

func (b *braces) argument(name string) (any, error) {
	if name == "" {
		name = strconv.Itoa(b.auto)
		b.auto++
	}
	if n, err := strconv.Atoi(name); err == nil {
		if n < 0 || n >= len(b.call.args) {
			return nil, valueError("Replacement index %d out of range for positional args tuple", n)
		}
		return b.call.args[n], nil
	}
	v, ok := b.call.kwargs.Get(name)
	if !ok {
		return nil, valueError("%s", value.Repr(name))
	}
	return v, nil
}

// formatValue is Python's format(v, specification).
func formatValue(v any, format string) (string, error) {
	if format == "" {
		return value.Str(v), nil
	}
	s, err := parseSpec(format)
	if err != nil {
		return "", err
	}
	if text, ok := v.(string); ok {
		if s.verb != 0 && s.verb != 's' {
			return "", valueError("Unknown format code '%c' for object of type 'str'", s.verb)
		}
		return alignText(clip(text, s.precision), s, '<'), nil
	}
	if n, ok := value.Big(v); ok && !strings.ContainsRune("eEfFgG%", rune(s.verb|boolByte(s.verb == 0))) {
		if s.verb == 's' {
			return "", valueError("Unknown format code 's' for object of type 'int'")
		}
		if s.precision >= 0 {
			return "", valueError("Precision not allowed in integer format specifier")
		}
		return formatInt(n, s)
	}
	if f, ok := toFloat(v); ok {
		if !strings.ContainsRune("eEfFgG%n", rune(s.verb)) && s.verb != 0 {
			return "", valueError("Unknown format code '%c' for object of type 'float'", s.verb)
		}
		return formatFloat(f, s), nil
	}
	return "", typeError("unsupported format string passed to %s.__format__", value.TypeName(v))
}

func boolByte(b bool) byte { return byte(boolInt(b)) }

func parseSpec(format string) (spec, error) {
	s := spec{precision: -1}
	r, size := utf8.DecodeRuneInString(format)
	if size < len(format) && strings.IndexByte("<>^=", format[size]) >= 0 {
		s.fill, s.align = string(r), format[size]
		format = format[size+1:]
	} else if strings.IndexByte("<>^=", format[0]) >= 0 {
		s.align, format = format[0], format[1:]
	}
	if format != "" && strings.IndexByte("+- ", format[0]) >= 0 {
		s.sign, format = format[0], format[1:]
	}
	if strings.HasPrefix(format, "#") {
		s.alternate, format = true, format[1:]
	}
	if strings.HasPrefix(format, "0") {
		s.zero, format = true, format[1:]
	}
	s.width, format = leadingNumber(format)
	if format != "" && (format[0] == ',' || format[0] == '_') {
		s.comma, format = format[:1], format[1:]
	}
	if strings.HasPrefix(format, ".") {
		var digits string
		digits, format = format[1:], strings.TrimLeft(format[1:], "0123456789")
		if len(digits) == len(format) {
			return s, valueError("Format specifier missing precision")
		}
		s.precision, _ = leadingNumber(digits)
	}
	if s.width > maxWidth || s.precision > maxWidth {
		return s, limitError("the text is too long")
	}
	if len(format) > 1 {
		return s, valueError("Invalid format specifier")
	}
	if format != "" {
		s.verb = format[0]
	}
	return s, nil
}

func leadingNumber(s string) (int, string) {
	rest := strings.TrimLeft(s, "0123456789")
	n, err := strconv.Atoi(s[:len(s)-len(rest)])
	if err != nil && len(s) > len(rest) {
		n = maxWidth + 1
	}
	return n, rest
}
