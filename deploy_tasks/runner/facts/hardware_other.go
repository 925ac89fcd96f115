//go:build !linux

package facts

import "runtime"

// Outside Linux only what every system tells in the same way is given.

func hardware(g *gathering) {
	n := int64(runtime.NumCPU())
	g.set("processor_count", n)
	g.set("processor_cores", n)
	g.set("processor_vcpus", n)
	g.set("processor_nproc", n)
	g.set("processor_threads_per_core", int64(1))
}

func virtual(g *gathering) {
	g.set("virtualization_type", "NA")
	g.set("virtualization_role", "NA")
	g.set("virtualization_tech_guest", []any{})
	g.set("virtualization_tech_host", []any{})
}
