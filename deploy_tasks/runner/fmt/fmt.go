// Package fmt is the part of Go's fmt that the runner uses, with the same names and meaning. It needs no reflection,
// which would make the runner a fortieth larger: it writes texts, bytes, errors, Stringers, integers, floats and
// booleans, and anything else as %!, so also the number of a type that is a Stringer.
package fmt

import (
	"io"
	"os"
	"strconv"
	"strings"
	"unicode/utf8"
)

// Stringer is what can write itself.
type Stringer interface{ String() string }

// Sprintf writes the arguments by the verbs s d v q t x X o c f, with the flags - and 0, a width and a precision.
func Sprintf(format string, args ...any) string {
	var out []byte
	for {
		text, rest, more := strings.Cut(format, "%")
		out = append(out, text...)
		if !more {
			return string(out)
		}
		var v verb
		v, format = readVerb(rest)
		if v.letter == '%' {
			out = append(out, '%')
			continue
		}
		if len(args) == 0 {
			out = append(out, "%!"+string(v.letter)+"(MISSING)"...)
			continue
		}
		out = append(out, v.pad(v.text(args[0]))...)
		args = args[1:]
	}
}

// Fprintf writes Sprintf's text.
func Fprintf(out io.Writer, format string, args ...any) {
	_, _ = io.WriteString(out, Sprintf(format, args...))
}

// Printf is Fprintf to standard output.
func Printf(format string, args ...any) { Fprintf(os.Stdout, format, args...) }

// Println writes one text and the end of its line to standard output.
func Println(text string) { _, _ = io.WriteString(os.Stdout, text+"\n") }

// Errorf is an error of Sprintf's text. It wraps the argument of the verb w.
func Errorf(format string, args ...any) error {
	text := Sprintf(strings.ReplaceAll(format, "%w", "%v"), args...)
	if strings.Contains(format, "%w") {
		for _, arg := range args {
			if err, ok := arg.(error); ok {
				return &wrapped{text, err}
			}
		}
	}
	return &plain{text}
}

type plain struct{ text string }

func (p *plain) Error() string { return p.text }

type wrapped struct {
	text string
	err  error
}

func (w *wrapped) Error() string { return w.text }
func (w *wrapped) Unwrap() error { return w.err }

// verb is one conversion; precision is -1 when it has none.
type verb struct {
	letter           byte
	left, zero       bool
	width, precision int
}

func readVerb(s string) (verb, string) {
	v := verb{precision: -1, letter: '!'}
	for s != "" && (s[0] == '-' || s[0] == '0') {
		v.left, v.zero = v.left || s[0] == '-', v.zero || s[0] == '0'
		s = s[1:]
	}
	v.width, s = readNumber(s)
	if strings.HasPrefix(s, ".") {
		v.precision, s = readNumber(s[1:])
	}
	if s != "" {
		v.letter, s = s[0], s[1:]
	}
	return v, s
}

func readNumber(s string) (n int, rest string) {
	for s != "" && '0' <= s[0] && s[0] <= '9' {
		n, s = 10*n+int(s[0]-'0'), s[1:]
	}
	return n, s
}

func (v verb) text(arg any) string {
	switch arg := arg.(type) {
	case nil:
		return "<nil>"
	case string:
		return v.string(arg)
	case []byte:
		return v.string(string(arg))
	case error:
		return v.string(arg.Error())
	case Stringer:
		if strings.IndexByte("svq", v.letter) < 0 {
			break // its number is not to be had
		}
		return v.string(arg.String())
	case bool:
		return strconv.FormatBool(arg)
	case int:
		return v.integer(int64(arg))
	case int64:
		return v.integer(arg)
	case int32:
		return v.integer(int64(arg))
	case uint8:
		return v.integer(int64(arg))
	case uint32:
		return v.integer(int64(arg))
	case uint64:
		return strconv.FormatUint(arg, 10)
	case float64:
		if v.letter == 'f' {
			return strconv.FormatFloat(arg, 'f', v.precision, 64)
		}
		return strconv.FormatFloat(arg, 'g', -1, 64)
	}
	return "%!" + string(v.letter)
}

func (v verb) string(s string) string {
	if v.precision >= 0 {
		s = firstRunes(s, v.precision)
	}
	if v.letter == 'q' {
		return strconv.Quote(s)
	}
	return s
}

func firstRunes(s string, n int) string {
	at := 0
	for ; n > 0 && at < len(s); n-- {
		_, size := utf8.DecodeRuneInString(s[at:])
		at += size
	}
	return s[:at]
}

func (v verb) integer(n int64) string {
	switch v.letter {
	case 'c':
		return string(rune(n))
	case 'x':
		return strconv.FormatInt(n, 16)
	case 'X':
		return strings.ToUpper(strconv.FormatInt(n, 16))
	case 'o':
		return strconv.FormatInt(n, 8)
	}
	return strconv.FormatInt(n, 10)
}

// pad fills up to the width; zeros go after a sign.
func (v verb) pad(s string) string {
	fill := v.width - utf8.RuneCountInString(s)
	switch {
	case fill <= 0:
		return s
	case v.left:
		return s + strings.Repeat(" ", fill)
	case v.zero && strings.HasPrefix(s, "-"):
		return "-" + strings.Repeat("0", fill) + s[1:]
	case v.zero:
		return strings.Repeat("0", fill) + s
	}
	return strings.Repeat(" ", fill) + s
}
