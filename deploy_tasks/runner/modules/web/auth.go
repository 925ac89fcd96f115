package web

import (
	"bufio"
	"io"
	"os"
	"path/filepath"
	"strings"

	"runner/base64"
	"runner/modules/kit"
)

// login is a name with its password.
type login struct{ name, password string }

// basic is the header that tells it.
func (l login) basic() string { return "Basic " + base64.EncodeToString([]byte(l.name+":"+l.password)) }

// asksBasic tells whether a server wants the credentials of the kind Basic.
func asksBasic(challenges []string) bool {
	for _, c := range challenges {
		for _, part := range strings.Split(c, ",") {
			scheme, _, _ := strings.Cut(strings.TrimSpace(part), " ")
			if strings.EqualFold(scheme, "basic") {
				return true
			}
		}
	}
	return false
}

// maxNetrc is how much of a netrc file is read, in bytes.
const maxNetrc = 1 << 20

// fromNetrc is what the netrc file of the task's user says of a host, nil for nothing.
func (o *options) fromNetrc(host string) *login {
	path := kit.Environ(o.call.Env, "NETRC")
	if path == "" {
		home := kit.Environ(o.call.Env, "HOME")
		if home == "" {
			return nil
		}
		path = filepath.Join(home, ".netrc")
	}
	f, err := os.Open(path)
	if err != nil {
		return nil
	}
	defer f.Close()
	return netrcLogin(io.LimitReader(f, maxNetrc), host)
}

// netrcLogin finds the entry of a host, or the default one, which is the last.
func netrcLogin(in io.Reader, host string) *login {
	var now *login
	words := netrcWords(in)
	for i := 0; i < len(words); i++ {
		next := ""
		if i+1 < len(words) {
			next = words[i+1]
		}
		switch word := words[i]; {
		case word == "machine" || word == "default":
			if now.complete() {
				return now
			}
			now = nil
			if word == "default" || next == host {
				now = &login{}
			}
			if word == "machine" {
				i++
			}
		case word == "login" || word == "password" || word == "account":
			if now != nil && word == "login" {
				now.name = next
			} else if now != nil && word == "password" {
				now.password = next
			}
			i++
		}
	}
	if now.complete() {
		return now
	}
	return nil
}

func (l *login) complete() bool { return l != nil && l.name != "" && l.password != "" }

// netrcWords are the words of a netrc file without its remarks and macros.
func netrcWords(in io.Reader) []string {
	var words []string
	macro := false
	lines := bufio.NewScanner(in)
	for lines.Scan() {
		line := strings.TrimSpace(lines.Text())
		switch {
		case line == "":
			macro = false
		case strings.HasPrefix(line, "macdef"):
			macro = true
		case !macro && !strings.HasPrefix(line, "#"):
			for _, word := range strings.Fields(line) {
				words = append(words, strings.Trim(word, `"`))
			}
		}
	}
	return words
}
