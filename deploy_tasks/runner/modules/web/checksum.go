package web

import (
	"errors"
	"io"
	"net/url"
	"path"
	"strings"
	"unicode"

	"runner/fmt"
	"runner/hashing"
	"runner/modules/kit"
)

// maxChecksums is how many bytes a file of checksums may have.
const maxChecksums = 16 << 20

// checksum is what a download must have: an algorithm and its digest in hex. The zero value asks for nothing.
type checksum struct{ algorithm, digest string }

// parseChecksum reads the argument checksum: algorithm:digest, or algorithm:url of a file that fetch reads.
func parseChecksum(text, from string, fetch func(string) (string, error)) (checksum, error) {
	if text == "" {
		return checksum{}, nil
	}
	algorithm, digest, ok := strings.Cut(text, ":")
	if !ok {
		return checksum{}, errors.New("The checksum parameter has to be in format <algorithm>:<checksum>")
	}
	if u, err := url.Parse(digest); err == nil && (u.Scheme == "http" || u.Scheme == "https" || u.Scheme == "ftp" || u.Scheme == "file") {
		listed, err := fetch(digest)
		if err != nil {
			return checksum{}, err
		}
		name := urlName(from)
		found, ok := listedChecksum(listed, name)
		if !ok {
			return checksum{}, fmt.Errorf("Unable to find a checksum for file '%s' in '%s'", name, shown(digest))
		}
		digest = found
	}
	digest = strings.ToLower(strings.Map(wordsOnly, digest))
	if digest == "" || strings.Trim(digest, "0123456789abcdef") != "" {
		return checksum{}, errors.New("The checksum format is invalid")
	}
	if hashing.Named(algorithm) == nil {
		return checksum{}, fmt.Errorf("Could not hash file with algorithm '%s'. Available algorithms: md5, sha1, sha224, sha256, sha384, sha512", algorithm)
	}
	return checksum{algorithm, digest}, nil
}

// wordsOnly leaves out what is no letter, digit or underscore, invisible spaces among it.
func wordsOnly(r rune) rune {
	if r == '_' || unicode.IsLetter(r) || unicode.IsDigit(r) {
		return r
	}
	return -1
}

// listedChecksum finds a file's digest in a list as sha256sum prints it, or in a file that has one digest alone.
func listedChecksum(text, name string) (string, bool) {
	lines := strings.Split(strings.TrimSuffix(text, "\n"), "\n")
	if words := strings.Fields(lines[0]); len(lines) == 1 && len(words) == 1 {
		return words[0], true
	}
	for _, line := range lines {
		digest, file, ok := strings.Cut(line, " ")
		if !ok {
			continue
		}
		if strings.HasPrefix(file, " ") || strings.HasPrefix(file, "*") {
			file = file[1:]
		}
		if strings.TrimLeft(file, "./") == name {
			return digest, true
		}
	}
	return "", false
}

// urlName is the last part of a URL's path, as it is written there.
func urlName(text string) string {
	u, err := url.Parse(text)
	if err != nil {
		return "index.html"
	}
	written := u.EscapedPath()
	if written == "" || strings.HasSuffix(written, "/") {
		return "index.html"
	}
	return path.Base(written)
}

// of is the digest of a file by the checksum's algorithm.
func (s checksum) of(path string) (string, error) {
	sums, err := kit.Checksums(path, s.algorithm)
	if err != nil {
		return "", err
	}
	return sums[0], nil
}

// readText reads an answer that is kept in memory.
func readText(in io.Reader, most int64) (string, error) {
	b, err := io.ReadAll(io.LimitReader(in, most+1))
	if err != nil {
		return "", err
	}
	if int64(len(b)) > most {
		return "", fmt.Errorf("the answer has more than %d bytes", most)
	}
	return string(b), nil
}
