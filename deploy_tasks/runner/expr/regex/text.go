package regex

// text is what is searched: characters, or bytes that count as one character each.
type text struct {
	runes []rune
	bytes []byte
}

func characters(s string) text { return text{runes: []rune(s)} }

func (t text) size() int { return max(len(t.runes), len(t.bytes)) }

func (t text) at(i int) rune {
	if t.bytes != nil {
		return rune(t.bytes[i])
	}
	return t.runes[i]
}

// cut is a part of the text; a byte becomes the character of its number.
func (t text) cut(start, end int) string {
	if t.bytes == nil {
		return string(t.runes[start:end])
	}
	out := make([]rune, 0, end-start)
	for _, b := range t.bytes[start:end] {
		out = append(out, rune(b))
	}
	return string(out)
}
