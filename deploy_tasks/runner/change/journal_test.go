//go:build unix

package change

import (
	"bytes"
	"fmt"
	"hash/crc32"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"runner/record"
	"runner/value"
)

// journalOf writes a run that changed two files, and returns the bench and the journal's path.
func journalOf(t *testing.T) (*bench, string) {
	b := newBench(t)
	b.plant("a", "a0")
	b.plant("b", "b0")
	b.write("a", "a1")
	b.write("b", "b1")
	b.must(b.rec.Close())
	return b, filepath.Join(b.state, JournalName)
}

// However much of the last line a crash has torn off, the lines before it stay good and more can follow.
func TestTornLastLine(t *testing.T) {
	b, path := journalOf(t)
	whole, err := os.ReadFile(path)
	b.must(err)
	start := bytes.LastIndexByte(whole[:len(whole)-1], '\n') + 1
	want, _, _, err := parseJournal(whole[:start])
	b.must(err)
	for end := start; end < len(whole); end++ {
		b.must(os.WriteFile(path, whole[:end], 0o600))
		j, entries, damaged, err := openJournal(path)
		b.must(err)
		if len(entries) != len(want) || len(damaged) != 0 {
			t.Fatalf("cut at %d: %d entries, damaged %v", end, len(entries), damaged)
		}
		_, err = j.add(true, entry{Op: opWarn, What: "more"})
		b.must(err)
		b.must(j.close())
		after, err := os.ReadFile(path)
		b.must(err)
		entries, damaged, _, err = parseJournal(after)
		b.must(err)
		if n := len(entries); n != len(want)+1 || entries[n-1].What != "more" || len(damaged) != 0 {
			t.Fatalf("cut at %d, then more: %d entries, damaged %v", end, n, damaged)
		}
	}
}

// A line that was damaged later is told, and the rest is undone.
func TestDamagedMiddleLine(t *testing.T) {
	b, path := journalOf(t)
	whole, err := os.ReadFile(path)
	b.must(err)
	at := bytes.Index(whole, []byte(`"op":"write"`))
	whole[at+8] ^= 1
	b.must(os.WriteFile(path, whole, 0o600))
	report := b.undo(&effects{})
	if len(report.Conflicted) != 1 || !strings.HasSuffix(report.Conflicted[0].Why, "damaged") {
		t.Errorf("%v", report.Conflicted)
	}
	if b.read("b") != "b0" || b.read("a") != "a1" {
		t.Errorf("a=%s b=%s", b.read("a"), b.read("b"))
	}
}

func TestNewerFormatIsRefused(t *testing.T) {
	dir := t.TempDir()
	body := []byte(`{"op":"header","format":3}`)
	text := `{"seq":1,"crc":"` + checksum(1, body) + `","entry":` + string(body) + "}\n"
	if err := os.WriteFile(filepath.Join(dir, JournalName), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Undo(dir, &effects{}); err == nil || !strings.Contains(err.Error(), "format 3") {
		t.Errorf("%v", err)
	}
}

func TestSecondRecorderIsRefused(t *testing.T) {
	b := newBench(t)
	if _, err := NewRecorder(b.state); err == nil {
		t.Error("two runs share a journal")
	}
}

func TestPathsAreBytes(t *testing.T) {
	for _, path := range []string{"/plain", "/ünï", "/\xff\xfe", "/with \"quotes\"\n"} {
		text := record.Encode(pathText(path).text())
		v, err := value.Decode(text)
		if err != nil || parsePath(value.Str(v)) != pathText(path) {
			t.Errorf("%q came back as %q by %s, %v", path, v, text, err)
		}
	}
}

// Go's own package is the measure.
func TestChecksum(t *testing.T) {
	table := crc32.MakeTable(crc32.Castagnoli)
	for _, text := range []string{"", "a", `{"op":"header","format":1}`, strings.Repeat("\x00\xff", 1000)} {
		want := fmt.Sprintf("%08x", crc32.Checksum([]byte("17"+text), table))
		if got := checksum(17, []byte(text)); got != want {
			t.Errorf("%q: %s, want %s", text, got, want)
		}
	}
}
