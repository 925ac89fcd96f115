package archives

import (
	"errors"
	"hash/crc32"
	"io"

	"runner/fmt"
	"runner/module"
	"runner/modules/kit"
)

const (
	zipLater    = 1 << 3  // flag of a member: size and sum follow the content
	zipUTF8     = 1 << 11 // and this: its name is UTF-8
	zipMade     = madeByUnix<<8 | 20
	maxZip      = 1<<32 - 2
	maxZipCount = 1<<16 - 2
)

// zipWriter writes a zip archive in one go.
type zipWriter struct {
	c         *module.Call
	out       *counting
	directory []byte
	count     int
}

func put16(b []byte, n int) []byte    { return append(b, byte(n), byte(n>>8)) }
func put32(b []byte, n uint32) []byte { return put16(put16(b, int(n&0xffff)), int(n>>16)) }

// zipAll writes the whole archive.
func zipAll(c *module.Call, entries []item, out io.Writer) error {
	if len(entries) > maxZipCount {
		return fmt.Errorf("a zip archive of more than %d members is not made: use the format tar or gz", maxZipCount)
	}
	z := &zipWriter{c: c, out: &counting{out: out}}
	for _, e := range entries {
		if err := z.add(e); err != nil {
			return err
		}
	}
	start := z.out.n
	if start+int64(len(z.directory)) > maxZip {
		return errTooLarge
	}
	end := put32(nil, 0x06054b50)
	end = put32(end, 0)
	end = put16(put16(end, z.count), z.count)
	end = put32(put32(end, uint32(len(z.directory))), uint32(start))
	_, err := z.out.Write(put16(append(z.directory, end...), 0))
	return err
}

var errTooLarge = errors.New("a zip archive of more than 4 GiB is not made: use the format tar or gz")

func (z *zipWriter) add(e item) error {
	at, mtime := z.out.n, e.info.ModTime()
	if mtime.Year() < 1980 {
		return fmt.Errorf("%s: ZIP does not support timestamps before 1980", e.path)
	}
	if at > maxZip || e.info.Size() > maxZip {
		return errTooLarge
	}
	name, flags, method, attributes := e.name, zipUTF8, zipDeflated, kit.BitsOf(e.info.Mode())
	if ascii(name) == name {
		flags = 0
	}
	if e.kind == folder {
		name, method, attributes = name+"/", zipStored, attributes|typeFolder
	} else {
		flags, attributes = flags|zipLater, attributes|typeRegular
	}
	date := (mtime.Year()-1980)<<9 | int(mtime.Month())<<5 | mtime.Day()
	clock := mtime.Hour()<<11 | mtime.Minute()<<5 | mtime.Second()/2
	common := put16(put16(put16(put16(put16(nil, 20), flags), method), clock), date)
	head := append(put32(nil, 0x04034b50), common...)
	head = put16(put16(append(head, make([]byte, 12)...), len(name)), 0)
	if _, err := z.out.Write(append(head, name...)); err != nil {
		return err
	}
	var sum uint32
	var packed, size int64
	if e.kind != folder {
		var err error
		if sum, packed, size, err = z.content(e); err != nil {
			return err
		}
	}
	d := put16(put32(z.directory, 0x02014b50), zipMade)
	d = put32(put32(put32(append(d, common...), sum), uint32(packed)), uint32(size))
	d = put32(put16(d, len(name)), 0) // no extra field, no remark
	d = put16(put16(d, 0), 0)         // on the first disk, of no special sort
	outer := attributes << 16
	if e.kind == folder {
		outer |= 0x10
	}
	z.directory = append(put32(put32(d, outer), uint32(at)), name...)
	z.count++
	return nil
}

// content packs a file; its sum and sizes follow it.
func (z *zipWriter) content(e item) (sum uint32, packed, size int64, err error) {
	f, err := e.open()
	if err != nil {
		return 0, 0, 0, err
	}
	defer f.Close()
	began, summed := z.out.n, crc32.NewIEEE()
	read := &counting{out: summed}
	if err := z.deflate(io.TeeReader(f, read)); err != nil {
		return 0, 0, 0, err
	}
	packed, size = z.out.n-began, read.n
	if size > maxZip || packed > maxZip {
		return 0, 0, 0, errTooLarge
	}
	after := put32(put32(nil, 0x08074b50), summed.Sum32())
	_, err = z.out.Write(put32(put32(after, uint32(packed)), uint32(size)))
	return summed.Sum32(), packed, size, err
}

// deflate writes what the host's gzip makes of a content, without gzip's own head and end. Go's packing would make the
// runner 300 kilobytes larger.
func (z *zipWriter) deflate(in io.Reader) error {
	out, end, err := packedBy(z.c, "gzip", in)
	if err != nil {
		return err
	}
	var head [gzipHead]byte
	if _, err = io.ReadFull(out, head[:]); err == nil && head[3] != 0 {
		err = errors.New("gzip wrote a header with a name") // it does not for what comes from a pipe
	}
	if err == nil {
		_, err = io.Copy(&shortened{out: z.out}, out)
	}
	if ended := end(); err == nil {
		err = ended
	}
	return err
}

// Bytes around what gzip packs.
const (
	gzipHead = 10
	gzipEnd  = 8
)

// shortened passes on everything but the last bytes, which are gzip's.
type shortened struct {
	out  io.Writer
	kept []byte
}

func (s *shortened) Write(b []byte) (int, error) {
	s.kept = append(s.kept, b...)
	cut := len(s.kept) - gzipEnd
	if cut <= 0 {
		return len(b), nil
	}
	_, err := s.out.Write(s.kept[:cut])
	s.kept = append(s.kept[:0], s.kept[cut:]...)
	return len(b), err
}
