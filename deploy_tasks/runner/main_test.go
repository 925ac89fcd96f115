package main

import (
	"os/exec"
	"strings"
	"testing"
)

// Every one of these packages makes the runner, which travels to every host, tens of kilobytes larger; next to each is
// what serves instead. Some are linked by others of Go's packages, but only the parts of them that are called.
// The part web alone has net/http, and what that brings: programs without HTTP do not pay for it.
func TestLargePackagesStayOut(t *testing.T) {
	imports := importsOf(t, func(room string) bool { return room != web })
	for large, instead := range map[string]string{"encoding/json": "record", "fmt": "runner/fmt", "math/big": "runner/big",
		"encoding/hex": "runner/hex", "regexp": "expr/regex", "net": "dial", "net/http": "the part web", "net/netip": "ip", "crypto/rand": "math/rand/v2",
		"crypto/sha256": "hashing", "os/user": "accounts", "flag": "cmd", "archive/tar": "program", "text/tabwriter": "cmd", "reflect": "type switches"} {
		if strings.Contains(imports, " "+large+" ") {
			t.Errorf("%s is imported; use %s", large, instead)
		}
	}
	if !strings.Contains(importsOf(t, func(room string) bool { return room == web }), " net/http ") {
		t.Error("no part has net/http: is it still named " + web + "?")
	}
}

const web = "runner/modules/web"

// importsOf are the packages that those of the runner import, each between spaces.
func importsOf(t *testing.T, counts func(room string) bool) string {
	t.Helper()
	out, err := exec.Command("go", "list", "-f", `{{if not .Standard}}{{.ImportPath}} {{join .Imports " "}}{{end}}`, "-deps", ".", "./modules/...").Output()
	if err != nil {
		t.Skipf("there is no go command here: %v", err)
	}
	imports := " "
	for _, line := range strings.Split(string(out), "\n") {
		if room, used, _ := strings.Cut(line, " "); counts(room) {
			imports += used + " "
		}
	}
	return imports
}
