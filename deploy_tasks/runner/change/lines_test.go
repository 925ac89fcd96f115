//go:build unix

package change

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestLinesAreTakenBack(t *testing.T) {
	cases := map[string]struct{ before, after, now, want, touched string }{
		"nobody else":                {"a b", "a b ours", "a b ours", "a b", ""},
		"added, others added":        {"a b", "a b ours", "a b ours theirs", "a b theirs", ""},
		"added, others removed":      {"a b", "a b ours", "b ours", "b", ""},
		"added, gone already":        {"a b", "a b ours", "a b theirs", "a b theirs", ""},
		"added, changed again":       {"a b", "a b o:1", "a b o:2 t", "a b o:2 t", "o"},
		"removed, others added":      {"a gone b", "a b", "a b theirs", "a gone b theirs", ""},
		"removed first":              {"gone a", "a", "a theirs", "gone a theirs", ""},
		"removed, neighbour removed": {"a b gone", "a b", "a t", "a gone t", ""},
		"removed, made again":        {"a g:1", "a", "a g:2", "a g:2", "g"},
		"removed, back already":      {"a gone", "a", "gone a", "gone a", ""},
		"changed, others added":      {"r u:1 z", "r u:2 z", "r u:2 z theirs", "r u:1 z theirs", ""},
		"changed, changed again":     {"r u:1 z", "r u:2 z", "r u:3 z theirs", "r u:3 z theirs", "u"},
		"changed, back already":      {"r u:1 z", "r u:2 z", "r u:1 z theirs", "r u:1 z theirs", ""},
		"changed, removed since":     {"r u:1 z", "r u:2 z", "r z", "r z", "u"},
		"same line twice":            {"a a", "a a a", "a a a b", "a a b", ""},
		"everything":                 {"", "ours", "ours b", "b", ""},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			text := func(words string) string {
				if words == "" {
					return ""
				}
				return strings.ReplaceAll(words, " ", "\n") + "\n"
			}
			got, touched := takeLinesBack(text(c.before), text(c.after), text(c.now))
			if got != text(c.want) || strings.Join(touched, " ") != c.touched {
				t.Errorf("%q, touched %v", got, touched)
			}
			if again, _ := takeLinesBack(text(c.before), text(c.after), got); again != got {
				t.Errorf("the second time %q", again)
			}
		})
	}
}

// etc makes the bench's tree the place of the accounts.
func (b *bench) etc() {
	was := accounts
	accounts = b.root
	b.t.Cleanup(func() { accounts = was })
	b.plant("passwd", "root:x:0:0\nold:x:1:1\n")
	b.plant("passwd-", "root:x:0:0\n")
	b.plant("group", "root:x:0:\n")
}

func TestAccountsOfOthersStay(t *testing.T) {
	b := newBench(t)
	b.etc()
	b.must(os.Chmod(b.path("passwd"), 0o600))
	b.around(func() error {
		b.plant("passwd", "root:x:0:0\nold:x:1:1\nours:x:2:2\n")
		b.plant("passwd-", "root:x:0:0\nold:x:1:1\n")
		b.plant("group", "root:x:0:\nours:x:2:\n")
		return nil
	}, "passwd", "passwd-", "group", "shadow")
	b.must(b.rec.Close())
	b.plant("passwd", "root:x:0:0\nold:x:1:1\nours:x:2:2\ntheirs:x:3:3\n")
	b.plant("passwd-", "root:x:0:0\nold:x:1:1\nours:x:2:2\n")
	b.plant("group", "root:x:0:\nours:x:2:theirs\n")
	report := b.undo(&effects{})
	if len(report.Conflicted) != 1 || report.Conflicted[0] != (Conflict{b.path("group"), "was changed since in the lines of ours"}) {
		t.Errorf("%v", report.Conflicted)
	}
	if got := b.read("passwd"); got != "root:x:0:0\nold:x:1:1\ntheirs:x:3:3\n" {
		t.Errorf("%q", got)
	}
	if info, err := os.Stat(b.path("passwd")); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v %v", info.Mode(), err)
	}
	if !strings.Contains(b.read("passwd-"), "ours") {
		t.Error("somebody's backup was changed")
	}
	b.plant("group", "root:x:0:\nours:x:2:\n")
	if report := b.undo(&effects{}); report.Incomplete() || b.read("group") != "root:x:0:\n" || strings.Contains(b.read("passwd"), "ours") {
		t.Errorf("%+v", report)
	}
	if left, _ := filepath.Glob(b.path(".dt-*")); len(left) != 0 {
		t.Errorf("left behind: %v", left)
	}
}
