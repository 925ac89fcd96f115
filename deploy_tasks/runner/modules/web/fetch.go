package web

import (
	"errors"
	"io"
	"os"
	"path"
	"strings"
	"time"

	"runner/module"
	"runner/modules/kit"
)

func init() { kit.Fetcher = fetchFile }

// fetchTimeout is Ansible's for every step of a request.
const fetchTimeout = 10 * time.Second

// fetchFile brings what is at an address into a private file that ends as the address does.
func fetchFile(c *module.Call, text string, validate bool) (string, error) {
	u, login, err := address(text)
	if err != nil {
		return "", err
	}
	o := &options{call: c, agent: "ansible-httpget", proxied: true, unpacked: true, netrc: true, timeout: fetchTimeout,
		trust: trust{validate: validate}, follow: "urllib2"}
	a, err := o.send(request{method: "GET", url: u}, login)
	if err != nil {
		return "", err
	}
	defer a.close()
	if !a.ok() {
		return "", errors.New(a.msg())
	}
	f, err := os.CreateTemp(c.TempDir(), "fetched-*"+endingOf(u.Path))
	if err != nil {
		return "", errors.New(kit.Reason(err))
	}
	if _, err = io.Copy(f, a.body); err != nil {
		err = errors.New(o.unreached(err))
	}
	return f.Name(), errors.Join(err, f.Close())
}

// endingOf is .tar.gz of /a/b.tar.gz: at most two endings, of letters and digits.
func endingOf(p string) string {
	name, found := path.Base(p), ""
	for range 2 {
		dot := strings.LastIndexByte(name, '.')
		if dot <= 0 || len(name)-dot > 8 || !plainName(name[dot+1:]) {
			break
		}
		name, found = name[:dot], name[dot:]+found
	}
	return found
}

func plainName(s string) bool {
	for _, r := range s {
		if !('a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' || '0' <= r && r <= '9') {
			return false
		}
	}
	return s != ""
}
