//go:build unix

package databases

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"runner/change"
	"runner/module"
	"runner/modules/kit"
	"runner/modules/moduletest"
)

// cluster is a server of PostgreSQL of its own, on a socket in a folder: the folder, and the user whom it lets in.
func cluster(t *testing.T) (folder string, as *module.Identity) {
	t.Helper()
	found, _ := filepath.Glob("/usr/lib/postgresql/*/bin") // a constant pattern
	uid, known := kit.UIDOf("postgres")
	if len(found) == 0 || !known || os.Geteuid() != 0 {
		t.Skip("there is no server of PostgreSQL here, or no right to start one")
	}
	gid, _ := kit.GIDOf("postgres")
	bin := found[len(found)-1]
	folder, err := os.MkdirTemp("/tmp", "pg-")
	if err == nil {
		err = os.Chown(folder, uid, gid)
	}
	if err != nil {
		t.Fatal(err)
	}
	as = &module.Identity{UID: uid, GID: gid}
	run := func(argv ...string) {
		t.Helper()
		cmd := exec.Command("runuser", append([]string{"-u", "postgres", "--"}, argv...)...)
		cmd.Dir = folder
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("%v: %v %s", argv, err, out)
		}
	}
	run(bin+"/initdb", "--no-sync", "--auth=peer", "--locale=C.UTF-8", "-D", folder+"/data")
	t.Cleanup(func() {
		run(bin+"/pg_ctl", "stop", "--mode=immediate", "-D", folder+"/data")
		if err := os.RemoveAll(folder); err != nil {
			t.Error(err)
		}
	})
	run(bin+"/pg_ctl", "start", "--wait", "--silent", "-D", folder+"/data", "-l", folder+"/log", "-o",
		"-c listen_addresses= -c fsync=off -c unix_socket_directories="+folder)
	return folder, as
}

// databases runs calls of postgresql_db on a cluster.
type databases struct {
	*moduletest.Host
	t      *testing.T
	folder string
	as     *module.Identity
}

func (d databases) call(check bool, args ...any) module.Result {
	d.t.Helper()
	c := d.Call(check, append(args, "login_unix_socket", d.folder)...)
	d.Recorder.Equip(kit.Tools{Call: d.Call(false)}) // the journal's commands are root's
	c.As, c.Cwd = d.as, "/"
	return d.Do("postgresql_db", c)
}

func (d databases) settled(args ...any) module.Result {
	d.t.Helper()
	if r := d.call(true, args...); !r.Changed || r.Failed {
		d.t.Fatalf("%v checked: %v %s", args, r.Changed, r.Msg)
	}
	first := d.call(false, args...)
	if !first.Changed || first.Failed {
		d.t.Fatalf("%v: %v %s", args, first.Changed, first.Msg)
	}
	for _, check := range []bool{false, true} {
		if r := d.call(check, args...); r.Changed || r.Failed {
			d.t.Fatalf("%v again: %v %s", args, r.Changed, r.Msg)
		}
	}
	return first
}

func (d databases) sql(db, sql string) string {
	d.t.Helper()
	cmd := exec.Command("runuser", "-u", "postgres", "--", "psql", "-XAtq", "-v", "ON_ERROR_STOP=1", "-h", d.folder, "-d", db)
	cmd.Stdin = strings.NewReader(sql)
	out, err := cmd.CombinedOutput()
	if err != nil {
		d.t.Fatalf("%s: %v %s", sql, err, out)
	}
	return strings.TrimSpace(string(out))
}

func TestPostgreSQL(t *testing.T) {
	folder, as := cluster(t)
	for _, part := range []struct {
		name string
		test func(*testing.T, databases, change.Tools)
	}{{"taken back", takenBack}, {"states", states}, {"passwords", passwords}} {
		t.Run(part.name, func(t *testing.T) {
			h := moduletest.New(t)
			tools := kit.Tools{Call: h.Call(false)}
			part.test(t, databases{h, t, folder, as}, tools)
		})
	}
}

func states(t *testing.T, d databases, tools change.Tools) {
	d.sql("postgres", `DROP DATABASE old; DROP DATABASE gone; CREATE ROLE "ann o'hara"`)
	d.sql("postgres", `CREATE DATABASE old OWNER "ann o'hara" CONNECTION LIMIT 7`)
	d.sql("old", `CREATE TABLE t (a int, b text); INSERT INTO t VALUES (1, 'one'), (2, E'\\restrict me\ntwo'); CREATE VIEW v AS SELECT a FROM t`)
	d.sql("postgres", `CREATE DATABASE gone; COMMENT ON DATABASE gone IS 'kept'; ALTER DATABASE gone SET work_mem = '5MB'`)
	d.sql("gone", `CREATE TABLE g AS SELECT 'x' || i AS x FROM generate_series(1, 1000) i`)

	r := d.settled("name", `new "db"`, "owner", "ann o'hara", "encoding", "UTF-8", "template", "template0", "conn_limit", "5")
	moduletest.Holds(t, r, "db", `new "db"`, "executed_commands",
		kit.Items([]string{`CREATE DATABASE "new "db"" OWNER "ann o'hara" TEMPLATE "template0" ENCODING 'UTF-8' CONNECTION LIMIT 5`}))
	d.settled("name", "old", "owner", "postgres", "conn_limit", "-1")
	d.settled("name", "gone", "state", "absent")
	moduletest.Fails(t, d.call(false, "name", "old", "encoding", "LATIN1"), "Changing database encoding is not supported")
	moduletest.Fails(t, d.call(false, "name", "old", "owner", "nobody there"), `role "nobody there" does not exist`)

	dumped(t, d)
	d.sql("old", "DROP VIEW v; DROP TABLE t")
	if r := d.call(true, "name", "old", "state", "restore", "target", "@/old.sql.gz"); !r.Changed || d.sql("old", "SELECT count(*) FROM pg_tables WHERE tablename = 't'") != "0" {
		t.Error(r.Msg)
	}
	empty := d.sql("old", "SELECT count(*) FROM pg_class")
	for _, target := range []string{"old.sql.gz", "old.tar"} {
		if r := d.call(false, "name", "old", "state", "restore", "target", "@/"+target); !r.Changed || r.Failed || d.sql("old", "SELECT b FROM t WHERE a = 2") != "\\restrict me\ntwo" {
			t.Errorf("%s: %s", target, r.Msg)
		}
		d.sql("old", "DROP VIEW v; DROP TABLE t")
	}
	moduletest.Fails(t, d.call(false, "name", "old", "state", "restore", "target", "@/none"), "does not exist on the host")
	moduletest.Fails(t, d.call(false, "name", "none", "state", "restore", "target", "@/old.tar"), `database "none" does not exist`)
	if now := d.sql("old", "SELECT count(*) FROM pg_class"); now != empty {
		t.Error(now)
	}
	// The last restore was changed by somebody: it, and what is below it, stays.
	report := d.Undo(tools)
	if len(report.Conflicted) == 0 {
		t.Error("what somebody else has changed since was not noticed")
	}
}

func dumped(t *testing.T, d databases) {
	t.Helper()
	if err := os.Chmod(d.Dir, 0o755); err != nil {
		t.Fatal(err)
	}
	for target, begins := range map[string]string{"old.sql.gz": "\x1f\x8b", "old.pgc": "PGDMP", "old.tar": "toc.dat"} {
		r := d.call(false, "name", "old", "state", "dump", "target", "@/"+target)
		if !r.Changed || r.Failed || !strings.HasPrefix(d.Read(target), begins) {
			t.Errorf("%s: %s", target, r.Msg)
		}
	}
	before := d.Read("old.sql.gz")
	moduletest.Fails(t, d.call(false, "name", "none", "state", "dump", "target", "@/old.sql.gz"), `database "none" does not exist`)
	moduletest.Fails(t, d.call(false, "name", "old", "state", "dump", "target", "@/no/x.sql"), "does not exist")
	moduletest.Fails(t, d.call(false, "name", "old", "state", "dump", "target", "@/x.dir"), "target cannot be a folder")
	d.Write("bad.sql", "no SQL;\n")
	bad := d.call(false, "name", "old", "state", "restore", "target", "@/bad.sql", "target_opts", "--set=ON_ERROR_STOP=1")
	moduletest.Fails(t, bad, "syntax error")
	moduletest.Holds(t, bad, "rc", 3)
	if d.Read("old.sql.gz") != before || kit.Exists(d.Path("x.dir")) {
		t.Error("a dump that failed left something")
	}
}

func takenBack(t *testing.T, d databases, tools change.Tools) {
	d.sql("postgres", `CREATE ROLE ann; CREATE ROLE ben`)
	d.sql("postgres", `CREATE DATABASE old OWNER ann CONNECTION LIMIT 7`)
	d.sql("old", `CREATE TABLE t (a int PRIMARY KEY, b text); INSERT INTO t SELECT i, 'row ' || i FROM generate_series(1, 5000) i; GRANT SELECT ON t TO ben`)
	d.sql("postgres", `CREATE DATABASE gone ENCODING 'SQL_ASCII' TEMPLATE template0 LC_COLLATE 'C' LC_CTYPE 'C'; COMMENT ON DATABASE gone IS 'kept'; ALTER DATABASE gone SET work_mem = '5MB'`)
	d.sql("gone", `CREATE TABLE g AS SELECT 'x' || i AS x FROM generate_series(1, 1000) i`)
	before := d.state()
	d.Write("more.sql", "CREATE TABLE more AS SELECT 1 AS a; DELETE FROM t WHERE a > 10;\n")
	if err := os.Chmod(d.Dir, 0o755); err != nil {
		t.Fatal(err)
	}
	for _, args := range [][]any{{"name", "new", "owner", "ben"}, {"name", "old", "owner", "ben", "conn_limit", "3"}, {"name", "gone", "state", "absent"},
		{"name", "old", "state", "restore", "target", "@/more.sql"}, {"name", "old", "state", "absent"}} {
		if r := d.call(false, args...); !r.Changed || r.Failed {
			t.Fatalf("%v: %s", args, r.Msg)
		}
	}
	if d.state() == before {
		t.Fatal("nothing was changed")
	}
	report := d.Undo(tools)
	if len(report.Conflicted) > 0 || d.state() != before {
		t.Errorf("%v\n%s\nwas\n%s", report, d.state(), before)
	}
}

// state is everything in the cluster.
func (d databases) state() string {
	d.t.Helper()
	out, err := exec.Command("runuser", "-u", "postgres", "--", "sh", "-c",
		`pg_dumpall -h "$1" | grep -av '^.\(un\)\{0,1\}restrict '`, "state", d.folder).CombinedOutput()
	if err != nil {
		d.t.Fatal(err, string(out))
	}
	return string(out)
}

// What cannot be reached by an undo is told, and is changed all the same.
func passwords(t *testing.T, d databases, tools change.Tools) {
	r := d.call(false, "name", "new", "login_password", "s3cret-w0rd")
	if !r.Changed || d.Recorder.Irreversible() != 1 {
		t.Error(r.Msg, d.Recorder.Irreversible())
	}
	if report := d.Undo(tools); len(report.Conflicted) > 0 || d.sql("postgres", "SELECT count(*) FROM pg_database WHERE datname = 'new'") != "1" {
		t.Error(report)
	}
}

func TestNamesOfThings(t *testing.T) {
	for _, want := range []thing{{as: "postgres", options: []string{"--host=/run/x y", "--port=5432"}, kept: "/var/lib/d t/1", db: `a 'as=b' "c`},
		{options: []string{"--defaults-extra-file=/root/.my.cnf"}, db: "x"}} {
		got, err := thingNamed(want.name())
		if err != nil || got.as != want.as || got.kept != want.kept || strings.Join(got.options, "|") != strings.Join(want.options, "|") {
			t.Errorf("%s: %v %v", want.name(), got, err)
		}
	}
	if _, err := thingNamed("database x"); err == nil {
		t.Error("taken for a name")
	}
}

func TestAStageThatFailsEndsTheStream(t *testing.T) {
	h := moduletest.New(t)
	began := time.Now()
	for _, stages := range [][]string{{"exit 3", "cat"}, {"cat /dev/zero", "exit 3"}, {"echo a; exit 3", "cat"}} {
		var listed []module.Process
		for _, script := range stages {
			listed = append(listed, module.Process{Argv: []string{"sh", "-c", script}})
		}
		out, end := stream(h.Call(false), nil, listed...)
		b := make([]byte, 100)
		var err error
		for err == nil {
			_, err = out.Read(b)
		}
		var s *said
		if failed := end(); !errors.As(failed, &s) {
			t.Errorf("%v: %v, %v", stages, err, failed)
		}
	}
	if time.Since(began) > time.Minute {
		t.Error("a stage waited for another one")
	}
}

func TestDumpsThatFailAreNeverTheSame(t *testing.T) {
	tools := kit.Tools{Call: moduletest.New(t).Call(false)}
	first, err := thing{}.sum(tools, "false")
	second, again := thing{}.sum(tools, "false")
	if first == second || err != nil || again != nil {
		t.Error(first, second, err, again)
	}
}

func TestADumpThatFailsIsNotLeft(t *testing.T) {
	h := moduletest.New(t)
	c := h.Call(false)
	if path, err := keep(c, module.Process{Argv: []string{"sh", "-c", "echo half; echo why >&2; exit 3"}}); path != "" || err == nil ||
		!strings.HasPrefix(err.Error(), "the database could not be kept for an undo: why") {
		t.Error(path, err)
	}
	if left, err := filepath.Glob(filepath.Join(h.Recorder.SavedDir(), "databases", "*")); err != nil || len(left) != 0 {
		t.Error(left, err)
	}
}

// limited are tools whose Run may not be used: they have another one for what takes long.
type limited struct{ change.Tools }

func (l limited) RunLong(argv []string, stdin string) (change.Output, error) {
	return l.Tools.Run(argv, stdin)
}

func (limited) Run(argv []string, _ string) (change.Output, error) {
	return change.Output{}, errors.New("its time was up")
}

func TestDumpsAreLoadedHoweverLongThatTakes(t *testing.T) {
	h := moduletest.New(t)
	h.Write("kept", "content")
	slow := limited{kit.Tools{Call: h.Call(false)}}
	kept := thing{db: "d", kept: h.Path("kept")}
	if err := kept.loadKept(slow, "dd", "of="+h.Path("loaded")); err != nil || h.Read("loaded") != "content" {
		t.Error(err)
	}
	if sum, err := kept.sum(slow, "cat", h.Path("kept")); err != nil || len(sum) != 64 {
		t.Error(sum, err)
	}
}

// What is wrong with the target is told, not that the client then had nobody to write to.
func TestWhatIsWrongWithATargetIsTold(t *testing.T) {
	h := moduletest.New(t)
	h.Write("folder.sql/in", "")
	err := dump(h.Call(false), h.Path("folder.sql"), module.Process{Argv: []string{"sh", "-c", "yes | head -c 3000000; echo nobody reads >&2; exit 5"}})
	if err == nil || !strings.Contains(err.Error(), "is a directory") {
		t.Error(err)
	}
	err = dump(h.Call(false), h.Path("f.sql"), module.Process{Argv: []string{"sh", "-c", "echo half; echo why >&2; exit 5"}})
	if s, ok := err.(*said); !ok || s.code != 5 || s.Error() != "why" {
		t.Error(err)
	}
}
