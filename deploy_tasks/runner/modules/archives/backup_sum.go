package archives

import (
	"bufio"
	"errors"
	"io"
	"os"

	"runner/modules/kit"
)

// unpackedSum is the checksum of the tar archive in a packed one.
func (k *keeping) unpackedSum(path string) (string, error) {
	f, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer f.Close()
	plain, _, end, err := unpacked(k.c, bufio.NewReader(f))
	if err != nil {
		return "", err
	}
	sum := kit.NewHashes("sha256")
	_, err = io.Copy(sum, plain)
	if err = errors.Join(err, end(err == nil)); err != nil {
		return "", err
	}
	return sum.Sums()[0], nil
}
