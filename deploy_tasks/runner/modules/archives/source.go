package archives

import (
	"bufio"
	"bytes"
	"compress/bzip2"
	"compress/gzip"
	"errors"
	"io"
	"os"
	"path/filepath"

	"runner/fmt"
	"runner/module"
	"runner/modules/kit"
)

// source is an archive: one of the plan, or of the host.
type source struct {
	name string
	open func() (io.ReadCloser, error)
}

// form is how an archive is packed: what it begins with, Ansible's name for it, and the program of the host that unpacks it.
type form struct{ magic, handler, program string }

var forms = []form{
	{"\x1f\x8b", "TgzArchive", ""},
	{"BZh", "TarBzipArchive", ""},
	{"\xfd7zXZ\x00", "TarXzArchive", "xz"},
	{"\x28\xb5\x2f\xfd", "TarZstdArchive", "zstd"},
}

// sourceOf finds the archive that a task names.
func sourceOf(c *module.Call, src string, remote bool) (source, error) {
	if remote {
		path := kit.Absolute(c, kit.Expand(c, src))
		info, err := os.Stat(path)
		switch {
		case err != nil:
			return source{}, fmt.Errorf("Source '%s' does not exist", src)
		case info.Size() == 0:
			return source{}, fmt.Errorf("Invalid archive '%s', the file is 0 bytes", path)
		}
		return source{path, func() (io.ReadCloser, error) { return os.Open(path) }}, nil
	}
	entry, ok := c.Files.Lookup(trimDot(src))
	if !ok {
		return source{}, fmt.Errorf("Could not find or access '%s' in the artifact", src)
	}
	return source{filepath.Base(src), func() (io.ReadCloser, error) { return c.Files.Open(entry) }}, nil
}

func trimDot(name string) string {
	if len(name) > 2 && name[:2] == "./" {
		return name[2:]
	}
	return name
}

// each calls with every member of the archive; content is read from the reader. It returns the name of the form.
func (s source) each(c *module.Call, visit func(member, io.Reader) error) (string, error) {
	raw, err := s.open()
	if err != nil {
		return "", err
	}
	defer raw.Close()
	in := bufio.NewReaderSize(raw, 64<<10)
	if isZip(in) {
		if file, ok := raw.(*os.File); ok {
			return "ZipArchive", eachZipped(c, file, visit)
		}
		return "ZipArchive", eachZipped(c, in, visit)
	}
	plain, handler, end, err := unpacked(c, in)
	if err != nil {
		return "", err
	}
	t := &tarReader{in: plain}
	for n := 0; ; n++ {
		m, err := t.next()
		if err == io.EOF && n > 0 {
			break
		}
		if err == nil && n >= maxMembers {
			err = fmt.Errorf("the archive has more than %d members", maxMembers)
		}
		if err == nil {
			err = visit(m, t)
		}
		if err == io.EOF {
			err = errors.New("the archive is empty")
		}
		if err == nil {
			err = c.Ctx.Err()
		}
		if err != nil {
			_ = end(false) // it was stopped
			return "", err
		}
	}
	// What follows the end is of no interest, but the packing may be damaged there. Behind it anything may stand.
	if _, err := io.Copy(io.Discard, plain); err != nil && !errors.Is(err, gzip.ErrHeader) {
		return "", errTar
	}
	return handler, end(true)
}

// zipped tells whether this is a zip archive.
func (s source) zipped() bool {
	raw, err := s.open()
	if err != nil {
		return false // told where it is read
	}
	defer raw.Close()
	return isZip(bufio.NewReader(raw))
}

func isZip(in *bufio.Reader) bool {
	head, _ := in.Peek(2)
	return string(head) == "PK"
}

// maxMembers is how many members an archive may have.
const maxMembers = 500_000

// unpacked is the tar archive itself; end ends what unpacks it.
func unpacked(c *module.Call, in *bufio.Reader) (plain io.Reader, handler string, end func(bool) error, err error) {
	nothing := func(bool) error { return nil }
	head, _ := in.Peek(8)
	for _, f := range forms {
		if !bytes.HasPrefix(head, []byte(f.magic)) {
			continue
		}
		switch f.handler {
		case "TgzArchive":
			plain, err = gzip.NewReader(in)
			return plain, f.handler, nothing, err
		case "TarBzipArchive":
			return bzip2.NewReader(in), f.handler, nothing, nil
		}
		plain, end, err = piped(c, f.program, in)
		return plain, f.handler, end, err
	}
	return in, "TarArchive", nothing, nil
}

// piped unpacks through a program of the host.
func piped(c *module.Call, program string, in io.Reader) (io.Reader, func(bool) error, error) {
	cmd := c.Command(program, "-dc")
	if cmd == nil {
		return nil, nil, fmt.Errorf("the archive is packed with %s, which the host does not have", program)
	}
	cmd.Stdin = in
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, nil, err
	}
	return out, func(whole bool) error {
		if !whole {
			_ = cmd.Process.Kill() // it may have ended
		}
		if err := cmd.Wait(); err != nil {
			return fmt.Errorf("%s could not unpack the archive: %s", program, err.Error())
		}
		return nil
	}, nil
}
