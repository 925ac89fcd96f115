package containers

import (
	"archive/tar"
	"bytes"
	"errors"
	"io"
	"testing"
)

// untar reads an archive with Go's own reader: names and contents, links as -> TARGET.
func untar(t *testing.T, b []byte) map[string]string {
	t.Helper()
	out := map[string]string{}
	for in := tar.NewReader(bytes.NewReader(b)); ; {
		head, err := in.Next()
		if errors.Is(err, io.EOF) {
			return out
		}
		if err != nil {
			t.Fatal(err)
		}
		content, err := io.ReadAll(in)
		if err != nil {
			t.Fatal(err)
		}
		out[head.Name] = string(content)
		if head.Typeflag == tar.TypeSymlink {
			out[head.Name] = "-> " + head.Linkname
		}
	}
}
