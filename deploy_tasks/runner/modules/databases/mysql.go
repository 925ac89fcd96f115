package databases

import (
	"os"
	"slices"
	"strconv"
	"strings"

	"runner/fmt"
	"runner/module"
	"runner/modules/kit"
	"runner/value"
)

func init() { module.Register("mysql_db", mysqlDB) }

var mysqlSpec = kit.Spec{Args: []kit.Arg{
	{Name: "name", Kind: kit.List, Required: true, Aliases: []string{"db"}},
	{Name: "state", Kind: kit.Text, Default: "present", Choices: []string{"absent", "dump", "import", "present"}},
	{Name: "encoding", Kind: kit.Text, Default: ""},
	{Name: "collation", Kind: kit.Text, Default: ""},
	{Name: "target", Kind: kit.Path},
	{Name: "single_transaction", Kind: kit.Bool, Default: false},
	{Name: "quick", Kind: kit.Bool, Default: true},
	{Name: "ignore_tables", Kind: kit.List},
	{Name: "hex_blob", Kind: kit.Bool, Default: false},
	{Name: "force", Kind: kit.Bool, Default: false},
	{Name: "skip_lock_tables", Kind: kit.Bool, Default: false},
	{Name: "dump_extra_args", Kind: kit.Text},
	{Name: "config_file", Kind: kit.Path, Default: "~/.my.cnf"},
	{Name: "restrict_config_file", Kind: kit.Bool, Default: false},
	{Name: "login_user", Kind: kit.Text},
	{Name: "login_password", Kind: kit.Text},
	{Name: "login_host", Kind: kit.Text, Default: "localhost"},
	{Name: "login_port", Kind: kit.Int, Default: int64(3306)},
	{Name: "login_unix_socket", Kind: kit.Text},
	{Name: "use_shell", Kind: kit.Bool, Default: false},
	{Name: "pipefail", Kind: kit.Bool, Default: false},
}}

// mysql is one call of mysql_db.
type mysql struct {
	c        *module.Call
	p        *kit.Params
	names    []string
	options  []string // of the clients; that with a file of settings must come first
	env      []string
	executed []string
}

// mysqlDB makes, removes, dumps or loads databases of MySQL or MariaDB.
func mysqlDB(c *module.Call) module.Result {
	p, err := mysqlSpec.Parse("mysql_db", c)
	if err != nil {
		return kit.Failure(err)
	}
	m := &mysql{c: c, p: p, env: []string{"LC_ALL=C"}}
	for _, name := range p.List("name") {
		m.names = append(m.names, strings.TrimSpace(name))
	}
	m.connect()
	state, all := p.Str("state"), slices.Equal(m.names, []string{"all"})
	switch {
	case len(m.names) == 0:
		return module.Result{Data: kit.Dict("db", "", "db_list", []any{})}
	case state == "import" && len(m.names) > 1:
		return module.Failure("Multiple databases are not supported with state=import")
	case (state == "import" || state == "dump") && p.Str("target") == "":
		return module.Failure("with state=" + state + " target is required")
	case all && state == "import":
		return module.Failure("name cannot be all with state=import: it could not be taken back")
	case all && state != "dump":
		return module.Failure("name is not allowed to equal 'all' unless state equals import, or dump.")
	}
	there, missing, err := m.sorted(all)
	if err != nil {
		return kit.Failure(err)
	}
	switch state {
	case "absent":
		return m.each(there, true, func(db string) string { return "DROP DATABASE " + backquoted(db) })
	case "dump":
		if len(missing) > 0 {
			return module.Failure("Cannot dump database(s) '" + strings.Join(missing, ", ") + "' - not found")
		}
		return m.dump(all)
	case "import":
		return m.load(missing)
	}
	return m.each(missing, false, m.create)
}

// connect settles the options with which the clients reach the server. The password is in their environment.
func (m *mysql) connect() {
	if file := kit.Expand(m.c, m.p.Str("config_file")); kit.Exists(file) {
		option := "--defaults-extra-file="
		if m.p.Flag("restrict_config_file") {
			option = "--defaults-file="
		}
		m.options = append(m.options, option+file)
	}
	if user := m.p.Str("login_user"); user != "" {
		m.options = append(m.options, "--user="+user)
	}
	if socket := m.p.Str("login_unix_socket"); socket != "" {
		m.options = append(m.options, "--socket="+socket)
	} else {
		m.options = append(m.options, "--host="+m.p.Str("login_host"), "--port="+strconv.FormatInt(m.p.Int("login_port"), 10))
	}
	if password := m.p.Str("login_password"); password != "" {
		m.env = append(m.env, "MYSQL_PWD="+password)
	}
}

// client is the program of that name, or the one that MariaDB has for it.
func client(find func(string) string, name, other string) string {
	if find(name) == "" && find(other) != "" {
		return other
	}
	return name
}

func (m *mysql) command(name, other string, more ...string) module.Process {
	program := client(m.c.Program, name, other)
	return module.Process{Argv: append(append([]string{program}, m.options...), more...), Env: m.env}
}

// backquoted is a name in SQL.
func backquoted(name string) string { return "`" + strings.ReplaceAll(name, "`", "``") + "`" }

// textual is a text in SQL.
func textual(s string) string {
	return "'" + strings.NewReplacer(`\`, `\\`, "'", `\'`, "\x00", `\0`).Replace(s) + "'"
}

var mysqlQuiet = []string{"--batch", "--skip-column-names", "--raw", "--default-character-set=utf8"}

const mysqlAsk = "SELECT SCHEMA_NAME FROM information_schema.SCHEMATA WHERE SCHEMA_NAME = "

func (m *mysql) query(sql string) ([]string, error) {
	p := m.command("mysql", "mariadb", mysqlQuiet...)
	p.Stdin = strings.NewReader(sql + ";\n")
	f, err := m.c.Run(p)
	if err := ended(f, err); err != nil {
		return nil, err
	}
	return kit.SplitLines(f.Stdout), nil
}

// sorted tells which of the databases are there.
func (m *mysql) sorted(all bool) (there, missing []string, err error) {
	for _, db := range m.names {
		if all {
			break
		}
		lines, err := m.query(mysqlAsk + textual(db))
		if err != nil {
			return nil, nil, fmt.Errorf("unable to connect to database, check login_user and login_password are correct or %s has the credentials. "+
				"Exception message: %w", m.p.Str("config_file"), err)
		}
		if len(lines) > 0 {
			there = append(there, db)
		} else {
			missing = append(missing, db)
		}
	}
	return there, missing, nil
}

func (m *mysql) create(db string) string {
	sql := "CREATE DATABASE " + backquoted(db)
	if e := m.p.Str("encoding"); e != "" {
		sql += " CHARACTER SET " + textual(e)
	}
	if e := m.p.Str("collation"); e != "" {
		sql += " COLLATE " + textual(e)
	}
	return sql
}

// each performs SQL for some of the databases, one by one.
func (m *mysql) each(dbs []string, keptToo bool, sql func(db string) string) module.Result {
	for i, db := range dbs {
		if m.c.Check {
			break
		}
		line := sql(db)
		m.executed = append(m.executed, line)
		if err := m.set(db, keptToo, func() error { _, err := m.query(line); return err }); err != nil {
			return module.Result{Failed: true, Changed: i > 0, Msg: "error changing database: " + kit.Reason(err), Data: m.data()}
		}
	}
	return module.Result{Changed: len(dbs) > 0, Data: m.data()}
}

func (m *mysql) data() *value.Dict {
	return kit.Dict("db", strings.Join(m.names, " "), "db_list", kit.Items(m.names), "executed_commands", kit.Items(m.executed))
}

// set journals a change of a database. kept: it is dumped first.
func (m *mysql) set(db string, keptToo bool, act func() error) (err error) {
	if m.p.Str("login_password") != "" {
		if err := m.c.Log.Warn(hidden); err != nil {
			return err
		}
		return act()
	}
	t := thing{as: asUser(m.c), options: m.options, db: db}
	if keptToo {
		if t.kept, err = keep(m.c, m.command("mysqldump", "mariadb-dump", wholeDump(db)...)); err != nil {
			return err
		}
	}
	return m.c.Log.Set(mysqlKindName, t.name(), act)
}

// wholeDump are the options of a dump with everything that belongs to a database, the same each time. A server that counts
// its transactions (GTID) would write into it which ones it has seen: they are more each time, and a server that has seen
// them does not load such a dump. MariaDB does not know the option; loose is for that.
func wholeDump(db string) []string {
	return []string{"--loose-set-gtid-purged=OFF", "--skip-comments", "--hex-blob", "--routines", "--events", "--triggers", "--single-transaction", "--databases", "--", db}
}

func (m *mysql) dump(all bool) module.Result {
	var more []string
	switch {
	case all:
		more = []string{"--all-databases"}
	case len(m.names) > 1:
		more = append([]string{"--databases"}, m.names...)
	default:
		more = []string{m.names[0]}
	}
	for _, option := range []struct{ name, text string }{{"force", "--force"}, {"skip_lock_tables", "--skip-lock-tables"},
		{"single_transaction", "--single-transaction=true"}, {"quick", "--quick"}, {"hex_blob", "--hex-blob"}} {
		if m.p.Flag(option.name) {
			more = append(more, option.text)
		}
	}
	if e := m.p.Str("encoding"); e != "" {
		more = append(more, "--default-character-set="+e)
	}
	for _, table := range m.p.List("ignore_tables") {
		if table == "" {
			return module.Failure("Name of ignored table cannot be empty")
		}
		more = append(more, "--ignore-table="+table)
	}
	extra, err := kit.SplitWords(m.p.Str("dump_extra_args"))
	if err != nil {
		return module.Failure("dump_extra_args: " + err.Error())
	}
	target := m.p.Str("target")
	command := m.command("mysqldump", "mariadb-dump", append(more, extra...)...)
	m.executed = append(m.executed, strings.Join(command.Argv, " ")+" > "+target)
	if m.c.Check {
		return module.Result{Changed: true, Data: m.data()}
	}
	return m.told(dump(m.c, target, command))
}

func (m *mysql) load(missing []string) module.Result {
	target, db := m.p.Str("target"), m.names[0]
	if _, err := os.Stat(target); err != nil {
		return module.Failure("target " + target + " does not exist on the host")
	}
	var more []string
	if m.p.Flag("force") {
		more = append(more, "-f")
	}
	if e := m.p.Str("encoding"); e != "" {
		more = append(more, "--default-character-set="+e)
	}
	command := m.command("mysql", "mariadb", append(more, "--one-database", db)...)
	made := m.create(db)
	if len(missing) > 0 {
		m.executed = append(m.executed, made)
	}
	m.executed = append(m.executed, strings.Join(command.Argv, " ")+" < "+target)
	if m.c.Check {
		return module.Result{Changed: true, Data: m.data()}
	}
	err := m.set(db, len(missing) == 0, func() error {
		if len(missing) > 0 {
			if _, err := m.query(made); err != nil {
				return err
			}
		}
		return load(m.c, target, command)
	})
	return m.told(err)
}

func (m *mysql) told(err error) module.Result {
	if err != nil {
		return module.Result{Failed: true, Msg: kit.Reason(err), Data: m.data()}
	}
	return module.Result{Changed: true, Data: m.data()}
}
