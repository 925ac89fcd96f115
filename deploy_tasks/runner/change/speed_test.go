//go:build linux

package change

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// files is how many a deployment of the benchmarks writes.
const files = 100

func names(root string) (out []string) {
	for i := range files {
		out = append(out, filepath.Join(root, fmt.Sprintf("conf-%d", i)))
	}
	return out
}

func plantFiles(tb testing.TB, root string) {
	tb.Helper()
	for _, name := range names(root) {
		if err := os.WriteFile(name, []byte("old "+name), 0o644); err != nil {
			tb.Fatal(err)
		}
	}
}

// bare is what a write takes without a journal: beside it, synced, moved over the old one.
func bare(path, text string) error {
	temp := path + ".new"
	if _, err := fill(temp, strings.NewReader(text), State{Mode: 0o644, UID: -1, GID: -1}, nil); err != nil {
		return err
	}
	return os.Rename(temp, path)
}

func rewrite(tb testing.TB, state, root string) {
	tb.Helper()
	r, err := NewRecorder(state)
	if err != nil {
		tb.Fatal(err)
	}
	for _, name := range names(root) {
		r.Task(name, false)
		if err := r.WriteFile(name, strings.NewReader("new "+name), Meta{}); err != nil {
			tb.Fatal(err)
		}
	}
	if err := r.Close(); err != nil {
		tb.Fatal(err)
	}
}

func BenchmarkUndo(b *testing.B) {
	for b.Loop() {
		b.StopTimer()
		state, root := b.TempDir(), b.TempDir()
		plantFiles(b, root)
		rewrite(b, state, root)
		b.StartTimer()
		report, err := Undo(state, &effects{})
		if err != nil || report.Incomplete() || len(report.Undone) != files {
			b.Fatalf("%v %+v", err, report)
		}
	}
}

func BenchmarkWrites(b *testing.B) {
	for _, kind := range []string{"new", "old"} {
		prepare := func(b *testing.B) (state, root string) {
			b.StopTimer()
			defer b.StartTimer()
			state, root = b.TempDir(), b.TempDir()
			if kind == "old" {
				plantFiles(b, root)
			}
			return state, root
		}
		b.Run(kind+"/bare", func(b *testing.B) {
			for b.Loop() {
				_, root := prepare(b)
				for _, name := range names(root) {
					if err := bare(name, "new "+name); err != nil {
						b.Fatal(err)
					}
				}
			}
		})
		b.Run(kind+"/journalled", func(b *testing.B) {
			for b.Loop() {
				state, root := prepare(b)
				rewrite(b, state, root)
			}
		})
	}
}
