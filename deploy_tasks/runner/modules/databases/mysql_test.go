//go:build unix

package databases

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"runner/change"
	"runner/modules/kit"
	"runner/modules/moduletest"
)

// What is given to the clients: no password is among it.
func TestMySQLArguments(t *testing.T) {
	h := moduletest.New(t)
	bin := filepath.Join(h.Dir, "bin")
	for _, name := range []string{"mysql", "mysqldump"} {
		h.Write("bin/"+name, `#!/bin/sh
{ echo "`+name+`:" "$@"; echo "password: $MYSQL_PWD"; case "`+name+`" in mysql) cat;; esac; } >>"`+h.Dir+`/told"
case "$*" in *--skip-column-names*) echo there;; esac
[ `+name+` = mysql ] || echo "the dump"
`)
		if err := os.Chmod(filepath.Join(bin, name), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	h.Write("my.cnf", "")
	c := h.Call(false, "name", "it's a `db`", "state", "dump", "target", "@/d.sql.gz", "config_file", "@/my.cnf", "login_user", "ann",
		"login_password", "s3cret-w0rd", "login_unix_socket", "/run/m y.sock", "single_transaction", true, "ignore_tables", []any{"db.t"},
		"dump_extra_args", "--no-data '--where=a b'")
	c.Env = []string{"PATH=" + bin + ":" + os.Getenv("PATH")}
	if r := h.Do("mysql_db", c); !r.Changed || r.Failed {
		t.Fatal(r.Msg)
	}
	told := h.Read("told")
	for _, want := range []string{
		"mysql: --defaults-extra-file=" + h.Path("my.cnf") + " --user=ann --socket=/run/m y.sock --batch",
		"WHERE SCHEMA_NAME = 'it\\'s a `db`';",
		"mysqldump: --defaults-extra-file=" + h.Path("my.cnf") + " --user=ann --socket=/run/m y.sock it's a `db` --single-transaction=true --quick --ignore-table=db.t --no-data --where=a b\npassword: s3cret-w0rd",
	} {
		if !strings.Contains(told, want) {
			t.Errorf("no %q in %s", want, told)
		}
	}
	if strings.Contains(strings.ReplaceAll(told, "password: s3cret-w0rd", ""), "s3cret") {
		t.Error(told)
	}
	if out, err := exec.Command("gzip", "-dc", h.Path("d.sql.gz")).Output(); string(out) != "the dump\n" {
		t.Error(string(out), err)
	}
	for words, args := range map[string][]any{
		"Multiple databases are not supported": {"name", []any{"a", "b"}, "state", "import", "target", "@/d.sql.gz"},
		"target is required":                   {"name", "a", "state", "dump"},
		"name cannot be all":                   {"name", "all", "state", "import", "target", "@/x"},
		"not allowed to equal 'all'":           {"name", "all", "state", "absent"},
		"does not exist on the host":           {"name", "a", "state", "import", "target", "@/none"},
	} {
		c := h.Call(false, args...)
		c.Env = []string{"PATH=" + bin + ":" + os.Getenv("PATH")}
		moduletest.Fails(t, h.Do("mysql_db", c), words)
	}
}

// What no undo reaches is in the journal before it is done: a run that fails or is killed tells of it too.
func TestMySQLWithAPasswordIsToldBefore(t *testing.T) {
	h := moduletest.New(t)
	bin := filepath.Join(h.Dir, "bin")
	h.Write("bin/mysql", `#!/bin/sh
sql=$(cat)
case $sql in
SELECT*) echo there ;;
*two*) exit 1 ;;
*) cp "`+filepath.Join(filepath.Dir(h.Recorder.SavedDir()), change.JournalName)+`" "`+h.Path("journal")+`" ;;
esac
`)
	if err := os.Chmod(filepath.Join(bin, "mysql"), 0o755); err != nil {
		t.Fatal(err)
	}
	c := h.Call(false, "name", []any{"one", "two"}, "state", "absent", "config_file", "@/none", "login_password", "s3cret-w0rd")
	c.Env = []string{"PATH=" + bin + ":" + os.Getenv("PATH")}
	r := h.Do("mysql_db", c)
	if !r.Failed || !r.Changed || h.Recorder.Irreversible() == 0 || !strings.Contains(h.Read("journal"), hidden) {
		t.Errorf("%+v %d %s", r, h.Recorder.Irreversible(), h.Read("journal"))
	}
}

func TestQuotedForMySQL(t *testing.T) {
	if got := backquoted("a`b"); got != "`a``b`" {
		t.Error(got)
	}
	if got := textual(`a'b\`); got != `'a\'b\\'` {
		t.Error(got)
	}
}

// mariadb is a server of its own, on a socket; root needs no password there.
func mariadb(t *testing.T) (socket string) {
	t.Helper()
	server, err := exec.LookPath("mariadbd")
	if err != nil || os.Geteuid() != 0 {
		t.Skip("there is no server of MariaDB here, or no right to start one")
	}
	folder, err := os.MkdirTemp("/tmp", "my-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(folder) })
	if out, err := exec.Command("mariadb-install-db", "--no-defaults", "--user=root", "--datadir="+folder+"/data", "--auth-root-authentication-method=normal").CombinedOutput(); err != nil {
		t.Fatal(string(out))
	}
	socket = folder + "/sock"
	cmd := exec.Command(server, "--no-defaults", "--user=root", "--datadir="+folder+"/data", "--socket="+socket, "--skip-networking", "--pid-file="+folder+"/pid", "--innodb-flush-log-at-trx-commit=0")
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait() // it was killed
	})
	for until := time.Now().Add(time.Minute); exec.Command("mysql", "--no-defaults", "-uroot", "--socket="+socket, "-e", "SELECT 1").Run() != nil; time.Sleep(50 * time.Millisecond) {
		if time.Now().After(until) {
			t.Fatal("the server does not answer")
		}
	}
	return socket
}

func TestMySQLTakenBack(t *testing.T) {
	socket := mariadb(t)
	h := moduletest.New(t)
	tools := kit.Tools{Call: h.Call(false)}
	sql := func(text string) string {
		t.Helper()
		out, err := exec.Command("mysql", "--no-defaults", "-uroot", "-N", "--socket="+socket, "-e", text).CombinedOutput()
		if err != nil {
			t.Fatal(string(out))
		}
		return strings.TrimSpace(string(out))
	}
	state := func() string {
		out, err := exec.Command("mysqldump", "--no-defaults", "-uroot", "--socket="+socket, "--skip-comments", "--routines", "--all-databases").Output()
		if err != nil {
			t.Fatal(err)
		}
		text, _, _ := strings.Cut(string(out), "USE `mysql`")
		return text
	}
	// The databases of the server itself count their own use.
	sql("CREATE DATABASE app CHARACTER SET latin1; CREATE TABLE app.t (a int PRIMARY KEY, b blob); INSERT INTO app.t VALUES (1, 'one'), (2, X'00FF27');" +
		"CREATE DATABASE `g o'ne`; CREATE TABLE `g o'ne`.g AS SELECT 7 AS x; CREATE PROCEDURE app.p() SELECT 1")
	before := state()
	run := func(change bool, args ...any) {
		t.Helper()
		args = append(args, "login_unix_socket", socket, "login_user", "root", "config_file", "@/none")
		if r := h.Check("mysql_db", args...); r.Failed || r.Changed != change {
			t.Fatalf("%v checked: %v %s", args, r.Changed, r.Msg)
		}
		if r := h.Run("mysql_db", args...); r.Failed || r.Changed != change {
			t.Fatalf("%v: %v %s", args, r.Changed, r.Msg)
		}
	}
	h.Write("more.sql", "DELETE FROM t WHERE a = 1; CREATE TABLE more AS SELECT 2 AS b;\n")
	run(true, "name", []any{"new", "app"}, "encoding", "utf8mb4", "collation", "utf8mb4_bin")
	run(false, "name", "new")
	run(true, "name", "app", "state", "dump", "target", "@/app.sql.xz")
	run(true, "name", "app", "state", "import", "target", "@/more.sql")
	run(true, "name", "g o'ne", "state", "absent")
	run(false, "name", "g o'ne", "state", "absent")
	run(true, "name", "app", "state", "absent")
	run(true, "name", "app", "state", "import", "target", "@/app.sql.xz")
	if sql("SELECT hex(b) FROM app.t WHERE a = 2") != "00FF27" || state() == before {
		t.Error(state())
	}
	var report change.UndoReport = h.Undo(tools)
	if len(report.Conflicted) > 0 || state() != before || kit.Exists(h.Path("app.sql.xz")) {
		t.Errorf("%v\n%s\nwas\n%s", report, state(), before)
	}
}
