package kit

import (
	"bytes"
	"os"

	"runner/module"
)

// maxDiff is how large a file may be, in bytes, to be shown in a diff.
const maxDiff = 104448

// contentDiff is what a placement changes in a file, as texts, when the call wants a diff.
func (t *Placement) contentDiff(src Source, dest string) []module.Diff {
	if !t.Call.Diff {
		return nil
	}
	d := module.Diff{BeforeHeader: dest, AfterHeader: orContent(src.Name)}
	if info, err := os.Stat(dest); err == nil && info.Mode().IsRegular() {
		d.Before = oldText(dest, info.Size())
	}
	d.After = newText(src)
	return []module.Diff{d}
}

func oldText(path string, size int64) string {
	if size > maxDiff {
		return "(the file is too large to show)\n"
	}
	b, err := os.ReadFile(path)
	if err != nil {
		return ""
	}
	return shown(b)
}

func newText(src Source) string {
	if src.Size > maxDiff {
		return "(the file is too large to show)\n"
	}
	b, err := src.read(maxDiff)
	if err != nil {
		return ""
	}
	return shown(b)
}

func shown(b []byte) string {
	if bytes.IndexByte(b, 0) >= 0 {
		return "(the file is binary)\n"
	}
	return string(b)
}
