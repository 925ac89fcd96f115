package editing

import (
	"bytes"
	"io"
	"os"
	"strings"
	"unicode/utf8"

	"runner/expr/regex"
	"runner/fmt"
)

const (
	// pieceSize is how many bytes Python decodes at once: lines before the piece with a stray byte are still matched.
	pieceSize = 8192
	// longestLine is how long a line may be, in bytes, to be held in memory.
	longestLine = 8 << 20
)

// hasContent tells whether a line of a file begins with a match, or whether the whole of it has one. A file that cannot
// be read does not; one that is no UTF-8 is an error.
func hasContent(path string, re *regex.Regex, whole bool) (bool, error) {
	f, err := os.Open(path)
	if err != nil {
		return false, nil
	}
	defer f.Close()
	if whole {
		return wholeHas(f, path, re)
	}
	return linesHave(f, path, re)
}

func noText(path string) error {
	return fmt.Errorf("Failed to read the file %s due to an encoding error. current encoding: utf-8", path)
}

func wholeHas(in io.Reader, path string, re *regex.Regex) (bool, error) {
	content, err := io.ReadAll(io.LimitReader(in, largest+1))
	switch {
	case err != nil:
		return false, nil
	case int64(len(content)) > largest:
		return false, fmt.Errorf("%s has more than %d bytes, too many for read_whole_file", path, largest)
	case !utf8.Valid(content):
		return false, noText(path)
	}
	m, err := re.Search(unixLines(content))
	return m != nil, err
}

func linesHave(in io.Reader, path string, re *regex.Regex) (bool, error) {
	var rest []byte // what follows the last line end
	piece := make([]byte, pieceSize)
	for valid := 0; ; {
		n, err := io.ReadFull(in, piece)
		last := err == io.EOF || err == io.ErrUnexpectedEOF
		if err != nil && !last {
			return false, nil
		}
		rest = append(rest, piece[:n]...)
		if valid, err = validUpTo(rest, valid, last); err != nil {
			return false, noText(path)
		}
		end := bytes.LastIndexByte(rest[:valid], '\n') + 1
		if last {
			end = len(rest)
		}
		if hit, err := anyLine(unixLines(rest[:end]), re); hit || err != nil || last {
			return hit, err
		}
		rest, valid = append(rest[:0], rest[end:]...), valid-end
		if len(rest) > longestLine {
			return false, fmt.Errorf("%s has a line of more than %d bytes", path, longestLine)
		}
	}
}

// validUpTo is how far a content is known to be UTF-8; a character may be cut off at the end unless it is the last.
func validUpTo(content []byte, from int, last bool) (int, error) {
	for from < len(content) {
		r, size := utf8.DecodeRune(content[from:])
		if r == utf8.RuneError && size == 1 {
			if !last && !utf8.FullRune(content[from:]) {
				return from, nil
			}
			return from, io.ErrUnexpectedEOF
		}
		from += size
	}
	return from, nil
}

func anyLine(text string, re *regex.Regex) (bool, error) {
	for _, line := range strings.SplitAfter(text, "\n") {
		if line == "" {
			continue
		}
		if m, err := re.Match(line); m != nil || err != nil {
			return m != nil, err
		}
	}
	return false, nil
}

// unixLines is a text with one kind of line end, as Python reads it.
func unixLines(content []byte) string {
	return strings.ReplaceAll(strings.ReplaceAll(string(content), "\r\n", "\n"), "\r", "\n")
}
