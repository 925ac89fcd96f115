package containers

import (
	"bytes"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"runner/fmt"
	"runner/inflate"
	"runner/modules/kit"
)

const block = 512

// tarHead is the head of a member of a tar archive; what does not fit into it stands before it, in a head of pax.
func tarHead(kind byte, name, link string, mode uint32, uid, gid int, size, mtime int64) []byte {
	h := make([]byte, block)
	pax := ""
	put := func(at, length int, text, key string) {
		if len(text) > length {
			pax += paxRecord(key, text)
		}
		copy(h[at:at+length], text)
	}
	count := func(at, length int, n int64, key string) {
		if n < 0 || n >= 1<<(3*(length-1)) {
			pax += paxRecord(key, strconv.FormatInt(n, 10))
			n = 0
		}
		copy(h[at:], octal(n, length-1))
	}
	put(0, 100, name, "path")
	put(157, 100, link, "linkpath")
	copy(h[100:], octal(int64(mode), 7))
	count(108, 8, int64(uid), "uid")
	count(116, 8, int64(gid), "gid")
	count(124, 12, size, "size")
	count(136, 12, mtime, "mtime")
	h[156] = kind
	copy(h[257:], "ustar\x0000")
	seal(h)
	if pax == "" {
		return h
	}
	before := make([]byte, block)
	copy(before, "././@PaxHeader")
	for _, at := range []int{100, 108, 116} {
		copy(before[at:], "0000000")
	}
	copy(before[124:], octal(int64(len(pax)), 11))
	copy(before[136:], octal(0, 11))
	before[156] = 'x'
	copy(before[257:], "ustar\x0000")
	seal(before)
	return append(append(append(before, pax...), padding(int64(len(pax)))...), h...)
}

func octal(n int64, digits int) string {
	text := strconv.FormatInt(n, 8)
	return strings.Repeat("0", max(0, digits-len(text))) + text
}

// paxRecord is a field with its own length before it.
func paxRecord(key, text string) string {
	rest := " " + key + "=" + text + "\n"
	n := len(rest)
	for len(strconv.Itoa(n))+len(rest) != n {
		n = len(strconv.Itoa(n)) + len(rest)
	}
	return strconv.Itoa(n) + rest
}

// seal puts the sum of a head into it.
func seal(h []byte) {
	copy(h[148:156], "        ")
	sum := int64(0)
	for _, b := range h {
		sum += int64(b)
	}
	copy(h[148:], octal(sum, 6)+"\x00 ")
}

func padding(size int64) []byte { return make([]byte, (block-size%block)%block) }

// tarFile writes a file, folder or link below root; what else there is, as a socket, is left out.
func tarFile(out io.Writer, root, name string) error {
	path := filepath.Join(root, name)
	info, err := os.Lstat(path)
	if err != nil {
		return kit.AtPath(path, err)
	}
	st, mtime := kit.StatusOf(info), info.ModTime().Unix()
	mode := kit.BitsOf(info.Mode())
	head := func(kind byte, name, link string, size int64) error {
		_, err := out.Write(tarHead(kind, name, link, mode, int(st.UID), int(st.GID), size, mtime))
		return err
	}
	switch {
	case info.IsDir():
		return head('5', name+"/", "", 0)
	case info.Mode()&os.ModeSymlink != 0:
		target, err := os.Readlink(path)
		if err != nil {
			return kit.AtPath(path, err)
		}
		return head('2', name, target, 0)
	case !info.Mode().IsRegular():
		return nil
	}
	f, err := os.Open(path)
	if err != nil {
		return fmt.Errorf("Can not read file in context: %s", path)
	}
	defer f.Close()
	if err := head('0', name, "", info.Size()); err != nil {
		return err
	}
	n, err := io.Copy(out, io.LimitReader(f, info.Size()))
	if err == nil && n < info.Size() {
		err = errShorter
	}
	if err == nil {
		_, err = out.Write(padding(info.Size()))
	}
	return err
}

// tarText writes a text as a file.
func tarText(out io.Writer, name, text string) error {
	whole := append(tarHead('0', name, "", 0o644, 0, 0, int64(len(text)), 0), text...)
	_, err := out.Write(append(whole, padding(int64(len(text)))...))
	return err
}

// maxMember bounds the member of an archive that is read into memory, in bytes.
const maxMember = 16 << 20

var errNoTar = errors.New("it is no tar archive, or a damaged one")

// tarMember reads one member of an archive, nil when it has none of this name.
func tarMember(in io.Reader, name string) ([]byte, error) {
	h := make([]byte, block)
	for {
		if _, err := io.ReadFull(in, h); errors.Is(err, io.EOF) {
			return nil, nil
		} else if err != nil {
			return nil, errNoTar
		}
		if bytes.Count(h, []byte{0}) == block {
			return nil, nil
		}
		if string(h[257:262]) != "ustar" {
			return nil, errNoTar
		}
		size, err := strconv.ParseInt(strings.Trim(string(h[124:136]), " \x00"), 8, 64)
		if err != nil || size < 0 {
			return nil, errNoTar
		}
		own, _, _ := strings.Cut(string(h[:100]), "\x00")
		if own == name && size <= maxMember {
			content := make([]byte, size)
			_, err := io.ReadFull(in, content)
			return content, err
		}
		if err := skip(in, size+int64(len(padding(size)))); err != nil {
			return nil, err
		}
	}
}

// skip passes over so many bytes.
func skip(in io.Reader, n int64) error {
	if file, ok := in.(io.Seeker); ok {
		_, err := file.Seek(n, io.SeekCurrent)
		return err
	}
	_, err := io.CopyN(io.Discard, in, n)
	return err
}

// unpacked is what an archive has in it, which the engine takes compressed, too.
func unpacked(f io.ReadSeeker) (io.Reader, error) {
	magic := make([]byte, 6)
	n, err := io.ReadFull(f, magic)
	if err != nil && !errors.Is(err, io.ErrUnexpectedEOF) && !errors.Is(err, io.EOF) {
		return nil, err
	}
	if _, err := f.Seek(0, io.SeekStart); err != nil {
		return nil, err
	}
	begins := string(magic[:n])
	switch {
	case strings.HasPrefix(begins, "\x1f\x8b"):
		return inflate.NewReader(f)
	case strings.HasPrefix(begins, "BZh"), begins == "\xfd7zXZ\x00", strings.HasPrefix(begins, "\x28\xb5\x2f\xfd"):
		return nil, errors.New("it is compressed in a way that is not read here: compress it with gzip, or leave it as it is")
	}
	return f, nil
}
