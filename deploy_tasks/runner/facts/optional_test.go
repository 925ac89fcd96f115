package facts

import (
	"os"
	"strings"
	"testing"
)

// The other tests are of all facts.
func TestMain(m *testing.M) {
	lacked := Lacking()
	refused := Check([]string{"mounts"})
	UseHardware()
	UseNetwork()
	UseVirtual()
	if strings.Join(lacked, " ") != "virtual hardware network" || len(Lacking()) != 0 {
		panic("lacking were " + strings.Join(lacked, " ") + ", are " + strings.Join(Lacking(), " "))
	}
	if refused == nil || refused.Error() != "this runner has no facts of the subset 'hardware'" {
		panic("mounts were not refused without hardware")
	}
	os.Exit(m.Run())
}
