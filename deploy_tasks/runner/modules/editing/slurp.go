// Package editing is the part of the runner with the modules that read and edit files beyond those of basics.
package editing

import (
	"io"
	"os"
	"syscall"

	"runner/base64"
	"runner/fmt"
	"runner/module"
	"runner/modules/kit"
)

func init() { module.Register("slurp", slurp) }

var slurpSpec = kit.Spec{Args: []kit.Arg{{Name: "src", Kind: kit.Path, Required: true, Aliases: []string{"path"}}}}

// largest is how many bytes of a file become a result: it is held in memory, sent as text, and kept as a variable.
var largest int64 = 32 << 20

// slurp returns the content of a file in base64. It changes nothing, so a check does the same.
func slurp(c *module.Call) module.Result {
	p, err := slurpSpec.Parse("slurp", c)
	if err != nil {
		return kit.Failure(err)
	}
	source := p.Str("src")
	content, err := readWhole(source)
	if err != nil {
		return module.Failure(whyNot(err, source))
	}
	if int64(len(content)) > largest {
		return module.Failure(fmt.Sprintf("unable to slurp file: %s has more than %d bytes; have it fetched or copied instead", source, largest))
	}
	return module.Result{Data: kit.Dict("content", base64.EncodeToString(content), "source", source, "encoding", "base64")}
}

// readWhole reads one byte more than is allowed, never more.
func readWhole(path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return readBounded(f)
}

func readBounded(r io.Reader) ([]byte, error) { return io.ReadAll(io.LimitReader(r, largest+1)) }

// whyNot words an error as Ansible's slurp does.
func whyNot(err error, source string) string {
	switch no, _ := kit.ErrnoOf(err); no {
	case syscall.ENOENT:
		return "file not found: " + source
	case syscall.EACCES:
		return "file is not readable: " + source
	case syscall.EISDIR:
		return "source is a directory and must be a file: " + source
	}
	return "unable to slurp file: " + kit.ReasonAt(err, source)
}
