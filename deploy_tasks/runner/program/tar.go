package program

import (
	"errors"
	"io"
	"strconv"
	"strings"
)

// tarReader reads the archives that the compiler writes: plain files with short names, in the ustar format.
type tarReader struct {
	in   io.Reader
	left int64 // of the entry's content
	pad  int64 // after it
}

const tarBlock = 512

var errTar = errors.New("the files in this artifact are no archive of ours")

// next goes to the next entry and returns its name; io.EOF at the end.
func (t *tarReader) next() (string, error) {
	if _, err := io.CopyN(io.Discard, t.in, t.left+t.pad); err != nil {
		return "", cutOff(err)
	}
	t.left, t.pad = 0, 0
	var head [tarBlock]byte
	if _, err := io.ReadFull(t.in, head[:]); err != nil {
		return "", cutOff(err)
	}
	if head == [tarBlock]byte{} {
		return "", io.EOF
	}
	size, err := octal(head[124:136])
	sum, err2 := octal(head[148:156])
	kind := head[156]
	if err != nil || err2 != nil || sum != tarSum(head[:]) || kind != '0' && kind != 0 {
		return "", errTar
	}
	t.left, t.pad = size, -size&(tarBlock-1)
	return field(head[:100]), nil
}

// cutOff turns an end that comes too early into an error.
func cutOff(err error) error {
	if err == io.EOF {
		return io.ErrUnexpectedEOF
	}
	return err
}

// tarSum adds up the bytes of a head, its sum counted as blanks.
func tarSum(head []byte) int64 {
	var sum int64
	for i, b := range head {
		if 148 <= i && i < 156 {
			b = ' '
		}
		sum += int64(b)
	}
	return sum
}

func octal(b []byte) (int64, error) { return strconv.ParseInt(strings.Trim(field(b), " "), 8, 63) }

// field is a text up to its zero byte.
func field(b []byte) string {
	s, _, _ := strings.Cut(string(b), "\x00")
	return s
}

// Read reads the entry's content.
func (t *tarReader) Read(p []byte) (int, error) {
	if t.left == 0 {
		return 0, io.EOF
	}
	n, err := t.in.Read(p[:min(int64(len(p)), t.left)])
	t.left -= int64(n)
	if t.left > 0 {
		return n, cutOff(err)
	}
	return n, nil
}
