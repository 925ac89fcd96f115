package session

import (
	"os"
	"strings"
)

// sbin is where administrators' programs are; a session over SSH often has no such PATH.
const sbin = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

// environment is the environment of commands: our own, with a PATH that finds what administrators need.
func environment() []string {
	env := os.Environ()
	for i, pair := range env {
		if path, ok := strings.CutPrefix(pair, "PATH="); ok {
			env[i] = "PATH=" + complete(path)
			return env
		}
	}
	return append(env, "PATH="+sbin)
}

func complete(path string) string {
	if os.PathListSeparator != ':' {
		return path
	}
	have := ":" + path + ":"
	for _, dir := range strings.Split(sbin, ":") {
		if !strings.Contains(have, ":"+dir+":") {
			path += ":" + dir
		}
	}
	return strings.TrimPrefix(path, ":")
}
