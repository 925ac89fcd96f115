// Package inflate unpacks gzip, as compilers of programs pack it. Go's own package brings the packing with it. Sums and
// lengths at the end of the data are not compared: whoever unpacks has checked a digest of the whole.
package inflate

import (
	"bufio"
	"errors"
	"io"
)

// ErrDamaged means that the data is no gzip.
var ErrDamaged = errors.New("the packed data is damaged")

const (
	window   = 32 << 10 // how far back a match may reach
	maxMatch = 258
)

// Reader unpacks one gzip member.
type Reader struct {
	in     *bufio.Reader
	bits   uint64
	have   uint // bits that are valid
	out    []byte
	from   int // of out, not yet read
	err    error
	step   func(*Reader) error // what comes next in the data
	last   bool                // this block is the last
	stored int                 // bytes left of a stored block
	codes  *codes              // of a packed block
}

// NewReader reads the header.
func NewReader(in io.Reader) (*Reader, error) {
	r := &Reader{in: bufio.NewReaderSize(in, 16<<10), step: (*Reader).block}
	r.out = make([]byte, 0, 4*window)
	if err := r.header(); err != nil {
		return nil, tooShort(err)
	}
	return r, nil
}

// tooShort turns an end that comes too early into an error.
func tooShort(err error) error {
	if err == io.EOF {
		return io.ErrUnexpectedEOF
	}
	return err
}

// header passes over gzip's header and the fields that it announces.
func (r *Reader) header() error {
	var head [10]byte
	if _, err := io.ReadFull(r.in, head[:]); err != nil {
		return err
	}
	const extra, name, comment, sum = 4, 8, 16, 2
	flags := head[3]
	if head[0] != 0x1f || head[1] != 0x8b || head[2] != 8 || flags&0xe0 != 0 {
		return ErrDamaged
	}
	if flags&extra != 0 {
		var size [2]byte
		if _, err := io.ReadFull(r.in, size[:]); err != nil {
			return err
		}
		if _, err := r.in.Discard(int(size[0]) | int(size[1])<<8); err != nil {
			return err
		}
	}
	for _, text := range []byte{name, comment} {
		for flags&text != 0 {
			c, err := r.in.ReadByte()
			if err != nil {
				return err
			}
			if c == 0 {
				break
			}
		}
	}
	if flags&sum != 0 {
		_, err := r.in.Discard(2)
		return err
	}
	return nil
}

// Read unpacks.
func (r *Reader) Read(p []byte) (int, error) {
	for r.from == len(r.out) && r.err == nil {
		r.makeRoom()
		r.err = tooShort(r.step(r))
		if r.err == errEnd {
			r.err = io.EOF
		}
	}
	n := copy(p, r.out[r.from:])
	r.from += n
	if n == 0 && len(p) > 0 {
		return 0, r.err
	}
	return n, nil
}

// errEnd is the end of the last block.
var errEnd = errors.New("end")

// makeRoom forgets what is too far back for any match. Everything was read.
func (r *Reader) makeRoom() {
	if len(r.out) <= 2*window {
		return
	}
	n := copy(r.out, r.out[len(r.out)-window:])
	r.out, r.from = r.out[:n], n
}

// full says whether a step must end so that room can be made.
func (r *Reader) full() bool { return cap(r.out)-len(r.out) < maxMatch }

// need makes n bits valid, at most 32.
func (r *Reader) need(n uint) error {
	for r.have < n {
		c, err := r.in.ReadByte()
		if err != nil {
			return err
		}
		r.bits |= uint64(c) << r.have
		r.have += 8
	}
	return nil
}

// take reads n bits, at most 32.
func (r *Reader) take(n uint) (int, error) {
	if err := r.need(n); err != nil {
		return 0, err
	}
	v := int(r.bits & (1<<n - 1))
	r.bits >>= n
	r.have -= n
	return v, nil
}

// block reads the head of a block.
func (r *Reader) block() error {
	if r.last {
		return errEnd
	}
	v, err := r.take(3)
	if err != nil {
		return err
	}
	r.last = v&1 == 1
	switch v >> 1 {
	case 0:
		return r.startStored()
	case 1:
		r.codes = fixed()
	case 2:
		if r.codes, err = r.readCodes(); err != nil {
			return err
		}
	default:
		return ErrDamaged
	}
	r.step = (*Reader).packed
	return nil
}

func (r *Reader) startStored() error {
	r.bits >>= r.have % 8
	r.have -= r.have % 8
	v, err := r.take(32)
	if err != nil {
		return err
	}
	if r.stored = v & 0xffff; r.stored != v>>16^0xffff {
		return ErrDamaged
	}
	r.step = (*Reader).copyStored
	return nil
}

func (r *Reader) copyStored() error {
	for ; r.stored > 0 && r.have > 0; r.stored-- {
		v, err := r.take(8)
		if err != nil {
			return err
		}
		r.out = append(r.out, byte(v))
	}
	at := len(r.out)
	n := min(r.stored, window)
	r.out = r.out[:at+n]
	n, err := io.ReadFull(r.in, r.out[at:])
	r.out = r.out[:at+n]
	if r.stored -= n; r.stored == 0 && err == nil {
		r.step = (*Reader).block
	}
	return err
}

// packed unpacks until the block ends or the room does.
func (r *Reader) packed() error {
	for !r.full() {
		symbol, err := r.symbol(&r.codes.literals)
		switch {
		case err != nil:
			return err
		case symbol < 256:
			r.out = append(r.out, byte(symbol))
			continue
		case symbol == 256:
			r.step = (*Reader).block
			return nil
		}
		if err := r.match(symbol - 257); err != nil {
			return err
		}
	}
	return nil
}

// The shortest length or distance of a symbol, and how many bits are added to it.
var (
	lengthBase   = [29]uint16{3, 4, 5, 6, 7, 8, 9, 10, 11, 13, 15, 17, 19, 23, 27, 31, 35, 43, 51, 59, 67, 83, 99, 115, 131, 163, 195, 227, 258}
	lengthBits   = [29]uint8{8: 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3, 4, 4, 4, 4, 5, 5, 5, 5}
	distanceBase = [30]uint16{1, 2, 3, 4, 5, 7, 9, 13, 17, 25, 33, 49, 65, 97, 129, 193, 257, 385, 513, 769, 1025, 1537, 2049, 3073,
		4097, 6145, 8193, 12289, 16385, 24577}
	distanceBits = [30]uint8{4: 1, 1, 2, 2, 3, 3, 4, 4, 5, 5, 6, 6, 7, 7, 8, 8, 9, 9, 10, 10, 11, 11, 12, 12, 13, 13}
)

// match repeats what was unpacked before.
func (r *Reader) match(symbol int) error {
	if symbol >= len(lengthBase) {
		return ErrDamaged
	}
	more, err := r.take(uint(lengthBits[symbol]))
	if err != nil {
		return err
	}
	length := int(lengthBase[symbol]) + more
	if symbol, err = r.symbol(&r.codes.distances); err != nil {
		return err
	}
	if symbol >= len(distanceBase) {
		return ErrDamaged
	}
	if more, err = r.take(uint(distanceBits[symbol])); err != nil {
		return err
	}
	distance := int(distanceBase[symbol]) + more
	if distance > len(r.out) {
		return ErrDamaged
	}
	for length > 0 {
		at := len(r.out) - distance
		n := min(length, distance)
		r.out = append(r.out, r.out[at:at+n]...)
		length -= n
	}
	return nil
}
