package kit

import (
	"strings"
	"testing"

	"runner/module"
)

// YAML makes a flag of a choice that is written without quotes; it is that choice where only one can be meant.
func TestChoicesThatYAMLReadAsFlags(t *testing.T) {
	policy := Arg{Name: "restart_policy", Choices: []string{"no", "on-failure", "always"}}
	both := Arg{Name: "both", Choices: []string{"no", "off", "yes"}}
	for _, each := range []struct {
		arg  Arg
		v    any
		want string
	}{{policy, false, "no"}, {policy, "no", "no"}, {both, true, "yes"}} {
		if v, err := convert(&module.Call{}, each.arg, each.v); err != nil || v != each.want {
			t.Errorf("%v: %v %v", each.v, v, err)
		}
	}
	for _, each := range []struct {
		arg Arg
		v   any
	}{{policy, true}, {both, false}, {policy, "False?"}} {
		if v, err := convert(&module.Call{}, each.arg, each.v); err == nil || !strings.HasPrefix(err.Error(), "value of ") {
			t.Errorf("%v: %v %v", each.v, v, err)
		}
	}
}
