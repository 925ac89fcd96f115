package accounts

import (
	"io"
	"os"
	"slices"
	"strconv"
	"strings"

	"runner/module"
)

// The databases are read as the C library does it: the files in /etc, and getent for what only a directory service knows.

// maxDatabase is how much of a database is read.
const maxDatabase = 64 << 20

// account is a user's line of the user database.
type account struct {
	name, password string
	uid, gid       int
	comment        string
	home, shell    string
}

// team is a group's line of the group database.
type team struct {
	name    string
	gid     int
	members []string
}

func readDatabase(name string) string {
	f, err := os.Open("/etc/" + name)
	if err != nil {
		return ""
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, maxDatabase))
	if err != nil {
		return ""
	}
	return string(text)
}

// lineOf finds the fields of the line that has this text in its nth field.
func lineOf(text string, n int, want string) []string {
	for line := range strings.Lines(text) {
		fields := strings.Split(strings.TrimRight(line, "\r\n"), ":")
		if n < len(fields) && fields[n] == want && fields[0] != "" && fields[0][0] != '#' {
			return fields
		}
	}
	return nil
}

// entryOf looks an account or group up, in the host's own files first.
func entryOf(c *module.Call, database string, n int, want string) []string {
	if fields := lineOf(readDatabase(database), n, want); fields != nil {
		return fields
	}
	if want == "" || want[0] == '-' || strings.ContainsAny(want, "\x00\n:") || c.Program("getent") == "" {
		return nil
	}
	said, err := run(c, "", "getent", database, want)
	if err != nil || said.code != 0 {
		return nil
	}
	return lineOf(said.stdout, n, want)
}

// userNamed looks up a user by name.
func userNamed(c *module.Call, name string) (account, bool) {
	return parseAccount(entryOf(c, "passwd", 0, name))
}

func parseAccount(f []string) (account, bool) {
	if len(f) < 7 {
		return account{}, false
	}
	uid, err := strconv.Atoi(f[2])
	gid, err2 := strconv.Atoi(f[3])
	return account{f[0], f[1], uid, gid, f[4], f[5], f[6]}, err == nil && err2 == nil
}

// teamNamed looks up a group by name.
func teamNamed(c *module.Call, name string) (team, bool) {
	return parseTeam(entryOf(c, "group", 0, name))
}

// teamOf looks up a group by its number, written as a text, or else by its name.
func teamOf(c *module.Call, name string) (team, bool) {
	if gid, err := strconv.Atoi(strings.TrimSpace(name)); err == nil {
		if found, ok := parseTeam(entryOf(c, "group", 2, strconv.Itoa(gid))); ok {
			return found, true
		}
	}
	return teamNamed(c, name)
}

func parseTeam(f []string) (team, bool) {
	if len(f) < 3 {
		return team{}, false
	}
	gid, err := strconv.Atoi(f[2])
	t := team{name: f[0], gid: gid}
	if len(f) > 3 && f[3] != "" {
		t.members = strings.Split(f[3], ",")
	}
	return t, err == nil
}

// teamsWith names the groups that list the user as a member.
func teamsWith(c *module.Call, user string) []string {
	text := readDatabase("group")
	if c.Program("getent") != "" {
		if said, err := run(c, "", "getent", "group"); err == nil && said.code == 0 {
			text = said.stdout
		}
	}
	var out []string
	for line := range strings.Lines(text) {
		t, ok := parseTeam(strings.Split(strings.TrimRight(line, "\r\n"), ":"))
		if ok && slices.Contains(t.members, user) && !slices.Contains(out, t.name) {
			out = append(out, t.name)
		}
	}
	return out
}

// shadow is what is known of a user's password. Numbers that are not set are -1.
type shadow struct {
	password       string
	min, max, warn int
	expire         int
}

func shadowOf(name string) (shadow, bool) {
	f := lineOf(readDatabase("shadow"), 0, name)
	if len(f) < 8 {
		return shadow{}, false
	}
	return shadow{f[1], days(f[3]), days(f[4]), days(f[5]), days(f[7])}, true
}

func days(field string) int {
	n, err := strconv.Atoi(field)
	if err != nil {
		return -1
	}
	return n
}

// loginDefs is a setting of the accounts' tools, "" when it is not set.
func loginDefs(key string) string { return setting(readDatabase("login.defs"), key) }

// setting is the last value of a key, apart from it by blanks, a tab or an equals sign.
func setting(text, key string) string {
	found := ""
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		rest, ok := strings.CutPrefix(line, key)
		if ok && rest != "" && strings.ContainsRune(" \t=", rune(rest[0])) {
			found = strings.Trim(rest, " \t=\"")
		}
	}
	return found
}
