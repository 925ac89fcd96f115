package accounts

import (
	"context"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Users and groups are read from the files in /etc; what they do not have is asked of getent, which knows the
// directory services too.

// UserNamed looks up a user by name.
func UserNamed(name string) User { return user(lookUp("passwd", name, 0, name)) }

// UserOf looks up a user by number.
func UserOf(uid int) User { return user(lookUp("passwd", strconv.Itoa(uid), 2, strconv.Itoa(uid))) }

// GroupNamed looks up a group by name.
func GroupNamed(name string) Group { return group(lookUp("group", name, 0, name)) }

// GroupOf looks up a group by number.
func GroupOf(gid int) Group { return group(lookUp("group", strconv.Itoa(gid), 2, strconv.Itoa(gid))) }

// Current is the user of this process.
func Current() User { return UserOf(os.Getuid()) }

func user(fields []string) User {
	if len(fields) < 6 {
		return User{}
	}
	uid, err1 := strconv.Atoi(fields[2])
	gid, err2 := strconv.Atoi(fields[3])
	if err1 != nil || err2 != nil {
		return User{}
	}
	return User{fields[0], uid, gid, fields[5]}
}

func group(fields []string) Group {
	if len(fields) < 3 {
		return Group{}
	}
	gid, err := strconv.Atoi(fields[2])
	if err != nil {
		return Group{}
	}
	return Group{fields[0], gid}
}

// lookUp finds the line of a database with this text in its nth field.
func lookUp(database, key string, n int, want string) []string {
	text, _ := os.ReadFile("/etc/" + database)
	if fields := find(string(text), n, want); fields != nil {
		return fields
	}
	return find(getent(database, key), n, want)
}

func find(text string, n int, want string) []string {
	for line := range strings.Lines(text) {
		fields := strings.Split(strings.TrimSpace(line), ":")
		if n < len(fields) && fields[n] == want && fields[0] != "" && !strings.HasPrefix(line, "#") {
			return fields
		}
	}
	return nil
}

func getent(database, key string) string {
	if key == "" || strings.HasPrefix(key, "-") || strings.Contains(key, "\x00") {
		return ""
	}
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	out, err := exec.CommandContext(ctx, "getent", database, key).Output()
	if err != nil {
		return ""
	}
	return string(out)
}

// ShellOf is a user's login shell, empty when there is none.
func ShellOf(name string) string {
	if fields := lookUp("passwd", name, 0, name); len(fields) > 6 {
		return fields[6]
	}
	return ""
}

// groupsOf are the groups that list the user as a member, those of directory services too.
func groupsOf(name string) []int {
	var out []int
	text, _ := os.ReadFile("/etc/group")
	for line := range strings.Lines(string(text)) {
		fields := strings.Split(strings.TrimSpace(line), ":")
		if len(fields) < 4 || !slices.Contains(strings.Split(fields[3], ","), name) {
			continue
		}
		if gid, err := strconv.Atoi(fields[2]); err == nil {
			out = append(out, gid)
		}
	}
	if _, rest, ok := strings.Cut(getent("initgroups", name), " "); ok {
		for _, number := range strings.Fields(rest) {
			if gid, err := strconv.Atoi(number); err == nil {
				out = append(out, gid)
			}
		}
	}
	return out
}
