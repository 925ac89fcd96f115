package containers

import (
	"io"
	"os"

	"runner/fmt"
	"runner/modules/kit"
)

// readText reads a file that may have so many bytes. What is no regular file has no end, or none that comes.
func readText(path string, most int64) ([]byte, error) {
	info, err := os.Stat(path)
	if err == nil && !info.Mode().IsRegular() {
		err = fmt.Errorf("%s is no regular file", path)
	}
	if err != nil {
		return nil, kit.AtPath(path, err)
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, kit.AtPath(path, err)
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, most+1))
	if err == nil && int64(len(text)) > most {
		err = fmt.Errorf("%s is larger than %d bytes", path, most)
	}
	if err != nil {
		return nil, kit.AtPath(path, err)
	}
	return text, nil
}
