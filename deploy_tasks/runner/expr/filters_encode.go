package expr

import (
	"strings"
	"unicode/utf8"

	"runner/base64"
	"runner/hashing"
	"runner/hex"
	"runner/value"
)

// Filters that encode text or take its digest.
var encodeFilters = table{
	{"b64encode", filterEncode64},
	{"b64decode", filterDecode64},
	{"hash", filterHash},
	{"md5", func(s string) any { return digestOf("md5", s) }},
	{"sha1", func(s string) any { return digestOf("sha1", s) }},
	{"checksum", func(s string) any { return digestOf("sha1", s) }},
	{"to_uuid", filterUUID},
}

// digestOf is a digest in hex, nil when there is none of that name.
func digestOf(name, s string) any {
	h := hashing.Named(name)
	if h == nil {
		return nil
	}
	_, _ = h.Write([]byte(s))
	return hex.EncodeToString(h.Sum(nil))
}

func isUTF8(name string) bool {
	switch strings.ReplaceAll(strings.ToLower(name), "_", "-") {
	case "utf-8", "utf8", "ascii", "us-ascii":
		return true
	}
	return false
}

func filterEncode64(c *call, v any) (any, error) {
	p := c.params("encoding")
	s, encoding := p.str(v), p.text(0, "utf-8")
	switch {
	case p.err != nil:
		return nil, p.err
	case isUTF8(encoding):
		return base64.EncodeToString([]byte(s)), nil
	case strings.EqualFold(encoding, "utf-16-le"):
		return base64.EncodeToString(utf16Bytes(s)), nil
	}
	return nil, valueError("unknown encoding: %s", encoding)
}

func filterDecode64(c *call, v any) (any, error) {
	p := c.params("encoding")
	s, encoding := p.str(v), p.text(0, "utf-8")
	if p.err != nil {
		return nil, p.err
	}
	clean := strings.Map(func(r rune) rune {
		if strings.ContainsRune("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/=", r) {
			return r
		}
		return -1
	}, s)
	raw, err := base64.DecodeString(clean)
	if err != nil {
		return nil, valueError("b64decode: Incorrect padding")
	}
	switch {
	case strings.EqualFold(encoding, "utf-16-le"):
		return utf16Text(raw), nil
	case strings.EqualFold(encoding, "latin-1") || strings.EqualFold(encoding, "iso-8859-1"):
		return latinText(raw), nil
	case !isUTF8(encoding):
		return nil, valueError("unknown encoding: %s", encoding)
	case !utf8.Valid(raw):
		return nil, valueError("b64decode: the content is not UTF-8 text")
	}
	return string(raw), nil
}

func filterHash(c *call, v any) (any, error) {
	p := c.params("hashtype")
	s, kind := p.str(v), p.text(0, "sha1")
	if p.err != nil {
		return nil, p.err
	}
	if sum := digestOf(strings.ToLower(kind), s); sum != nil {
		return sum, nil
	}
	return nil, valueError("unsupported hash type %s", kind)
}

// The namespace of Ansible's to_uuid.
const ansibleNamespace = "361E6D51-FAEC-444A-9079-341386DA8E2E"

// filterUUID is a UUID of version 5.
func filterUUID(c *call, v any) (any, error) {
	p := c.params("namespace")
	s, namespace := p.str(v), p.text(0, ansibleNamespace)
	if p.err != nil {
		return nil, p.err
	}
	space, err := hex.DecodeString(strings.NewReplacer("-", "", "urn:uuid:", "", "{", "", "}", "").Replace(namespace))
	if err != nil || len(space) != 16 {
		return nil, valueError("Invalid value '%s' for 'namespace': badly formed hexadecimal UUID string", namespace)
	}
	h := hashing.Named("sha1")
	h.Write(space)
	h.Write([]byte(s))
	sum := h.Sum(nil)[:16]
	sum[6] = sum[6]&0x0f | 0x50
	sum[8] = sum[8]&0x3f | 0x80
	text := hex.EncodeToString(sum)
	return strings.Join([]string{text[:8], text[8:12], text[12:16], text[16:20], text[20:]}, "-"), nil
}

func utf16Bytes(s string) []byte {
	var out []byte
	for _, r := range s {
		units := []rune{r}
		if r >= 0x10000 {
			units = []rune{0xd800 + (r-0x10000)>>10, 0xdc00 + (r-0x10000)&0x3ff}
		}
		for _, unit := range units {
			out = append(out, byte(unit), byte(unit>>8))
		}
	}
	return out
}

func utf16Text(raw []byte) string {
	var b strings.Builder
	for i := 0; i+1 < len(raw); i += 2 {
		r := rune(raw[i]) | rune(raw[i+1])<<8
		if 0xd800 <= r && r < 0xdc00 && i+3 < len(raw) {
			low := rune(raw[i+2]) | rune(raw[i+3])<<8
			r = 0x10000 + (r-0xd800)<<10 + (low - 0xdc00)
			i += 2
		}
		b.WriteRune(r)
	}
	return b.String()
}

func latinText(raw []byte) string {
	var b strings.Builder
	for _, c := range raw {
		b.WriteRune(rune(c))
	}
	return b.String()
}

// textOf is used where a filter wants text and nothing else.
func textOf(p *params, v any, name string) string {
	s, ok := p.defined(v).(string)
	if !ok {
		p.fail(typeError("%s wants text, not %s", name, value.TypeName(v)))
	}
	return s
}
