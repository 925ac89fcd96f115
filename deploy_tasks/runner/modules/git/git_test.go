//go:build unix

package git

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"runner/change"
	"runner/module"
	"runner/modules/moduletest"
	"runner/value"
)

// rig is a host, and a repository up elsewhere to clone from.
type rig struct {
	*moduletest.Host
	t  *testing.T
	up string
}

func newRig(t *testing.T) *rig {
	t.Helper()
	t.Setenv("GIT_CONFIG_NOSYSTEM", "1")
	t.Setenv("HOME", t.TempDir())
	for _, of := range []string{"AUTHOR", "COMMITTER"} {
		t.Setenv("GIT_"+of+"_NAME", "T")
		t.Setenv("GIT_"+of+"_EMAIL", "t@example.org")
	}
	r := &rig{moduletest.New(t), t, filepath.Join(t.TempDir(), "up")}
	r.git("/", "config", "--global", "protocol.file.allow", "always")
	r.git("/", "init", "-q", "-b", "main", r.up)
	r.commit(r.up, "kept", "1", "changed", "1", "old/deep/gone", "1", "old/deep/er/gone", "1", "mixed/gone", "1")
	r.git(r.up, "tag", "v1")
	return r
}

// git runs git in a folder.
func (r *rig) git(in string, args ...string) string {
	r.t.Helper()
	cmd := exec.Command("git", args...)
	cmd.Dir = in
	out, err := cmd.CombinedOutput()
	if err != nil {
		r.t.Fatalf("git %q: %v: %s", args, err, out)
	}
	return strings.TrimSpace(string(out))
}

// commit makes a commit of files: name, content…
func (r *rig) commit(in string, files ...string) string {
	r.t.Helper()
	for i := 0; i < len(files); i += 2 {
		path := filepath.Join(in, files[i])
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			r.t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(files[i+1]), 0o644); err != nil {
			r.t.Fatal(err)
		}
	}
	r.git(in, "add", "-A")
	r.git(in, "commit", "-q", "-m", "next")
	return r.git(in, "rev-parse", "HEAD")
}

// cloned makes the checkout without the module.
func (r *rig) cloned(args ...string) {
	r.t.Helper()
	r.git(r.Dir, append([]string{"clone", "-q"}, append(args, "file://"+r.up, "to/app")...)...)
}

func (r *rig) run(pairs ...any) module.Result {
	r.t.Helper()
	return r.Run("git", append([]any{"repo", r.up, "dest", "@/to/app"}, pairs...)...)
}

// does runs the module for a change, and again for none, which must leave no trace.
func (r *rig) does(pairs ...any) module.Result {
	r.t.Helper()
	first := r.run(pairs...)
	if first.Failed || !first.Changed {
		r.t.Fatalf("changed %v: %s", first.Changed, first.Msg)
	}
	tree, lines := r.Tree(), r.Recorder.Lines()
	if again := r.run(pairs...); again.Failed || again.Changed || r.Recorder.Lines() != lines || r.Tree() != tree {
		r.t.Log(without(r.Tree(), tree))
		r.t.Fatalf("again: changed %v, %d lines more: %s", again.Changed, r.Recorder.Lines()-lines, again.Msg)
	}
	return first
}

// back checks that an undo leaves what was before.
func (r *rig) back(before string) {
	r.t.Helper()
	if report := r.Undo(noTools{}); len(report.Conflicted)+len(report.Irreversible) > 0 {
		r.t.Fatal(report)
	}
	if after := r.Tree(); after != before {
		r.t.Fatalf("now:\n%s\nbefore:\n%s", without(after, before), without(before, after))
	}
}

// without are the lines of a text that another one lacks.
func without(text, other string) string {
	var out []string
	for line := range strings.Lines(text) {
		if !strings.Contains(other, line) {
			out = append(out, line)
		}
	}
	return strings.ToValidUTF8(strings.Join(out, ""), "?")
}

type noTools struct{}

func (noTools) Run([]string, string) (change.Output, error) { panic("no command is needed") }
func (noTools) Find(string) string                          { return "" }

func TestACloneGoesAgain(t *testing.T) {
	r := newRig(t)
	before := r.Tree()
	moduletest.Holds(t, r.does(), "before", nil, "after", r.git(r.up, "rev-parse", "HEAD"))
	if r.Read("to/app/old/deep/gone") != "1" {
		t.Error("not cloned")
	}
	r.back(before)
}

func TestAnUpdateIsTakenBack(t *testing.T) {
	r := newRig(t)
	old := r.git(r.up, "rev-parse", "HEAD")
	r.cloned()
	r.Write("to/app/mixed/own", "mine")
	r.Write("to/app/fresh", "in the way")
	before := r.Tree()
	r.git(r.up, "rm", "-q", "-r", "old", "mixed", "kept")
	head := r.commit(r.up, "changed", "2", "new/deep/file", "2", "kept/now/a", "folder", "fresh", "2")
	moduletest.Holds(t, r.does(), "before", old, "after", head, "remote_url_changed", false)
	if r.Read("to/app/changed") != "2" || r.Read("to/app/mixed/own") != "mine" || r.Read("to/app/kept/now/a") != "folder" {
		t.Error("not updated")
	}
	if _, err := os.Stat(r.Path("to/app/old")); err == nil {
		t.Error("the folder old stayed")
	}
	r.back(before)
}

func TestBranchesTagsAndCommits(t *testing.T) {
	r := newRig(t)
	r.cloned()
	before := r.Tree()
	first := r.git(r.up, "rev-parse", "HEAD")
	r.git(r.up, "checkout", "-q", "-b", "feature/x")
	branch := r.commit(r.up, "changed", "x")
	r.git(r.up, "checkout", "-q", "main")
	r.commit(r.up, "changed", "2")
	moduletest.Holds(t, r.does("version", "feature/x"), "after", branch)
	moduletest.Holds(t, r.does("version", "v1"), "before", branch, "after", first)
	moduletest.Holds(t, r.does("version", branch), "after", branch)
	if on := r.git(r.Path("to/app"), "status", "-sb"); !strings.HasPrefix(on, "## HEAD (no branch)") {
		t.Error(on)
	}
	r.does("version", "main")
	moduletest.Fails(t, r.run("version", "none"), "Failed to checkout none")
	moduletest.Fails(t, r.run("version", "-b"), "git would read it as an option")
	r.back(before)
}

func TestABranchThatTheRemoteNoLongerHas(t *testing.T) {
	r := newRig(t)
	r.git(r.up, "checkout", "-q", "-b", "late")
	late := r.commit(r.up, "changed", "late", "more/late", "1")
	r.git(r.up, "checkout", "-q", "main")
	r.cloned()
	r.git(r.up, "branch", "-q", "-D", "late")
	before := r.Tree()
	moduletest.Holds(t, r.does("version", "late"), "after", late)
	if r.Read("to/app/changed") != "late" {
		t.Error("not switched")
	}
	r.back(before)
}

func TestABranchOfAnotherRemote(t *testing.T) {
	r := newRig(t)
	r.cloned()
	other := filepath.Join(t.TempDir(), "other")
	r.git("/", "clone", "-q", r.up, other)
	r.git(other, "checkout", "-q", "-b", "theirs")
	r.commit(other, "changed", "theirs")
	r.git(r.Path("to/app"), "remote", "add", "other", other)
	r.git(r.Path("to/app"), "fetch", "-q", "other")
	moduletest.Fails(t, r.run("version", "theirs"), "Failed to checkout theirs")
	if r.Read("to/app/changed") != "1" {
		t.Error("a branch was made that was not journalled")
	}
}

func TestABranchComesBeforeATagOfItsName(t *testing.T) {
	r := newRig(t)
	r.cloned()
	app := r.Path("to/app")
	r.git(app, "checkout", "-q", "-b", "both")
	r.commit(app, "changed", "branch", "branch", "1")
	r.git(app, "tag", "both", "main")
	r.git(app, "checkout", "-q", "main")
	before := r.Tree()
	r.does("version", "both")
	if r.Read("to/app/changed") != "branch" {
		t.Error("the tag was taken")
	}
	r.back(before)
}

func TestACheckoutWithoutACommit(t *testing.T) {
	r := newRig(t)
	empty := filepath.Join(t.TempDir(), "empty")
	r.git("/", "init", "-q", "-b", "main", empty)
	r.git(r.Dir, "clone", "-q", "file://"+empty, "to/app")
	before := r.Tree()
	r.commit(empty, "first", "1", "deep/second", "2")
	if done := r.run("repo", empty, "version", "main"); done.Failed || r.Read("to/app/deep/second") != "2" {
		t.Fatal(done.Msg)
	}
	r.back(before)
}

func TestLocalChanges(t *testing.T) {
	r := newRig(t)
	r.cloned()
	r.Write("to/app/changed", "by hand")
	if err := os.Remove(r.Path("to/app/old/deep/er/gone")); err != nil {
		t.Fatal(err)
	}
	before := r.Tree()
	moduletest.Fails(t, r.run(), "Local modifications exist in the destination: "+r.Path("to/app")+" (force=no).")
	if r.Tree() != before {
		t.Error("the failure has changed something")
	}
	r.does("force", true)
	if r.Read("to/app/changed") != "1" || r.Read("to/app/old/deep/er/gone") != "1" {
		t.Error("not reset")
	}
	r.back(before)
}

func TestWhatOthersCommittedStays(t *testing.T) {
	r := newRig(t)
	r.cloned()
	r.commit(r.up, "changed", "2", "new", "2")
	r.does()
	theirs := r.commit(r.Path("to/app"), "theirs", "1")
	report := r.Undo(noTools{})
	if len(report.Conflicted) == 0 {
		t.Fatal("no conflict", report)
	}
	if got := r.git(r.Path("to/app"), "cat-file", "-p", theirs+":theirs"); got != "1" {
		t.Error(got)
	}
}

func TestRepositoriesElsewhere(t *testing.T) {
	r := newRig(t)
	r.cloned()
	before := r.Tree()
	moduletest.Holds(t, r.does("separate_git_dir", "@/git"), "git_dir_now", r.Path("git"), "git_dir_before", r.Path("to/app/.git"))
	other := filepath.Join(t.TempDir(), "other")
	r.git("/", "clone", "-q", r.up, other)
	r.commit(other, "changed", "3")
	moduletest.Holds(t, r.does("repo", other), "remote_url_changed", true)
	r.does("dest", "@/bare.git", "bare", true)
	r.commit(r.up, "changed", "4")
	r.does("dest", "@/bare.git", "bare", true)
	r.does("dest", "@/apart", "separate_git_dir", "@/apart.git")
	r.back(before)
}

func TestSubmodules(t *testing.T) {
	r := newRig(t)
	lib := filepath.Join(t.TempDir(), "lib")
	r.git("/", "init", "-q", "-b", "main", lib)
	r.commit(lib, "f", "1")
	r.git(r.up, "submodule", "--quiet", "add", lib, "vendor/lib")
	r.commit(r.up)
	r.cloned("--recursive")
	before := r.Tree()
	r.commit(lib, "f", "2", "g", "2")
	r.git(filepath.Join(r.up, "vendor/lib"), "pull", "-q")
	r.git(r.up, "submodule", "--quiet", "add", lib, "second")
	r.commit(r.up)
	if done := r.run(); done.Failed || !done.Changed {
		t.Fatal(done.Msg)
	}
	if r.Read("to/app/vendor/lib/g") != "2" || r.Read("to/app/second/f") != "2" {
		t.Error("not updated")
	}
	if again := r.run(); again.Failed || again.Changed {
		t.Error(again.Msg)
	}
	moduletest.Holds(t, r.run("dest", "@/new"), "submodules_changed", true)
	r.back(before)
}

func TestHistoriesCutShort(t *testing.T) {
	r := newRig(t)
	r.commit(r.up, "changed", "2")
	before := r.Tree()
	if done := r.run("depth", 1); done.Failed || r.git(r.Path("to/app"), "rev-list", "--count", "HEAD") != "1" {
		t.Fatal(done.Msg)
	}
	r.git(r.up, "checkout", "-q", "-b", "late")
	head := r.commit(r.up, "changed", "3")
	if done := r.run("depth", 1, "version", "late"); done.Failed || !done.Changed || r.git(r.Path("to/app"), "rev-parse", "HEAD") != head {
		t.Fatal(done.Msg)
	}
	if done := r.run("dest", "@/one", "single_branch", true, "version", "late"); done.Failed || !strings.HasSuffix(r.git(r.Path("one"), "branch", "-r"), "origin/late") {
		t.Fatal(done.Msg)
	}
	r.back(before)
}

func TestArchives(t *testing.T) {
	r := newRig(t)
	before := r.Tree()
	r.does("archive", "@/app.tar.gz", "archive_prefix", "app/")
	moduletest.Fails(t, r.run("archive", "@/app.rar"), "Unable to get file extension")
	moduletest.Fails(t, r.run("archive_prefix", "app/"), "missing parameter(s) required by 'archive_prefix': archive")
	if out, err := exec.Command("tar", "-tzf", r.Path("app.tar.gz")).Output(); err != nil || !strings.Contains(string(out), "app/old/deep/gone\n") {
		t.Error(err, string(out))
	}
	r.back(before)
}

func TestAChecksTellsOnly(t *testing.T) {
	r := newRig(t)
	r.cloned()
	head := r.commit(r.up, "changed", "2")
	before := r.Tree()
	done := r.Check("git", "repo", r.up, "dest", "@/to/app")
	if done.Failed || !done.Changed {
		t.Fatal(done.Msg)
	}
	moduletest.Holds(t, done, "after", head)
	if fresh := r.Check("git", "repo", r.up, "dest", "@/new", "version", "main"); fresh.Failed || !fresh.Changed {
		t.Error(fresh.Msg)
	}
	moduletest.Fails(t, r.Check("git", "repo", "@/none", "dest", "@/new", "version", "main"), "does not appear to be a git repository")
	if r.Tree() != before {
		t.Error("the check has changed something")
	}
}

// A repository may be that of a user, but its undo has root's rights.
func TestAnUndoDoesNotFollowLinks(t *testing.T) {
	h := moduletest.New(t)
	h.Write("app/HEAD", "")
	h.Write("app/objects/old", "")
	before, err := store{}.Inspect(nil, h.Path("app"))
	if err != nil {
		t.Fatal(err)
	}
	h.Write("precious/file", "")
	h.Write("precious/in/file", "")
	if err := os.RemoveAll(h.Path("app/objects")); err != nil {
		t.Fatal(err)
	}
	h.Write("precious/in/HEAD", "")
	for _, name := range []string{"objects", "modules"} {
		if err := os.Symlink(h.Path("precious"), h.Path("app/"+name)); err != nil {
			t.Fatal(err)
		}
	}
	if err := (store{}).Restore(nil, h.Path("app"), before, nil); err != nil {
		t.Error(err)
	}
	h.Read("precious/file")
	h.Read("precious/in/file")
}

func TestTokensAreNotShown(t *testing.T) {
	r := newRig(t)
	r.cloned()
	for _, pairs := range [][]any{{"dest", "@/to/app"}, {"dest", "@/new"}, {"dest", "@/to/app", "version", "none", "depth", 1}} {
		c := r.Call(false, pairs...)
		c.Args.Set("repo", "https://me:T0KEN@127.0.0.1:1/x.git")
		done := r.Do("git", c)
		if !done.Failed || strings.Contains(done.Msg+value.Str(done.Data), "T0KEN") || !strings.Contains(done.Msg+value.Str(done.Data), "https://127.0.0.1:1/x.git") {
			t.Error(done.Msg, value.Str(done.Data))
		}
	}
}

func TestLacks(t *testing.T) {
	rules := []string{"+refs/heads/*:refs/remotes/origin/*"}
	for name, c := range map[string]struct {
		there, here string
		rules       []string
		want        bool
	}{
		"same":         {"1\trefs/heads/a\n2\trefs/tags/v\n3\trefs/tags/v^{}\n", "1 refs/remotes/origin/a\n2 refs/tags/v\n", rules, false},
		"moved branch": {"2\trefs/heads/a\n", "1 refs/remotes/origin/a\n", rules, true},
		"new tag":      {"1\trefs/heads/a\n2\trefs/tags/v\n", "1 refs/remotes/origin/a\n", rules, true},
		"one branch":   {"1\trefs/heads/a\n2\trefs/heads/b\n", "1 refs/remotes/o/a\n", []string{"+refs/heads/a:refs/remotes/o/a"}, false},
		"odd rule":     {"1\trefs/heads/a\n", "", []string{"refs/heads/a"}, true},
		"cut off":      {"1\trefs/heads/a\n[output cut here]\n", "1 refs/remotes/origin/a\n", rules, true},
		"bare":         {"1\trefs/heads/a\n", "1 refs/heads/a\n", bareRules, false},
	} {
		if got := lacks(c.there, c.here, c.rules); got != c.want {
			t.Errorf("%s: %v", name, got)
		}
	}
}

func TestFingerprint(t *testing.T) {
	of := "[GNUPG:] GOODSIG X\n[GNUPG:] VALIDSIG SUB 2026-01-01 1 0 4 0 22 10 00 PRIMARY\n"
	if got := fingerprint(of); got != "PRIMARY" {
		t.Error(got)
	}
}
