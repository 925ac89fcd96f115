package archives

import (
	"bufio"
	"bytes"
	"compress/flate"
	"errors"
	"hash/crc32"
	"io"

	"runner/fmt"
)

// Sizes of what a zip archive is made of, and the most of its directory that is read.
const (
	zipEnd       = 22
	zipLocator   = 20
	zipEnd64     = 56
	zipEntryHead = 46
	zipLocalHead = 30
	maxZipNote   = 1<<16 - 1
	maxDirectory = 128 << 20
)

// Ways of packing.
const (
	zipStored   = 0
	zipDeflated = 8
)

var errZip = errors.New("this is no zip archive, or it is damaged")

// zipEntry is one line of a zip archive's directory. Go's own package is many times as large as this.
type zipEntry struct {
	name         string
	madeBy       int
	flags        int
	method       int
	date, clock  int
	sum          uint32
	packed, size int64
	attributes   uint32
	extra        []byte
	at           int64 // where its own header begins
}

// zipReader reads a zip archive.
type zipReader struct {
	in      io.ReaderAt
	size    int64
	entries []zipEntry
}

// little reads numbers of a header, lowest byte first.
type little []byte

func (b little) u16(at int) int    { return int(b[at]) | int(b[at+1])<<8 }
func (b little) u32(at int) uint32 { return uint32(b.u16(at)) | uint32(b.u16(at+2))<<16 }
func (b little) i64(at int) int64  { return int64(b.u32(at)) | int64(b.u32(at+4))<<32 }

// readZip reads the directory.
func readZip(in io.ReaderAt, size int64) (*zipReader, error) {
	z := &zipReader{in: in, size: size}
	count, length, start, base, err := z.directory()
	if err != nil {
		return nil, err
	}
	if count > maxMembers {
		return nil, fmt.Errorf("the archive has more than %d members", maxMembers)
	}
	r := bufio.NewReader(io.NewSectionReader(in, start, length))
	for range count {
		e, err := readZipEntry(r)
		if err != nil {
			return nil, err
		}
		e.at += base
		z.entries = append(z.entries, e)
	}
	return z, nil
}

// directory finds how many entries there are, and where. base is how much stands before the archive itself.
func (z *zipReader) directory() (count, length, start, base int64, err error) {
	tail := make([]byte, min(z.size, zipEnd+maxZipNote))
	if _, err := z.in.ReadAt(tail, z.size-int64(len(tail))); err != nil && err != io.EOF {
		return 0, 0, 0, 0, err
	}
	at := bytes.LastIndex(tail, []byte("PK\x05\x06"))
	if at < 0 || len(tail)-at < zipEnd {
		return 0, 0, 0, 0, errZip
	}
	end := little(tail[at:])
	count, length, start = int64(end.u16(10)), int64(end.u32(12)), int64(end.u32(16))
	where := z.size - int64(len(tail)) + int64(at)
	if count == 0xffff || length == 0xffffffff || start == 0xffffffff {
		large, found, err := z.end64(where)
		if err != nil {
			return 0, 0, 0, 0, err
		}
		if large != nil {
			count, length, start, where = large.i64(32), large.i64(40), large.i64(48), found
		}
	}
	base = where - length - start
	if count < 0 || length < 0 || length > maxDirectory || start < 0 || base < 0 || count*zipEntryHead > length {
		return 0, 0, 0, 0, errZip
	}
	return count, length, start + base, base, nil
}

// end64 is the end of an archive that is large; nil where there is none.
func (z *zipReader) end64(before int64) (little, int64, error) {
	locator := make(little, zipLocator)
	if before < zipLocator {
		return nil, 0, nil
	}
	if _, err := z.in.ReadAt(locator, before-zipLocator); err != nil {
		return nil, 0, errZip
	}
	if string(locator[:4]) != "PK\x06\x07" {
		return nil, 0, nil
	}
	where, large := locator.i64(8), make(little, zipEnd64)
	if where < 0 {
		return nil, 0, errZip
	}
	if _, err := z.in.ReadAt(large, where); err != nil || string(large[:4]) != "PK\x06\x06" {
		return nil, 0, errZip
	}
	return large, where, nil
}

func readZipEntry(r io.Reader) (zipEntry, error) {
	head := make(little, zipEntryHead)
	if _, err := io.ReadFull(r, head); err != nil || string(head[:4]) != "PK\x01\x02" {
		return zipEntry{}, errZip
	}
	name, extra, note := head.u16(28), head.u16(30), head.u16(32)
	rest := make([]byte, name+extra+note)
	if _, err := io.ReadFull(r, rest); err != nil {
		return zipEntry{}, errZip
	}
	e := zipEntry{name: string(rest[:name]), madeBy: head.u16(4) >> 8, flags: head.u16(8), method: head.u16(10), clock: head.u16(12),
		date: head.u16(14), sum: head.u32(16), packed: int64(head.u32(20)), size: int64(head.u32(24)), attributes: head.u32(38),
		extra: rest[name : name+extra], at: int64(head.u32(42))}
	return e, e.enlarge()
}

// field is what stands in an extra field, nil when it is not there.
func (e zipEntry) field(id int) little {
	for extra := little(e.extra); len(extra) >= 4; {
		size := extra.u16(2)
		if size > len(extra)-4 {
			return nil
		}
		if extra.u16(0) == id {
			return extra[4 : 4+size]
		}
		extra = extra[4+size:]
	}
	return nil
}

// enlarge takes from an extra field what is too large for the entry itself.
func (e *zipEntry) enlarge() error {
	more := e.field(1)
	for _, n := range []*int64{&e.size, &e.packed, &e.at} {
		if *n != 0xffffffff {
			continue
		}
		if len(more) < 8 {
			return errZip
		}
		*n, more = more.i64(0), more[8:]
		if *n < 0 {
			return errZip
		}
	}
	return nil
}

// open reads the content of an entry; an error at its end tells that it is damaged.
func (z *zipReader) open(e zipEntry) (io.Reader, error) {
	head := make(little, zipLocalHead)
	if _, err := z.in.ReadAt(head, e.at); err != nil || string(head[:4]) != "PK\x03\x04" {
		return nil, errZip
	}
	var packed io.Reader = io.NewSectionReader(z.in, e.at+zipLocalHead+int64(head.u16(26))+int64(head.u16(28)), e.packed)
	switch e.method {
	case zipStored:
	case zipDeflated:
		packed = flate.NewReader(packed)
	default:
		return nil, fmt.Errorf("the archive is refused: its member %s is packed by method %d, neither stored nor deflated", e.name, e.method)
	}
	return &zipContent{in: packed, left: e.size, want: e.sum}, nil
}

// zipContent compares size and sum while it reads.
type zipContent struct {
	in        io.Reader
	left      int64
	sum, want uint32
}

func (c *zipContent) Read(b []byte) (int, error) {
	n, err := c.in.Read(b)
	c.sum, c.left = crc32.Update(c.sum, crc32.IEEETable, b[:n]), c.left-int64(n)
	switch {
	case c.left < 0, err == io.EOF && (c.left > 0 || c.sum != c.want):
		return 0, errZip
	case err != nil && err != io.EOF:
		return n, errZip
	}
	return n, err
}
