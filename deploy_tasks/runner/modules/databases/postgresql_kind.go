package databases

import (
	"strings"

	"runner/change"
	"runner/fmt"
	"runner/modules/kit"
	"runner/record"
)

func init() { change.RegisterKind(pgKindName, pgKind{}) }

const pgKindName = "postgresql"

// pgKind is the kind of databases of PostgreSQL. A value stands for the owner, the limit of connections and, by the sum of a
// dump, for everything in it: also what somebody else has changed since is noticed.
type pgKind struct{}

// psql performs SQL with what an undo has.
func psql(tools change.Tools, t thing, sql string, variables ...string) (string, error) {
	argv := t.argv("psql", pgQuiet("postgres", append(variables, "db="+t.db))...)
	out, err := tools.Run(argv, sql)
	if err == nil && out.Code != 0 {
		err = fmt.Errorf("psql: %s", strings.TrimSpace(out.Stderr))
	}
	return out.Stdout, err
}

// Inspect implements change.Kind.
func (pgKind) Inspect(tools change.Tools, name string) (any, error) {
	t, err := thingNamed(name)
	if err != nil {
		return nil, err
	}
	told, err := psql(tools, t, pgAsk)
	if lines := kit.SplitLines(told); err != nil || len(lines) == 0 {
		return nil, err
	} else if info, err := readInfo(lines[0]); err == nil {
		sum, err := t.sum(tools, "pg_dump", "--create", "--dbname="+pgNamed(t.db))
		return kit.Dict("owner", info.owner, "limit", info.limit, "sum", sum), err
	}
	return nil, fmt.Errorf("psql told something else of %s", t.db)
}

// Restore implements change.Kind.
func (pgKind) Restore(tools change.Tools, name string, before, now any) error {
	t, err := thingNamed(name)
	if err != nil {
		return err
	}
	if before != nil && now != nil && t.kept == "" { // owner and limit alone were changed
		was := record.Of(before)
		_, err := psql(tools, t, `ALTER DATABASE :"db" OWNER TO :"owner"; ALTER DATABASE :"db" CONNECTION LIMIT :limit;`,
			"owner="+was.Text("owner"), "limit="+was.Text("limit"))
		return err
	}
	if now != nil {
		if _, err := psql(tools, t, `DROP DATABASE :"db";`); err != nil {
			return err
		}
	}
	if before == nil {
		return nil
	}
	return t.loadKept(tools, "pg_restore", "--create", "--exit-on-error", "--dbname=postgres")
}
