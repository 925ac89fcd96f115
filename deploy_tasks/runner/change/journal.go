package change

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"io/fs"
	"os"
	"strconv"
	"strings"
	"sync"

	"runner/hex"
	"runner/record"
)

// Format is the version of the journal. A reader refuses a newer one. With 2 came things that are no files, and what tools
// do to files.
const Format = 2

// Op is what an entry says.
type Op string

// The entries. Those from opWrite to opCommand are changes.
const (
	opHeader    Op = "header"
	opTask      Op = "task"    // the entries after it belong to this task
	opTemp      Op = "temp"    // a temporary file is about to be made; of format 1
	opTemps     Op = "temps"   // what begins with Name in the folder Path is a temporary file
	opWrite     Op = "write"   // Temp becomes Path
	opMkdir     Op = "mkdir"   // Path becomes a folder
	opRemove    Op = "remove"  // Path, saved by content, goes
	opAway      Op = "away"    // Path moves to To, below the deployment's saved folder
	opSymlink   Op = "symlink" // Path becomes a link
	opHardlink  Op = "hardlink"
	opChmod     Op = "chmod"
	opChown     Op = "chown"
	opChtimes   Op = "chtimes"
	opRename    Op = "rename"  // Path moves to To; Replaced is what was at To
	opCommand   Op = "command" // Argv takes it back; without Argv it cannot be taken back
	opAfterUndo Op = "after_undo"
	opWarn      Op = "warn"
	opHandler   Op = "handler" // a handler's call, to be fired again when what notified it is undone
	opSet       Op = "set"     // a thing that is no file, Name of Kind, is about to change; Value is how it was
	opAround    Op = "around"  // a tool is about to change what the watched entries after it name
	opWatched   Op = "watched" // Path as it was before the tool ran
	opBecame    Op = "became"  // how entry Ref, or for a tool's new file Path, was afterwards
	opTasks     Op = "tasks"   // Args, calls of modules, take back what follows in What
	opActed     Op = "acted"   // what entry Ref announced has ended
	opUndoing   Op = "undoing" // entry Ref is about to be taken back: until it is, it may stand in between
	opEnd       Op = "end"     // the run ended; Folders are their times then
	opUndoBegin Op = "undo_begin"
	opUndone    Op = "undone" // entry Ref is taken back, or was left for the reason What
	opUndoEnd   Op = "undo_end"
)

// folderTime is the modification time of a folder, nanoseconds.
type folderTime struct {
	Path  pathText
	Mtime int64
}

// entry is one line of the journal. Seq is its place, from 1.
type entry struct {
	Seq      int
	Op       Op
	Format   int
	Task     int // Seq of the task's line
	Path     pathText
	To       pathText
	Temp     pathText
	Before   *State
	After    *State
	Replaced *State
	Folders  []folderTime // folders touched for the first time, as they were
	Name     string
	Kind     string
	Value    any // of a thing that is no file
	Handler  bool
	What     string
	Argv     []string
	Args     any   // of a handler
	By       []int // Seq of the tasks that notified a handler
	Ref      int
	Conflict bool
	Count    int  // of the watched entries that follow
	Kept     bool // nothing had to be taken back
}

// label is what an entry is about, in reports.
func (e entry) label() string {
	if e.Kind != "" {
		return e.Kind + " " + e.Name
	}
	return string(e.Path)
}

// checksum is the CRC-32C, by Castagnoli, of a line's number and entry.
func checksum(seq int, entry []byte) string {
	sum, table := ^uint32(0), crcTable()
	for _, part := range [][]byte{strconv.AppendInt(nil, int64(seq), 10), entry} {
		for _, b := range part {
			sum = table[byte(sum)^b] ^ sum>>8
		}
	}
	return hex.EncodeToString(binary.BigEndian.AppendUint32(nil, ^sum))
}

// crcTable is made when first needed: the runner starts often and quickly.
var crcTable = sync.OnceValue(func() *[256]uint32 {
	table := new([256]uint32)
	for i := range table {
		sum := uint32(i)
		for range 8 {
			sum = sum>>1 ^ 0x82f63b78*(sum&1)
		}
		table[i] = sum
	}
	return table
})

// journal appends entries to a file.
type journal struct {
	f   *os.File
	seq int
}

// createJournal makes a new journal; one that exists is an error.
func createJournal(path string) (*journal, error) {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		return nil, err
	}
	j := &journal{f: f}
	if _, err := j.add(true, entry{Op: opHeader, Format: Format}); err != nil {
		f.Close()
		return nil, err
	}
	return j, nil
}

// openJournal reads a journal and makes it ready for more lines; a torn last line is cut off.
// damaged are the numbers of lines, from 1, that are not what was written.
func openJournal(path string) (j *journal, entries []entry, damaged []int, err error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, nil, nil, err
	}
	entries, damaged, good, err := parseJournal(data)
	if err != nil {
		return nil, nil, nil, err
	}
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		return nil, nil, nil, err
	}
	j = &journal{f: f}
	if good < len(data) {
		if err := f.Truncate(int64(good)); err != nil {
			f.Close()
			return nil, nil, nil, err
		}
	}
	if n := len(entries); n > 0 {
		j.seq = entries[n-1].Seq
	}
	return j, entries, damaged, nil
}

// parseJournal returns the entries, the damaged lines and how many bytes are whole lines. A last line that is
// torn is no damage: what it announced has not happened.
func parseJournal(data []byte) (entries []entry, damaged []int, good int, err error) {
	for n := 1; good < len(data); n++ {
		text := data[good:]
		if end := bytes.IndexByte(text, '\n'); end >= 0 {
			text = text[:end+1]
		}
		e, ok := parseLine(text)
		if !ok && good+len(text) == len(data) {
			break
		}
		good += len(text)
		if !ok {
			damaged = append(damaged, n)
			continue
		}
		if e.Op == opHeader && e.Format > Format {
			return nil, nil, 0, errors.New("the journal has format " + strconv.Itoa(e.Format) +
				", this runner knows up to " + strconv.Itoa(Format))
		}
		entries = append(entries, e)
	}
	return entries, damaged, good, nil
}

// The texts around number, checksum and entry of a line; the checksum covers number and entry.
const (
	beforeSeq   = `{"seq":`
	beforeCRC   = `,"crc":"`
	beforeEntry = `","entry":`
	afterEntry  = "}\n"
)

func appendLine(out []byte, seq int, body []byte) []byte {
	out = strconv.AppendInt(append(out, beforeSeq...), int64(seq), 10)
	out = append(append(out, beforeCRC...), checksum(seq, body)...)
	out = append(append(out, beforeEntry...), body...)
	return append(out, afterEntry...)
}

func parseLine(text []byte) (e entry, ok bool) {
	number, rest, _ := strings.Cut(strings.TrimPrefix(string(text), beforeSeq), beforeCRC)
	crc, rest, _ := strings.Cut(rest, beforeEntry)
	body, whole := strings.CutSuffix(rest, afterEntry)
	seq, err := strconv.Atoi(number)
	if !whole || err != nil || crc != checksum(seq, []byte(body)) {
		return e, false
	}
	e, err = readEntry([]byte(body))
	e.Seq = seq
	return e, err == nil
}

// add appends entries with one write, and syncs them when asked. It returns the number of the first.
func (j *journal) add(sync bool, entries ...entry) (int, error) {
	first := j.seq + 1
	if !journalled {
		return first, nil
	}
	var out []byte
	for i, e := range entries {
		out = appendLine(out, first+i, record.Encode(e))
	}
	step("journal")
	if err := j.write(out); err != nil {
		return 0, err
	}
	j.seq += len(entries)
	step("journal written")
	if !sync {
		return first, nil
	}
	err := SyncData(j.f)
	step("journal synced")
	return first, err
}

// write writes whole lines or, when the disk is full, none.
func (j *journal) write(data []byte) error {
	n, err := j.f.Write(data)
	if err == nil || n == 0 {
		return err
	}
	end, seekErr := j.f.Seek(0, io.SeekEnd)
	if seekErr == nil {
		seekErr = j.f.Truncate(end - int64(n))
	}
	return errors.Join(err, seekErr)
}

func (j *journal) close() error { return j.f.Close() }

// Exists says whether there is a journal at path.
func Exists(path string) bool {
	_, err := os.Lstat(path)
	return !errors.Is(err, fs.ErrNotExist)
}

// step is where tests stop the process, at every point where it may be killed.
var step = func(string) {}
