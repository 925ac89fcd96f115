package containers

import (
	"errors"
	"io/fs"
	"path/filepath"
	"strings"

	"runner/modules/kit"
)

// maxIgnore bounds a .dockerignore, and a Dockerfile beside the folder, in bytes.
const maxIgnore = 4 << 20

// readIgnored reads the patterns of a folder's .dockerignore, none where there is no such file.
func readIgnored(root string) ([]string, error) {
	file := filepath.Join(root, ".dockerignore")
	text, err := readText(file, maxIgnore)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var out []string
	for _, line := range kit.SplitLines(string(text)) {
		if line = strings.TrimSpace(line); line != "" && line[0] != '#' {
			out = append(out, line)
		}
	}
	return out, nil
}

// rule is a pattern of a .dockerignore: elements of a path; kept: what matches is not left out after all.
type rule struct {
	elements []string
	kept     bool
}

type rules []rule

// ignoreRules reads patterns. The file with the patterns itself is always sent.
func ignoreRules(patterns []string) rules {
	var out rules
	for _, pattern := range append(patterns[:len(patterns):len(patterns)], "!.dockerignore") {
		text, kept := strings.CutPrefix(pattern, "!")
		if elements := elementsOf(strings.TrimSpace(text)); len(elements) > 0 {
			out = append(out, rule{elements, kept})
		}
	}
	return out
}

// elementsOf are the elements of a path without what means nothing.
func elementsOf(path string) []string {
	var out []string
	for _, element := range strings.Split(path, "/") {
		switch {
		case element == "" || element == ".":
		case element == "..":
			out = out[:max(0, len(out)-1)]
		default:
			out = append(out, element)
		}
	}
	return out
}

// ignore tells whether a path is left out: the last pattern that matches it, or a folder above it, counts.
func (r rules) ignore(path string) bool {
	elements, ignored := strings.Split(path, "/"), false
	for _, each := range r {
		for n := len(elements); n > 0; n-- {
			if matchElements(each.elements, elements[:n]) {
				ignored = !each.kept
				break
			}
		}
	}
	return ignored
}

// mayHold tells whether something in a folder that is left out may be kept after all.
func (r rules) mayHold(folder string) bool {
	for _, each := range r {
		pattern := strings.Join(each.elements, "/")
		if each.kept && (strings.HasPrefix(pattern, folder+"/") || strings.ContainsAny(pattern, "*?[")) {
			return true
		}
	}
	return false
}

// matchElements matches a path with a pattern; ** stands for any number of elements.
func matchElements(pattern, path []string) bool {
	if len(pattern) == 0 {
		return len(path) == 0
	}
	if pattern[0] == "**" {
		for skip := 0; skip <= len(path); skip++ {
			if matchElements(pattern[1:], path[skip:]) {
				return true
			}
		}
		return false
	}
	if len(path) == 0 {
		return false
	}
	ok, err := filepath.Match(pattern[0], path[0])
	return err == nil && ok && matchElements(pattern[1:], path[1:])
}
