package expr

import (
	"os"
	"path/filepath"
	"strings"

	"runner/value"
)

// Tests of paths on the host, and of text that names a place.
var hostTests = table{
	{"file", pathTest(isFile)},
	{"is_file", pathTest(isFile)},
	{"directory", pathTest(isDirectory)},
	{"is_dir", pathTest(isDirectory)},
	{"link", pathTest(isLink)},
	{"is_link", pathTest(isLink)},
	{"exists", pathTest(func(path string) bool { _, err := os.Stat(path); return err == nil })},
	{"link_exists", pathTest(func(path string) bool { _, err := os.Lstat(path); return err == nil })},
	{"abs", pathTest(func(path string) bool { return strings.HasPrefix(path, "/") })},
	{"is_abs", pathTest(func(path string) bool { return strings.HasPrefix(path, "/") })},
	{"mount", pathTest(isMount)},
	{"is_mount", pathTest(isMount)},
	{"same_file", testSameFile},
	{"is_same_file", testSameFile},
	{"uri", func(c *call, v any) (any, error) { return testURI(c, v, false) }},
	{"url", func(c *call, v any) (any, error) { return testURI(c, v, true) }},
	{"urn", pathTest(func(s string) bool {
		return strings.HasPrefix(strings.ToLower(s), "urn:")
	})},
}

func onPath(check func(string) bool) test {
	return func(c *call, v any) (any, error) {
		p := c.params()
		path := textOf(p, v, "the test '"+c.name+"'")
		return p.err == nil && check(path), p.err
	}
}

func isFile(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.Mode().IsRegular()
}

func isDirectory(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.IsDir()
}

func isLink(path string) bool {
	info, err := os.Lstat(path)
	return err == nil && info.Mode()&os.ModeSymlink != 0
}

func isMount(path string) bool {
	here, err := os.Lstat(path)
	if err != nil || !here.IsDir() {
		return false
	}
	above, err := os.Stat(filepath.Join(path, ".."))
	return err == nil && (os.SameFile(here, above) || device(here) != device(above))
}

func testSameFile(c *call, v any) (any, error) {
	p := c.params("other")
	a, b := p.str(v), p.str(p.need(0))
	if p.err != nil {
		return nil, p.err
	}
	x, err := os.Stat(a)
	if err != nil {
		return nil, valueError("%s", err)
	}
	y, err := os.Stat(b)
	if err != nil {
		return nil, valueError("%s", err)
	}
	return os.SameFile(x, y), nil
}

func testURI(c *call, v any, place bool) (any, error) {
	p := c.params("schemes")
	schemes := p.any(0, nil)
	s, ok := p.defined(v).(string)
	if !ok || p.err != nil {
		return false, p.err
	}
	parts, err := splitURL(s)
	if err != nil {
		return false, nil
	}
	scheme, _ := parts.Get("scheme")
	if schemes != nil && value.Truthy(schemes) {
		if found, err := contains(schemes, scheme); err != nil || !found {
			return false, err
		}
	}
	netloc, _ := parts.Get("netloc")
	return !place || netloc != "" || scheme == "file", nil
}
