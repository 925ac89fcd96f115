package databases

import (
	"strings"

	"runner/change"
	"runner/fmt"
	"runner/modules/kit"
)

func init() { change.RegisterKind(mysqlKindName, mysqlKind{}) }

const mysqlKindName = "mysql"

// mysqlKind is the kind of databases of MySQL and MariaDB. A value stands for everything in one by the sum of a dump.
type mysqlKind struct{}

func (mysqlKind) query(tools change.Tools, t thing, sql string) (string, error) {
	out, err := tools.Run(t.argv(client(tools.Find, "mysql", "mariadb"), mysqlQuiet...), sql+";\n")
	if err == nil && out.Code != 0 {
		err = fmt.Errorf("mysql: %s", strings.TrimSpace(out.Stderr))
	}
	return out.Stdout, err
}

// Inspect implements change.Kind.
func (k mysqlKind) Inspect(tools change.Tools, name string) (any, error) {
	t, err := thingNamed(name)
	if err != nil {
		return nil, err
	}
	told, err := k.query(tools, t, mysqlAsk+textual(t.db))
	if err != nil || strings.TrimSpace(told) == "" {
		return nil, err
	}
	sum, err := t.sum(tools, client(tools.Find, "mysqldump", "mariadb-dump"), wholeDump(t.db)...)
	return kit.Dict("sum", sum), err
}

// Restore implements change.Kind.
func (k mysqlKind) Restore(tools change.Tools, name string, before, now any) error {
	t, err := thingNamed(name)
	if err != nil {
		return err
	}
	if now != nil {
		if _, err := k.query(tools, t, "DROP DATABASE "+backquoted(t.db)); err != nil {
			return err
		}
	}
	if before == nil {
		return nil
	}
	return t.loadKept(tools, client(tools.Find, "mysql", "mariadb"), "--binary-mode")
}
