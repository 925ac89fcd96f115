package archives

import (
	"io"
	"strconv"
	"strings"
	"time"

	"runner/fmt"
	"runner/modules/kit"
)

const (
	record = 20 * block // tar archives are a multiple of it
	maxOct = 8
)

// tarHeader is the header of a member, in the form of pax that Python writes, and what must stand before it.
func (e item) tarHeader() (before, header []byte) {
	st, mtime := kit.StatusOf(e.info), e.info.ModTime()
	name := e.name
	var size int64
	switch e.kind {
	case folder:
		name += "/"
	case regular:
		size = e.info.Size()
	}
	var pax []string
	field := func(text, key string, length int) string {
		if plain := ascii(text); plain != text || len(text) > length {
			pax = append(pax, key, text)
			return plain[:min(len(plain), length)]
		}
		return text
	}
	h := make([]byte, block)
	copy(h, field(name, "path", 100))
	copy(h[157:257], field(e.link, "linkpath", 100))
	copy(h[265:297], field(kit.UserName(st.UID), "uname", 32))
	copy(h[297:329], field(kit.GroupName(st.GID), "gname", 32))
	number := func(at, digits int, n int64, key string) {
		if n < 0 || n >= 1<<(3*(digits-1)) {
			pax = append(pax, key, strconv.FormatInt(n, 10))
			n = 0
		}
		copy(h[at:], octal(n, digits-1))
	}
	number(108, maxOct, int64(st.UID), "uid")
	number(116, maxOct, int64(st.GID), "gid")
	number(124, 12, size, "size")
	number(136, 12, mtime.Unix(), "mtime")
	if !contains(pax, "mtime") {
		pax = append(pax, "mtime", seconds(mtime))
	}
	copy(h[100:], octal(int64(kit.BitsOf(e.info.Mode())), maxOct-1))
	h[156] = e.kind
	copy(h[257:], "ustar\x0000")
	return paxBlocks(pax), sealed(h)
}

// tarTo writes a member. A file whose size has changed meanwhile is an error.
func (e item) tarTo(out io.Writer) error {
	before, header := e.tarHeader()
	if _, err := out.Write(append(before, header...)); err != nil || e.kind != regular {
		return err
	}
	f, err := e.open()
	if err != nil {
		return err
	}
	defer f.Close()
	size := e.info.Size()
	n, err := io.Copy(out, io.LimitReader(f, size))
	if err == nil && n < size {
		err = fmt.Errorf("%s became shorter while it was read", e.path)
	}
	if err == nil {
		_, err = out.Write(make([]byte, (block-size%block)%block))
	}
	return err
}

// tarAll writes the whole archive.
func tarAll(entries []item, out io.Writer) error {
	counted := &counting{out: out}
	for _, e := range entries {
		if err := e.tarTo(counted); err != nil {
			return err
		}
	}
	end := 2 * block
	end += int((record - (counted.n+int64(end))%record) % record)
	_, err := out.Write(make([]byte, end))
	return err
}

// counting counts what is written through it.
type counting struct {
	out io.Writer
	n   int64
}

func (c *counting) Write(b []byte) (int, error) {
	n, err := c.out.Write(b)
	c.n += int64(n)
	return n, err
}

// paxBlocks is a member that says more of the next one, nothing when there is nothing to say.
func paxBlocks(pairs []string) []byte {
	if len(pairs) == 0 {
		return nil
	}
	var text strings.Builder
	for i := 0; i < len(pairs); i += 2 {
		line := " " + pairs[i] + "=" + pairs[i+1] + "\n"
		length := len(line) + 1
		for length != len(line)+len(strconv.Itoa(length)) {
			length = len(line) + len(strconv.Itoa(length))
		}
		text.WriteString(strconv.Itoa(length) + line)
	}
	h := make([]byte, block)
	copy(h, "././@PaxHeader")
	copy(h[100:], octal(0o644, maxOct-1))
	for _, at := range []int{108, 116} {
		copy(h[at:], octal(0, maxOct-1))
	}
	copy(h[124:], octal(int64(text.Len()), 11))
	copy(h[136:], octal(0, 11))
	h[156] = 'x'
	copy(h[257:], "ustar\x0000")
	out := append(sealed(h), text.String()...)
	return append(out, make([]byte, (block-text.Len()%block)%block)...)
}

// sealed writes a header's sum into it.
func sealed(h []byte) []byte {
	copy(h[148:], "        ")
	var sum int64
	for _, b := range h {
		sum += int64(b)
	}
	copy(h[148:], octal(sum, 6)+"\x00")
	return h
}

func octal(n int64, digits int) string {
	text := strconv.FormatInt(n, 8)
	return strings.Repeat("0", max(0, digits-len(text))) + text
}

// ascii is a text with a question mark for every other character.
func ascii(s string) string {
	return strings.Map(func(r rune) rune {
		if r >= 0x80 {
			return '?'
		}
		return r
	}, s)
}

func contains(pairs []string, key string) bool {
	for i := 0; i < len(pairs); i += 2 {
		if pairs[i] == key {
			return true
		}
	}
	return false
}

// seconds are seconds with a fraction, as pax has them.
func seconds(t time.Time) string {
	text := strconv.FormatFloat(float64(t.UnixNano())/1e9, 'f', -1, 64)
	if !strings.Contains(text, ".") {
		text += ".0"
	}
	return text
}
