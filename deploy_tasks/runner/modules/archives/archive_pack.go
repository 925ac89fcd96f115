package archives

import (
	"bufio"
	"errors"
	"hash/crc32"
	"io"
	"os"

	"runner/fmt"
	"runner/module"
)

// programs of the host pack: Go's library cannot, or would make the runner 300 kilobytes larger.
var programs = map[string]string{"gz": "gzip", "bz2": "bzip2", "xz": "xz"}

// stream is the archive as it is to be written. end ends what makes it, and tells what went wrong there.
func (a *packing) stream() (io.Reader, func() error, error) {
	plain, plainEnd := background(a.plain)
	program, needed := programs[a.format]
	if !needed {
		return plain, plainEnd, nil
	}
	out, end, err := packedBy(a.c, program, plain)
	if err != nil {
		return nil, nil, errors.Join(err, plainEnd())
	}
	return out, func() error { return errors.Join(end(), plainEnd()) }, nil
}

// plain writes what is packed: a tar or zip archive, or the one file itself.
func (a *packing) plain(out io.Writer) error {
	switch {
	case a.format == "zip":
		return zipAll(a.c, a.entries, out)
	case a.several || a.format == "tar":
		return tarAll(a.entries, out)
	}
	f, err := a.entries[0].open()
	if err != nil {
		return err
	}
	defer f.Close()
	_, err = io.Copy(out, f)
	return err
}

// background runs what writes while somebody reads. An error of it reaches the reader; end waits for it.
func background(write func(io.Writer) error) (io.Reader, func() error) {
	in, out := io.Pipe()
	ended := make(chan struct{})
	go func() {
		_ = out.CloseWithError(write(out)) // nil is the end of the data
		close(ended)
	}()
	return in, func() error {
		err := in.Close() // who still writes hears of it
		<-ended
		return err
	}
}

// packedBy packs through a program of the host.
func packedBy(c *module.Call, program string, in io.Reader) (io.Reader, func() error, error) {
	cmd := c.Command(program, "-c")
	if cmd == nil {
		return nil, nil, fmt.Errorf("%s is not on the host: it packs this format", program)
	}
	cmd.Stdin = in
	out, err := cmd.StdoutPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		return nil, nil, err
	}
	// The end of the output is only an end when the program has ended well.
	whole, end := background(func(w io.Writer) error {
		_, err := io.Copy(w, bufio.NewReaderSize(out, 64<<10))
		if err != nil {
			_ = cmd.Process.Kill() // nobody reads any more
		}
		if ended := cmd.Wait(); err == nil && ended != nil {
			err = fmt.Errorf("%s could not pack the archive: %s", program, ended.Error())
		}
		return err
	})
	return whole, end, nil
}

// mark is what is compared of a member: its name, its header's sum and the sum of its content.
type mark struct {
	name   string
	header int64
	sum    uint32
}

// same tells whether dest already is this archive. Ansible compares the same, but of a tar archive not the contents.
func (a *packing) same() (bool, error) {
	f, err := os.Open(a.dest)
	if err != nil {
		if errors.Is(err, os.ErrNotExist) {
			return false, nil
		}
		return false, err
	}
	defer f.Close()
	wanted := a.marks()
	found := map[mark]bool{}
	switch {
	case a.format == "zip":
		err = zipMarks(f, found)
	case a.several || a.format == "tar":
		err = a.tarMarks(found)
	default:
		err = a.fileMark(f, found)
	}
	if err != nil || len(found) != len(wanted) {
		return false, a.c.Ctx.Err() // what cannot be read is replaced
	}
	for m := range wanted {
		if !found[m] {
			return false, nil
		}
	}
	return true, nil
}

func (a *packing) marks() map[mark]bool {
	marks := map[mark]bool{}
	for _, e := range a.entries {
		m := mark{name: e.name, sum: e.sum}
		switch {
		case a.format == "zip":
			if e.kind == folder {
				m.name += "/"
			}
		case a.several || a.format == "tar":
			_, header := e.tarHeader()
			m.header, _ = number(header[148:156]) // just written
			if e.kind == folder {
				m.name += "/"
			}
		default:
			m.name = ""
		}
		marks[m] = true
	}
	return marks
}

func zipMarks(f *os.File, found map[mark]bool) error {
	info, err := f.Stat()
	if err != nil {
		return err
	}
	z, err := readZip(f, info.Size())
	if err != nil {
		return err
	}
	for _, e := range z.entries {
		found[mark{name: e.name, sum: e.sum}] = true
	}
	return nil
}

// handlers are how unarchive calls what archive makes.
var handlers = map[string]string{"gz": "TgzArchive", "bz2": "TarBzipArchive", "xz": "TarXzArchive", "tar": "TarArchive"}

func (a *packing) tarMarks(found map[mark]bool) error {
	src := source{a.dest, func() (io.ReadCloser, error) { return os.Open(a.dest) }}
	handler, err := src.each(a.c, func(m member, in io.Reader) error {
		sum := crc32.NewIEEE()
		_, err := io.Copy(sum, in)
		found[mark{m.name, m.sum, sum.Sum32()}] = true
		return err
	})
	if err == nil && handler != handlers[a.format] {
		err = errTar
	}
	return err
}

func (a *packing) fileMark(f *os.File, found map[mark]bool) error {
	plain, handler, end, err := unpacked(a.c, bufio.NewReader(f))
	if err != nil {
		return err
	}
	sum := crc32.NewIEEE()
	_, err = io.Copy(sum, plain)
	if ended := end(err == nil); err == nil {
		err = ended
	}
	if err == nil && handler != handlers[a.format] {
		err = errTar
	}
	found[mark{sum: sum.Sum32()}] = true
	return err
}
