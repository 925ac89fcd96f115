package databases

import (
	"errors"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"runner/fmt"
	"runner/module"
	"runner/modules/kit"
)

func init() { module.Register("postgresql_db", postgresqlDB) }

var postgresqlSpec = kit.Spec{Args: []kit.Arg{
	{Name: "name", Kind: kit.Text, Required: true, Aliases: []string{"db"}},
	{Name: "state", Kind: kit.Text, Default: "present", Choices: []string{"absent", "dump", "present", "restore"}},
	{Name: "owner", Kind: kit.Text},
	{Name: "template", Kind: kit.Text},
	{Name: "encoding", Kind: kit.Text},
	{Name: "lc_collate", Kind: kit.Text},
	{Name: "lc_ctype", Kind: kit.Text},
	{Name: "conn_limit", Kind: kit.Text},
	{Name: "target", Kind: kit.Path},
	{Name: "target_opts", Kind: kit.Text},
	{Name: "dump_extra_args", Kind: kit.Text},
	{Name: "force", Kind: kit.Bool, Default: false},
	{Name: "maintenance_db", Kind: kit.Text, Default: "postgres"},
	{Name: "trust_input", Kind: kit.Bool, Default: true},
	{Name: "login_host", Kind: kit.Text, Default: "", Aliases: []string{"host"}},
	{Name: "login_port", Kind: kit.Int, Default: int64(5432), Aliases: []string{"port"}},
	{Name: "login_unix_socket", Kind: kit.Text, Default: "", Aliases: []string{"unix_socket"}},
	{Name: "login_user", Kind: kit.Text, Default: "postgres", Aliases: []string{"login"}},
	{Name: "login_password", Kind: kit.Text},
}}

// postgresql is one call of postgresql_db.
type postgresql struct {
	c        *module.Call
	p        *kit.Params
	db       string
	options  []string
	env      []string
	executed []string
}

// pgInfo is what the server says of a database.
type pgInfo struct{ owner, encoding, collate, ctype, limit string }

// postgresqlDB makes, removes, dumps or restores a database of PostgreSQL.
func postgresqlDB(c *module.Call) module.Result {
	p, err := postgresqlSpec.Parse("postgresql_db", c)
	if err != nil {
		return kit.Failure(err)
	}
	g := &postgresql{c: c, p: p, db: p.Str("name"), env: []string{"LC_ALL=C"}}
	host := p.Str("login_host")
	if socket := p.Str("login_unix_socket"); socket != "" && (host == "" || host == "localhost") {
		host = socket
	}
	if host != "" {
		g.options = append(g.options, "--host="+host)
	}
	g.options = append(g.options, "--port="+strconv.FormatInt(p.Int("login_port"), 10), "--username="+p.Str("login_user"), "--no-password")
	if p.Str("login_password") != "" {
		g.env = append(g.env, "PGPASSWORD="+p.Str("login_password"))
	}
	switch p.Str("state") {
	case "dump":
		return g.dump()
	case "restore":
		return g.restore()
	case "absent":
		return g.absent()
	}
	return g.present()
}

// command is a client with its options.
func (g *postgresql) command(program string, more ...string) module.Process {
	return module.Process{Argv: append(append([]string{program}, g.options...), more...), Env: g.env}
}

// Separates columns of what psql prints; no name has it.
const column = "\x1f"

// query performs SQL, in which :"name" and :'name' stand for variables: psql itself quotes them.
func (g *postgresql) query(sql string, variables ...string) ([]string, error) {
	p := g.command("psql", pgQuiet(g.p.Str("maintenance_db"), variables)...)
	p.Stdin = strings.NewReader(sql)
	f, err := g.c.Run(p)
	if err := ended(f, err); err != nil {
		return nil, fmt.Errorf("Database query failed: %w", err)
	}
	return kit.SplitLines(f.Stdout), nil
}

func pgQuiet(db string, variables []string) []string {
	argv := []string{"--no-psqlrc", "--no-align", "--tuples-only", "--quiet", "--field-separator=" + column, "--set=ON_ERROR_STOP=1", "--dbname=" + db}
	for _, v := range variables {
		argv = append(argv, "--set="+v)
	}
	return argv
}

const pgAsk = `SELECT rolname, pg_encoding_to_char(encoding), datcollate, datctype, datconnlimit
FROM pg_database JOIN pg_roles ON pg_roles.oid = datdba WHERE datname = :'db';`

// info is nil where there is no such database.
func (g *postgresql) info() (*pgInfo, error) {
	lines, err := g.query(pgAsk, "db="+g.db)
	if err != nil || len(lines) == 0 {
		return nil, err
	}
	return readInfo(lines[0])
}

func readInfo(line string) (*pgInfo, error) {
	parts := strings.Split(line, column)
	if len(parts) != 5 {
		return nil, fmt.Errorf("psql told %d columns instead of 5", len(parts))
	}
	return &pgInfo{parts[0], parts[1], parts[2], parts[3], parts[4]}, nil
}

// set journals a change of the database. kept: it is dumped first, where there is one.
func (g *postgresql) set(keptToo bool, act func() error) (err error) {
	if g.p.Str("login_password") != "" {
		if err := g.c.Log.Warn(hidden); err != nil {
			return err
		}
		return act()
	}
	t := thing{as: asUser(g.c), options: g.options, db: g.db}
	if keptToo {
		if t.kept, err = keep(g.c, g.command("pg_dump", "--format=custom", "--create", "--dbname="+pgNamed(g.db))); err != nil {
			return err
		}
	}
	return g.c.Log.Set(pgKindName, t.name(), act)
}

// pgNamed is a database's name where a connection string may stand too.
func pgNamed(db string) string {
	return "dbname='" + strings.NewReplacer(`\`, `\\`, "'", `\'`).Replace(db) + "'"
}

func (g *postgresql) present() module.Result {
	now, err := g.info()
	if err != nil {
		return kit.Failure(err)
	}
	if now == nil {
		return g.changed(g.create())
	}
	for _, fixed := range []struct{ name, want, is string }{
		{"database encoding", g.p.Str("encoding"), now.encoding},
		{"LC_COLLATE", g.p.Str("lc_collate"), now.collate}, {"LC_CTYPE", g.p.Str("lc_ctype"), now.ctype},
	} {
		if fixed.want != "" && !sameWord(fixed.want, fixed.is) {
			return module.Failure("Changing " + fixed.name + " is not supported. Current value: " + fixed.is)
		}
	}
	var sql []string
	if owner := g.p.Str("owner"); owner != "" && owner != now.owner {
		sql = append(sql, `ALTER DATABASE :"db" OWNER TO :"owner"`)
	}
	if limit := g.p.Str("conn_limit"); limit != "" && limit != now.limit {
		if _, err := strconv.Atoi(limit); err != nil {
			return module.Failure("conn_limit must be a number, got: " + limit)
		}
		sql = append(sql, `ALTER DATABASE :"db" CONNECTION LIMIT `+limit)
	}
	if len(sql) == 0 {
		return g.done(false)
	}
	return g.changed(sql, false)
}

// sameWord compares names of encodings as the server does: UTF8, utf-8 and Utf_8 are one.
func sameWord(a, b string) bool {
	plain := strings.NewReplacer("-", "", "_", "")
	return a == b || strings.EqualFold(plain.Replace(a), plain.Replace(b))
}

func (g *postgresql) create() (sql []string, kept bool) {
	made := `CREATE DATABASE :"db"`
	for _, part := range []struct{ name, sql string }{{"owner", ` OWNER :"owner"`}, {"template", ` TEMPLATE :"template"`},
		{"encoding", ` ENCODING :'encoding'`}, {"lc_collate", ` LC_COLLATE :'lc_collate'`}, {"lc_ctype", ` LC_CTYPE :'lc_ctype'`}} {
		if g.p.Str(part.name) != "" {
			made += part.sql
		}
	}
	if limit, err := strconv.Atoi(g.p.Str("conn_limit")); err == nil {
		made += " CONNECTION LIMIT " + strconv.Itoa(limit)
	}
	return []string{made}, false
}

func (g *postgresql) absent() module.Result {
	now, err := g.info()
	if err != nil {
		return kit.Failure(err)
	}
	if now == nil {
		return g.done(false)
	}
	drop := `DROP DATABASE :"db"`
	if g.p.Flag("force") {
		drop += " WITH (FORCE)"
	}
	return g.changed([]string{drop}, true)
}

// changed performs SQL that changes the database.
func (g *postgresql) changed(sql []string, keptToo bool) module.Result {
	variables := []string{"db=" + g.db}
	for _, name := range []string{"owner", "template", "encoding", "lc_collate", "lc_ctype"} {
		variables = append(variables, name+"="+g.p.Str(name))
	}
	if g.c.Check {
		return g.done(true)
	}
	done := 0
	err := g.set(keptToo, func() error {
		for _, each := range sql {
			g.executed = append(g.executed, filled(each, variables))
			if _, err := g.query(each+";", variables...); err != nil {
				return err
			}
			done++
		}
		return nil
	})
	if err != nil {
		r := kit.Failure(err)
		r.Changed = done > 0
		return r
	}
	return g.done(true)
}

// filled words SQL for people.
func filled(sql string, variables []string) string {
	for _, v := range variables {
		name, text, _ := strings.Cut(v, "=")
		sql = strings.ReplaceAll(strings.ReplaceAll(sql, `:"`+name+`"`, `"`+text+`"`), ":'"+name+"'", "'"+text+"'")
	}
	return sql
}

func (g *postgresql) done(changed bool) module.Result {
	return module.Result{Changed: changed, Data: kit.Dict("db", g.db, "executed_commands", kit.Items(g.executed))}
}

// target is the file of a dump.
func (g *postgresql) target() string {
	if t := g.p.Str("target"); t != "" {
		return t
	}
	cwd := g.c.Cwd
	if cwd == "" {
		cwd, _ = os.Getwd()
	}
	return filepath.Join(cwd, g.db+".sql")
}

// pgFormats are the formats of dumps, by the end of a file's name.
var pgFormats = map[string]string{".tar": "tar", ".pgc": "custom"}

// extra are options that the task adds.
func (g *postgresql) extra(names ...string) ([]string, error) {
	var out []string
	for _, name := range names {
		words, err := kit.SplitWords(g.p.Str(name))
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		out = append(out, words...)
	}
	return out, nil
}

func (g *postgresql) dump() module.Result {
	target := g.target()
	if filepath.Ext(target) == ".dir" {
		return module.Failure("target cannot be a folder: name it .sql, .tar or .pgc, or .gz, .bz2 or .xz")
	}
	more, err := g.extra("dump_extra_args", "target_opts")
	if err != nil {
		return kit.Failure(err)
	}
	if format := pgFormats[filepath.Ext(target)]; format != "" {
		more = append(more, "--format="+format)
	}
	command := g.command("pg_dump", append(more, "--dbname="+pgNamed(g.db))...)
	g.executed = []string{strings.Join(command.Argv, " ") + " > " + target}
	if g.c.Check {
		return g.done(true)
	}
	return g.told(dump(g.c, target, command))
}

func (g *postgresql) restore() module.Result {
	target := g.target()
	if _, err := os.Stat(target); err != nil {
		return module.Failure("target " + target + " does not exist on the host")
	}
	more, err := g.extra("target_opts")
	if err != nil {
		return kit.Failure(err)
	}
	program := "psql"
	switch format := pgFormats[filepath.Ext(target)]; {
	case filepath.Ext(target) == ".dir":
		return module.Failure("target cannot be a folder: dump it as .sql, .tar or .pgc")
	case format != "":
		program, more = "pg_restore", append(more, "--format="+format)
	}
	command := g.command(program, append(more, "--dbname="+pgNamed(g.db))...)
	g.executed = []string{strings.Join(command.Argv, " ") + " < " + target}
	now, err := g.info()
	switch {
	case err != nil:
		return kit.Failure(err)
	case now == nil:
		return module.Failure("FATAL:  database \"" + g.db + "\" does not exist")
	case g.c.Check:
		return g.done(true)
	}
	err = g.set(true, func() error { return load(g.c, target, command) })
	return g.told(err)
}

// told is the result of a dump or restore.
func (g *postgresql) told(err error) module.Result {
	data := kit.Dict("db", g.db, "rc", int64(0), "executed_commands", kit.Items(g.executed))
	if err == nil {
		return module.Result{Changed: true, Data: data}
	}
	if s := (*said)(nil); errors.As(err, &s) {
		data.Set("rc", int64(s.code))
	}
	return module.Result{Failed: true, Msg: kit.Reason(err), Data: data}
}
