package expr

import (
	"strconv"
	"strings"

	"runner/expr/regex"
	"runner/fmt"
	"runner/value"
)

// [start-]end[/stride][:format]
const shortSequence = `(?i)(?:(0?x?[0-9a-f]+)-)?(0?x?[0-9a-f]+)(?:/(0?x?[0-9a-f]+))?(?::(.+))?$`

// lookupSequence is the numbers that each term says, as text: `start=1 end=8 stride=2 format=n%02d`, or shortly
// `1-8/2:n%02d`. Keyword arguments are what the terms leave out.
func lookupSequence(c *call) ([]any, error) {
	out := []any{}
	for _, term := range c.args {
		options := c.kwargs.Copy()
		if err := sequenceOptions(value.Str(term), options); err != nil {
			return nil, err
		}
		made, err := sequence(options)
		if err != nil {
			return nil, err
		}
		out = append(out, made...)
	}
	return out, nil
}

func sequenceOptions(term string, options *value.Dict) error {
	pattern, err := regex.Compile(shortSequence, 0)
	if err != nil {
		return err
	}
	found, err := pattern.Match(term)
	if err != nil {
		return err
	}
	if found != nil {
		for i, name := range []string{"start", "end", "stride", "format"} {
			if text, ok := found.Group(i + 1); ok {
				options.Set(name, text)
			}
		}
		return nil
	}
	for _, part := range quotedFields(term) {
		name, text, ok := strings.Cut(part, "=")
		switch name {
		case "start", "end", "stride", "count", "format":
		default:
			ok = false
		}
		if !ok {
			return valueError("unrecognized arguments to with_sequence: %s", part)
		}
		options.Set(name, text)
	}
	return nil
}

// quotedFields are the words of a text; quotes around a word or its value are taken off, and blanks in them stay.
func quotedFields(text string) []string {
	var out []string
	var word strings.Builder
	var quote rune
	begun := false
	for _, char := range text {
		switch {
		case quote != 0 && char == quote:
			quote = 0
		case quote == 0 && (char == '"' || char == '\''):
			quote, begun = char, true
		case quote == 0 && (char == ' ' || char == '\n' || char == '\t'):
			if begun {
				out = append(out, word.String())
			}
			word.Reset()
			begun = false
		default:
			word.WriteRune(char)
			begun = true
		}
	}
	if begun {
		out = append(out, word.String())
	}
	return out
}

func sequence(options *value.Dict) ([]any, error) {
	numbered := map[string]int64{"start": 1, "stride": 1}
	for _, name := range []string{"start", "end", "stride", "count"} {
		v, ok := options.Get(name)
		if !ok {
			continue
		}
		n, err := strconv.ParseInt(value.Str(v), 10, 64)
		if err != nil { // 0x1f
			if n, err = strconv.ParseInt(value.Str(v), 0, 64); err != nil {
				return nil, valueError("can't parse %s=%s as integer", name, value.Str(v))
			}
		}
		numbered[name] = n
	}
	start, stride := numbered["start"], numbered["stride"]
	end, hasEnd := numbered["end"]
	count, hasCount := numbered["count"]
	switch {
	case !hasEnd && !hasCount:
		return nil, valueError("must specify count or end in with_sequence")
	case hasEnd && hasCount:
		return nil, valueError("can't specify both count and end in with_sequence")
	case hasCount && count == 0, stride == 0:
		return []any{}, nil
	case hasCount:
		end = start + count*stride - 1
	}
	if stride > 0 && end < start {
		return nil, valueError("to count backwards make stride negative")
	}
	if stride < 0 && end > start {
		return nil, valueError("to count forward don't make stride negative")
	}
	format := value.Str(option(options, "format", "%d"))
	if strings.Count(format, "%") != 1 {
		return nil, valueError("bad formatting string: %s", format)
	}
	after := end + 1
	if stride < 0 {
		after = end - 1
	}
	made, err := numbers(start, after, stride)
	if err != nil {
		return nil, err
	}
	return formatted(made.([]any), format)
}

func formatted(items []any, format string) ([]any, error) {
	for i, item := range items {
		s, err := formatPercent(format, item)
		if err != nil {
			return nil, fmt.Errorf("sequence: %w", err)
		}
		items[i] = s
	}
	return items, nil
}
