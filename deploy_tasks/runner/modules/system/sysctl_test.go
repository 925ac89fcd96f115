//go:build linux

package system

import (
	"os"
	"testing"

	"runner/modules/kit"
	"runner/modules/moduletest"
)

// The command takes a=b for an order to write, also where it is only asked.
func TestParametersAreNoOrders(t *testing.T) {
	h := moduletest.New(t)
	h.Write("bin/sysctl", "#!/bin/sh\necho \"$*\" >> \"${0%/*}/ran\"\n")
	if err := os.Chmod(h.Path("bin/sysctl"), 0o755); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PATH", h.Path("bin")+":/usr/bin:/bin")
	moduletest.Fails(t, h.Check("sysctl", "name", "kernel.a=1", "value", "1", "sysctl_file", "@/f"), "is not the name of a parameter")
	moduletest.Fails(t, h.Check("sysctl", "name", "kernel.a", "value", "1\nkernel.b=2", "sysctl_file", "@/f"), "more than one line")
	if kit.Exists(h.Path("bin/ran")) {
		t.Error("ran " + h.Read("bin/ran"))
	}
	if r := h.Run("sysctl", "name", "kernel.a", "value", "1\n", "reload", false, "sysctl_file", "@/f"); r.Failed || h.Read("f") != "kernel.a=1\n" {
		t.Error(r.Msg)
	}
}
