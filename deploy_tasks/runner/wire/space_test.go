//go:build linux

package wire

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"runner/host"
	"runner/testkit"
)

// onSmallDisk moves the dialogue's folder to a file system with these limits.
func (d *dialogue) onSmallDisk(options string) {
	d.t.Helper()
	dir := d.t.TempDir()
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, options); err != nil {
		d.t.Skip("SKIPPED ALOUD: cannot mount a small tmpfs: " + err.Error())
	}
	d.t.Cleanup(func() {
		if err := syscall.Unmount(dir, syscall.MNT_DETACH); err != nil {
			d.t.Error(err)
		}
	})
	folder, err := host.Open(dir)
	if err != nil {
		d.t.Fatal(err)
	}
	d.folder = folder
}

func TestReceiveRefusesBeforeTheDiskIsFull(t *testing.T) {
	for name, options := range map[string]string{"bytes": "size=1m", "inodes": "size=64m,nr_inodes=14"} {
		t.Run(name, func(t *testing.T) {
			d := newDialogue(t)
			d.onSmallDisk(options)
			_, needed, err := d.receive(d.artifact, strings.NewReader(""))
			d.refused(err, "no_space")
			if needed != nil {
				t.Error("asked for parts all the same")
			}
			if text := err.Error(); !strings.Contains(text, d.folder.Root) || !strings.Contains(text, "need ") || !strings.Contains(text, "have ") {
				t.Errorf("says %q", text)
			}
		})
	}
}

// filler takes the rest of the disk when the first byte is read: between check and write.
type filler struct {
	d    *dialogue
	in   *bytes.Reader
	done bool
}

func (f *filler) Read(p []byte) (int, error) {
	if !f.done {
		f.done = true
		out, err := os.Create(filepath.Join(f.d.folder.Root, "filler"))
		for err == nil {
			_, err = out.Write(make([]byte, 4096))
		}
		_ = out.Close()
	}
	return f.in.Read(p)
}

func TestReceiveOnADiskThatFillsUp(t *testing.T) {
	d := newDialogue(t)
	noise := strings.Repeat("0123456789abcdefghij", 100)
	files := map[string]string{}
	for i := range 200 {
		files[noise[:i+1]] = testkit.Digest([]byte(noise[:i])) + testkit.Digest([]byte(noise[i:])) + noise[i:]
	}
	d.artifact = d.link(d.artifact.Runner, "big", files)
	d.onSmallDisk("size=4m")
	sent := testkit.Framed(d.artifact.Parts()...)
	_, _, err := d.receive(d.artifact, &filler{d: d, in: bytes.NewReader(sent)})
	d.refused(err, "no_space")
	if err := os.Remove(filepath.Join(d.folder.Root, "filler")); err != nil {
		t.Fatal(err)
	}
	if _, _, err := d.receive(d.artifact, bytes.NewReader(sent)); err != nil {
		t.Errorf("after the space is free again: %v", err)
	}
}
