package kit

import (
	"io/fs"
	"time"

	"runner/value"
)

// AddType adds what kind of file it is, with its mode and size, in the words of stat.
func AddType(out *value.Dict, info fs.FileInfo) {
	mode := info.Mode()
	device := mode&fs.ModeDevice != 0
	char := mode&fs.ModeCharDevice != 0
	out.Set("mode", octal4(BitsOf(mode)))
	out.Set("isdir", mode.IsDir())
	out.Set("ischr", device && char)
	out.Set("isblk", device && !char)
	out.Set("isreg", mode.IsRegular())
	out.Set("isfifo", mode&fs.ModeNamedPipe != 0)
	out.Set("islnk", mode&fs.ModeSymlink != 0)
	out.Set("issock", mode&fs.ModeSocket != 0)
	out.Set("size", info.Size())
}

// octal4 is the mode with four digits, always.
func octal4(bits uint32) string {
	text := Octal(bits)
	if len(text) > 4 {
		return text[1:]
	}
	return text
}

// AddPermissions adds what the mode allows to whom, in the words of stat.
func AddPermissions(out *value.Dict, bits uint32) {
	for i, who := range []string{"usr", "grp", "oth"} {
		shift := 6 - 3*i
		out.Set("w"+who, bits>>shift&2 != 0)
		out.Set("r"+who, bits>>shift&4 != 0)
		out.Set("x"+who, bits>>shift&1 != 0)
	}
	out.Set("isuid", bits&0o4000 != 0)
	out.Set("isgid", bits&0o2000 != 0)
}

// Seconds is a time as Python has those of files.
func Seconds(t time.Time) float64 { return float64(t.Unix()) + float64(t.Nanosecond())/1e9 }
