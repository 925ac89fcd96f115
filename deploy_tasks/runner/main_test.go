package main

import (
	"os/exec"
	"strings"
	"testing"
)

// Every one of these packages makes the runner, which travels to every host, tens of kilobytes larger; next to each is
// what serves instead. Some are linked by others of Go's packages, but only the parts of them that are called.
func TestLargePackagesStayOut(t *testing.T) {
	out, err := exec.Command("go", "list", "-f", `{{if not .Standard}}{{join .Imports "\n"}}{{end}}`, "-deps", ".", "./modules/...").Output()
	if err != nil {
		t.Skipf("there is no go command here: %v", err)
	}
	imports := " " + strings.Join(strings.Fields(string(out)), " ") + " "
	for large, instead := range map[string]string{"encoding/json": "record", "fmt": "runner/fmt", "math/big": "runner/big",
		"encoding/hex": "runner/hex", "regexp": "expr/regex", "net": "dial", "net/netip": "ip", "crypto/rand": "math/rand/v2",
		"crypto/sha256": "hashing", "os/user": "accounts", "flag": "cmd", "archive/tar": "program", "text/tabwriter": "cmd", "reflect": "type switches"} {
		if strings.Contains(imports, " "+large+" ") {
			t.Errorf("%s is imported; use %s", large, instead)
		}
	}
}
