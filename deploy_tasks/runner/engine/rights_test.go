//go:build linux

package engine_test

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"runner/accounts"
	"runner/change"
	"runner/engine"
	"runner/testkit"
)

// nobody is a user with few rights; the test needs root to take them.
func nobody(t *testing.T) accounts.User {
	t.Helper()
	user := accounts.UserNamed("nobody")
	if os.Geteuid() != 0 || !user.Found() {
		t.Skip("SKIPPED ALOUD: only root can run tasks as another user")
	}
	return user
}

// yard is a folder that everybody may enter, with one in it that is the user's and one that is root's.
func yard(t *testing.T, user accounts.User) string {
	t.Helper()
	dir, err := os.MkdirTemp("/tmp", "rights-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	for _, name := range []string{"", "his", "ours"} {
		if err := os.MkdirAll(filepath.Join(dir, name), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.Chmod(filepath.Join(dir, name), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Chown(filepath.Join(dir, "his"), user.UID, user.GID); err != nil {
		t.Fatal(err)
	}
	return dir
}

func owner(t *testing.T, path string) int {
	t.Helper()
	info, err := os.Lstat(path)
	if err != nil {
		t.Fatal(err)
	}
	return int(info.Sys().(*syscall.Stat_t).Uid)
}

func TestTasksOfAnotherUser(t *testing.T) {
	user := nobody(t)
	dir := yard(t, user)
	his, ours := filepath.Join(dir, "his"), filepath.Join(dir, "ours")
	as := object{"become_user": "nobody"}
	file := func(id, path, state string, more ...object) object {
		return testkit.Task(id, "file", object{"path": path, "state": state}, append(more, as)...)
	}
	if err := os.WriteFile(filepath.Join(ours, "secret"), []byte("s3cret"), 0o600); err != nil {
		t.Fatal(err)
	}
	fails := object{"ignore_errors": true}
	r := newRig(t, testkit.Play(
		testkit.Task("who", "shell", object{"_raw_params": `echo "$(id -u) $(id -g) $HOME $USER $MINE"`}, as, object{"register": "who", "environment": object{"MINE": "yes"}}),
		tell("says", "who"),
		testkit.Task("copy", "copy", object{"content": "x", "dest": his + "/copied"}, as),
		file("dir", his+"/dir", "directory"), file("touch", his+"/dir/touched", "touch"), file("link", his+"/link", "link", object{"args": object{"path": his + "/link", "state": "link", "src": "copied"}}),
		testkit.Task("edit", "lineinfile", object{"path": his + "/copied", "line": "more"}, as),
		file("away", his+"/dir", "absent"),
		testkit.Task("no copy", "copy", object{"content": "x", "dest": ours + "/copied"}, as, fails),
		testkit.Task("no read", "shell", object{"_raw_params": "cat " + ours + "/secret"}, as, fails),
		file("no removal", ours+"/secret", "absent", fails),
		testkit.Task("no look", "lineinfile", object{"path": ours + "/secret", "line": "mine"}, as, fails),
		testkit.Task("root again", "copy", object{"content": "x", "dest": ours + "/root"}),
		testkit.Task("stranger", "shell", object{"_raw_params": "true"}, object{"become_user": "nobody-of-that-name"}, fails),
		testkit.Task("himself", "shell", object{"_raw_params": "true"}, object{"become_user": "root"}),
	))
	journal := t.TempDir()
	rec, err := change.NewRecorder(journal)
	if err != nil {
		t.Fatal(err)
	}
	r.opts.Recorder = rec
	if !r.run(context.Background()) {
		t.Fatalf("%s %+v", r.story(), r.engine.Failure)
	}
	want := "who changed, says ok, copy changed, dir changed, touch changed, link changed, edit changed, away changed, no copy ignored, no read ignored, " +
		"no removal ignored, no look ignored, root again changed, stranger ignored, himself changed"
	if got := r.story(); got != want {
		t.Errorf("%s\nwant %s", got, want)
		for _, e := range r.ended {
			t.Log(e.ID, e.Status, e.Msg)
		}
	}
	if !strings.Contains(r.told(), "'stdout': '65534 65534 "+user.Home+" nobody yes'") {
		t.Error(r.told())
	}
	if owner(t, his+"/copied") != user.UID || owner(t, ours+"/root") != 0 {
		t.Error("a file is not its maker's")
	}
	if text, err := os.ReadFile(filepath.Join(ours, "secret")); err != nil || string(text) != "s3cret" {
		t.Errorf("%q %v", text, err)
	}
	if err := rec.Close(); err != nil {
		t.Fatal(err)
	}
	if report, err := change.Undo(journal, engine.Effects{Ctx: context.Background()}); err != nil || len(report.Conflicted) > 0 {
		t.Errorf("%+v %v", report, err)
	}
	if left, _ := os.ReadDir(his); len(left) > 0 {
		t.Errorf("%v is left", left)
	}
}

// A task that does not ask for root, in a run that sudo made root's, has the rights of who logged in.
func TestTasksOfTheLoginUser(t *testing.T) {
	user := nobody(t)
	dir := yard(t, user)
	plain := object{"become": false}
	write := func(id, path string, more ...object) object {
		return testkit.Task(id, "copy", object{"content": "x", "dest": filepath.Join(dir, path)}, more...)
	}
	r := newRig(t, testkit.Play(write("a", "his/a", plain), write("b", "ours/b", plain, object{"ignore_errors": true}), write("c", "ours/c"),
		write("d", "ours/d", plain, object{"vars": object{"ansible_become": true}}), write("e", "his/e", object{"become": v("nothing"), "ignore_errors": true})))
	r.opts.Env = append(os.Environ(), "SUDO_UID=65534", "SUDO_USER=nobody")
	if !r.run(context.Background()) || r.story() != "a changed, b ignored, c changed, d changed, e ignored" {
		t.Errorf("%s %+v", r.story(), r.engine.Failure)
	}
	if owner(t, filepath.Join(dir, "his/a")) != user.UID || owner(t, filepath.Join(dir, "ours/d")) != 0 {
		t.Error("a file is not its maker's")
	}
	r = newRig(t, testkit.Play(write("a", "ours/a", plain)))
	if !r.run(context.Background()) { // root has logged in: it has no fewer rights
		t.Errorf("%+v", r.engine.Failure)
	}
}

func TestOnlyRootBecomesAnother(t *testing.T) {
	if os.Geteuid() == 0 {
		t.Skip("root can")
	}
	r := newRig(t, testkit.Play(testkit.Task("a", "shell", object{"_raw_params": "true"}, object{"become_user": "nobody"})))
	if r.run(context.Background()) || !strings.Contains(r.engine.Failure.Msg, "the runner is not root") {
		t.Errorf("%+v", r.engine.Failure)
	}
}
