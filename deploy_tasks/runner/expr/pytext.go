package expr

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// isSpace is Python's str.isspace for one character.
func isSpace(r rune) bool { return unicode.IsSpace(r) || 0x1c <= r && r <= 0x1f }

// Letters whose upper case is more than one letter.
var longUpper = map[rune]string{
	'ß': "SS", 'ŉ': "ʼN", 'ǰ': "J̌", 'ΐ': "Ϊ́", 'ΰ': "Ϋ́", 'և': "ԵՒ",
	'ﬀ': "FF", 'ﬁ': "FI", 'ﬂ': "FL", 'ﬃ': "FFI", 'ﬄ': "FFL", 'ﬅ': "ST", 'ﬆ': "ST",
}

func upper(s string) string {
	var b strings.Builder
	for _, r := range s {
		if long, ok := longUpper[r]; ok {
			b.WriteString(long)
		} else {
			b.WriteRune(unicode.ToUpper(r))
		}
	}
	return b.String()
}

func lower(s string) string {
	var b strings.Builder
	runes := []rune(s)
	for i, r := range runes {
		switch {
		case r == 'İ':
			b.WriteString("i̇")
		case r == 'Σ' && endsWord(runes, i):
			b.WriteRune('ς')
		default:
			b.WriteRune(unicode.ToLower(r))
		}
	}
	return b.String()
}

// endsWord says whether a letter follows others and none follows it: where sigma has its final form.
func endsWord(runes []rune, i int) bool {
	return i > 0 && unicode.IsLetter(runes[i-1]) && (i+1 == len(runes) || !unicode.IsLetter(runes[i+1]))
}

func titleRune(r rune) string {
	if long, ok := longUpper[r]; ok {
		first, size := utf8.DecodeRuneInString(long)
		return string(first) + lower(long[size:])
	}
	return string(unicode.ToTitle(r))
}

func capitalize(s string) string {
	r, size := utf8.DecodeRuneInString(s)
	if size == 0 {
		return ""
	}
	return titleRune(r) + lower(s[size:])
}

func isCased(r rune) bool { return unicode.IsUpper(r) || unicode.IsLower(r) || unicode.IsTitle(r) }

func title(s string) string {
	var b strings.Builder
	inWord := false
	for _, r := range s {
		if inWord {
			b.WriteRune(unicode.ToLower(r))
		} else {
			b.WriteString(titleRune(r))
		}
		inWord = isCased(r)
	}
	return b.String()
}

func swapCase(s string) string {
	var b strings.Builder
	for _, r := range s {
		switch {
		case unicode.IsUpper(r):
			b.WriteString(lower(string(r)))
		case unicode.IsLower(r):
			b.WriteString(upper(string(r)))
		default:
			b.WriteRune(r)
		}
	}
	return b.String()
}

func caseFold(s string) string {
	s = strings.ReplaceAll(lower(s), "ß", "ss")
	return strings.ReplaceAll(s, "ς", "σ")
}

const lineBreaks = "\n\r\v\f\x1c\x1d\x1e\u0085\u2028\u2029"

// splitLines is Python's str.splitlines.
func splitLines(s string, keep bool) []string {
	lines := []string{}
	for s != "" {
		at := strings.IndexAny(s, lineBreaks)
		if at < 0 {
			return append(lines, s)
		}
		_, size := utf8.DecodeRuneInString(s[at:])
		end := at + size
		if strings.HasPrefix(s[at:], "\r\n") {
			end = at + 2
		}
		if keep {
			lines = append(lines, s[:end])
		} else {
			lines = append(lines, s[:at])
		}
		s = s[end:]
	}
	return lines
}

// splitSpace is str.split() without a separator; at most `limit` cuts when it is not negative.
func splitSpace(s string, limit int) []string {
	out := []string{}
	s = strings.TrimLeftFunc(s, isSpace)
	for s != "" {
		if limit >= 0 && len(out) == limit {
			return append(out, strings.TrimRightFunc(s, isSpace))
		}
		at := strings.IndexFunc(s, isSpace)
		if at < 0 {
			return append(out, s)
		}
		out = append(out, s[:at])
		s = strings.TrimLeftFunc(s[at:], isSpace)
	}
	return out
}

// splitSpaceRight is str.rsplit() without a separator.
func splitSpaceRight(s string, limit int) []string {
	out := []string{}
	s = strings.TrimRightFunc(s, isSpace)
	for s != "" {
		if limit >= 0 && len(out) == limit {
			out = append(out, strings.TrimLeftFunc(s, isSpace))
			break
		}
		at := strings.LastIndexFunc(s, isSpace)
		if at < 0 {
			out = append(out, s)
			break
		}
		_, size := utf8.DecodeRuneInString(s[at:])
		out = append(out, s[at+size:])
		s = strings.TrimRightFunc(s[:at], isSpace)
	}
	for i, j := 0, len(out)-1; i < j; i, j = i+1, j-1 {
		out[i], out[j] = out[j], out[i]
	}
	return out
}

// center puts s in the middle of `width` characters, as Python's str.center does.
func center(s string, width int, fill string) string {
	missing := width - utf8.RuneCountInString(s)
	if missing <= 0 {
		return s
	}
	left := missing/2 + (missing & width & 1)
	return strings.Repeat(fill, left) + s + strings.Repeat(fill, missing-left)
}

func trimChars(s string, chars string, has bool) string {
	if !has {
		return strings.TrimFunc(s, isSpace)
	}
	return strings.Trim(s, chars)
}

func reverse(s string) string {
	runes := []rune(s)
	for i, j := 0, len(runes)-1; i < j; i, j = i+1, j-1 {
		runes[i], runes[j] = runes[j], runes[i]
	}
	return string(runes)
}

func anyStrings(items []string) []any {
	out := make([]any, len(items))
	for i, item := range items {
		out[i] = item
	}
	return out
}
