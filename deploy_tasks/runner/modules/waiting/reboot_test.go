package waiting

import (
	"slices"
	"testing"

	"runner/module"
	"runner/value"
)

type nothing struct{}

func (nothing) Lookup(string) (any, bool, error) { return nil, false, nil }

func known(distribution, version, family string) system {
	return systemOf(value.DictOf("ansible_distribution", distribution, "ansible_distribution_version", version, "ansible_os_family", family))
}

func TestTheCommandIsThatOfTheSystem(t *testing.T) {
	for _, each := range []struct {
		kind system
		want []string
	}{
		{known("Debian", "12.1", "Debian"), []string{"-r", "2", "a \"b\""}},
		{known("Alpine", "3.20.1", "Alpine"), nil},
		{known("Void", "NA", "Void"), []string{"-r", "+2", "a \"b\""}},
		{known("MacOSX", "14.5", "Darwin"), []string{"-r", "+2", "a \"b\""}},
		{known("FreeBSD", "14.1", "FreeBSD"), []string{"-r", "+130s", "a \"b\""}},
		{known("SmartOS", "5.11", "Solaris"), []string{"-y", "-g", "130", "-i", "6", "a \"b\""}},
		{known("AIX", "7", "AIX"), []string{"-Fr"}},
	} {
		if got := shutdownWords(each.kind, 130, "a \"b\""); !slices.Equal(got, each.want) {
			t.Errorf("%v: %q, want %q", each.kind, got, each.want)
		}
	}
}

func TestTheMostExactNameCounts(t *testing.T) {
	table := map[string]string{"debian": "family", "ubuntu": "distribution", "ubuntu24": "version"}
	for kind, want := range map[string]system{"version": known("Ubuntu", "24.04", "Debian"), "distribution": known("Ubuntu", "22.04", "Debian"),
		"family": known("Mint", "21", "Debian"), "otherwise": known("Fedora", "40", "RedHat")} {
		if got := want.of(table, "otherwise"); got != kind {
			t.Errorf("%v: %s, want %s", want, got, kind)
		}
	}
}

// Whoever runs an executable by hand would not bring the run back.
func TestNobodyRestartsTheMachineByHand(t *testing.T) {
	r := reboot(&module.Call{Args: value.NewDict(), Vars: nothing{}})
	if !r.Failed || r.Msg != "Running reboot with local connection would reboot the control node." {
		t.Errorf("%+v", r)
	}
}
