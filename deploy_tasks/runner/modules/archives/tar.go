package archives

import (
	"bytes"
	"errors"
	"io"
	"strconv"
	"strings"
	"time"

	"runner/fmt"
)

// Kinds of members, as their headers name them.
const (
	regular  = '0'
	hardlink = '1'
	symlink  = '2'
	folder   = '5'
)

const (
	block       = 512
	maxExtended = 1 << 20 // bytes of a long name or of the records of pax
)

// member is one entry of a tar archive.
type member struct {
	name, link  string
	kind        byte
	mode        uint32
	uid, gid    int
	user, group string
	size        int64
	mtime       time.Time
	sum         int64 // of its header
	zipped      bool  // it is one of a zip archive
}

// tarReader reads members one after the other. Go's own package is large, and reads more than deployments need.
type tarReader struct {
	in   io.Reader
	left int64 // bytes of the current member that were not read
	pad  int64
}

var errTar = errors.New("this is no tar archive, or it is damaged")

// next is the header of the next member, io.EOF at the end.
func (t *tarReader) next() (member, error) {
	var long member            // names that come before the header they belong to
	pax := map[string]string{} // and what pax says of it
	for {
		if _, err := io.CopyN(io.Discard, t.in, t.left+t.pad); err != nil {
			return member{}, errTar
		}
		t.left, t.pad = 0, 0
		m, err := t.header()
		if err != nil {
			return member{}, err
		}
		switch m.kind {
		case 'L', 'K', 'x', 'g':
			text, err := t.extended()
			if err != nil {
				return member{}, err
			}
			switch m.kind {
			case 'L':
				long.name = strings.TrimRight(text, "\x00")
			case 'K':
				long.link = strings.TrimRight(text, "\x00")
			case 'x':
				if err := paxRecords(text, pax); err != nil {
					return member{}, err
				}
			}
			continue
		}
		if long.name != "" {
			m.name = long.name
		}
		if long.link != "" {
			m.link = long.link
		}
		if err := m.extend(pax); err != nil {
			return member{}, err
		}
		if m.kind != regular {
			m.size = 0
		}
		t.expect(m.size)
		return m, nil
	}
}

func (t *tarReader) expect(size int64) { t.left, t.pad = size, (block-size%block)%block }

// Read reads the content of the current member.
func (t *tarReader) Read(b []byte) (int, error) {
	if t.left == 0 {
		return 0, io.EOF
	}
	n, err := t.in.Read(b[:min(int64(len(b)), t.left)])
	t.left -= int64(n)
	if err == io.EOF && t.left > 0 {
		err = errTar
	}
	if t.left == 0 {
		err = nil
	}
	return n, err
}

// extended is the content of a header that extends the next one.
func (t *tarReader) extended() (string, error) {
	if t.left > maxExtended {
		return "", errTar
	}
	b, err := io.ReadAll(t)
	return string(b), err
}

// header reads one block; two empty ones, or nothing, end the archive.
func (t *tarReader) header() (member, error) {
	var h [block]byte
	if _, err := io.ReadFull(t.in, h[:]); err != nil {
		if err == io.EOF {
			return member{}, io.EOF
		}
		return member{}, errTar
	}
	if h == [block]byte{} {
		return member{}, io.EOF
	}
	sum, ok := checked(&h)
	if !ok {
		return member{}, errTar
	}
	m := member{sum: sum, name: text(h[0:100]), link: text(h[157:257]), kind: h[156], user: text(h[265:297]), group: text(h[297:329])}
	if m.kind == 0 || m.kind == '7' {
		m.kind = regular
	}
	if string(h[257:263]) == "ustar\x00" {
		if prefix := text(h[345:500]); prefix != "" {
			m.name = prefix + "/" + m.name
		}
	}
	if m.kind == regular && strings.HasSuffix(m.name, "/") {
		m.kind = folder // as the oldest archives have it
	}
	var numbers [5]int64
	for i, field := range [][]byte{h[100:108], h[108:116], h[116:124], h[124:136], h[136:148]} {
		n, err := number(field)
		if err != nil {
			return member{}, err
		}
		numbers[i] = n
	}
	m.mode, m.uid, m.gid = uint32(numbers[0])&0o7777, int(numbers[1]), int(numbers[2])
	m.size, m.mtime = numbers[3], time.Unix(numbers[4], 0)
	if m.size < 0 {
		return member{}, errTar
	}
	t.expect(m.size)
	return m, nil
}

func text(field []byte) string {
	if i := bytes.IndexByte(field, 0); i >= 0 {
		field = field[:i]
	}
	return string(field)
}

// checked compares a header's sum, for which its own field counts as spaces.
func checked(h *[block]byte) (sum int64, ok bool) {
	want, err := number(h[148:156])
	for i, b := range h {
		if i >= 148 && i < 156 {
			b = ' '
		}
		sum += int64(b)
	}
	return sum, err == nil && sum == want
}

// number reads octal digits, or the binary form that GNU tar writes of what is too large for them.
func number(field []byte) (int64, error) {
	if field[0]&0x80 != 0 {
		n := int64(field[0] & 0x7f)
		if field[0] == 0xff {
			n = -1
		}
		for _, b := range field[1:] {
			n = n<<8 | int64(b)
		}
		return n, nil
	}
	digits := strings.Trim(text(field), " ")
	if digits == "" {
		return 0, nil
	}
	n, err := strconv.ParseInt(digits, 8, 64)
	if err != nil {
		return 0, errTar
	}
	return n, nil
}

// paxRecords reads lines of the form "length key=value".
func paxRecords(text string, into map[string]string) error {
	for text != "" {
		digits, _, ok := strings.Cut(text, " ")
		n, err := strconv.Atoi(digits)
		if !ok || err != nil || n <= len(digits)+1 || n > len(text) || text[n-1] != '\n' {
			return errTar
		}
		key, v, ok := strings.Cut(text[len(digits)+1:n-1], "=")
		if !ok {
			return errTar
		}
		into[key], text = v, text[n:]
	}
	return nil
}

// extend replaces what pax says better.
func (m *member) extend(pax map[string]string) error {
	for key, v := range pax {
		var err error
		switch key {
		case "path":
			m.name = v
		case "linkpath":
			m.link = v
		case "uname":
			m.user = v
		case "gname":
			m.group = v
		case "size":
			if m.size, err = strconv.ParseInt(v, 10, 64); m.size < 0 {
				err = errTar
			}
		case "uid":
			m.uid, err = strconv.Atoi(v)
		case "gid":
			m.gid, err = strconv.Atoi(v)
		case "mtime":
			m.mtime, err = paxTime(v)
		default:
			if strings.HasPrefix(key, "GNU.sparse") {
				err = errors.New("the archive has sparse files, which are not supported")
			}
		}
		if err != nil {
			return fmt.Errorf("%s: %w", m.name, err)
		}
	}
	return nil
}

// paxTime reads seconds with a fraction.
func paxTime(v string) (time.Time, error) {
	whole, fraction, _ := strings.Cut(v, ".")
	sec, err := strconv.ParseInt(whole, 10, 64)
	if err != nil {
		return time.Time{}, errTar
	}
	nano, err := strconv.ParseInt((fraction + "000000000")[:9], 10, 64)
	if err != nil {
		return time.Time{}, errTar
	}
	if sec < 0 || whole == "-0" {
		nano = -nano
	}
	return time.Unix(sec, nano), nil
}
