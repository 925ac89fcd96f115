package facts

import (
	"math"
	"runtime"
	"slices"
	"strconv"
	"strings"
)

// cpuinfo is what counts in /proc/cpuinfo.
type cpuinfo struct {
	list                           []any // of the lines that name a processor
	vendors, models, processors, n int64
	sockets, cores                 counts
	flags                          []string
	s390Processors, s390Threads    int64
}

// counts keeps numbers by name, in the order of the names' first appearance.
type counts struct {
	names []string
	byKey map[string]int64
}

func (c *counts) set(name string, n int64, onlyNew bool) {
	if c.byKey == nil {
		c.byKey = map[string]int64{}
	}
	if _, ok := c.byKey[name]; !ok {
		c.names = append(c.names, name)
	} else if onlyNew {
		return
	}
	c.byKey[name] = n
}

func (c *counts) first() int64 {
	if len(c.names) == 0 {
		return 0
	}
	return c.byKey[c.names[0]]
}

func readCPUs(text []string) cpuinfo {
	var c cpuinfo
	socket, core := "0", "0"
	for _, line := range text {
		key, v, _ := strings.Cut(line, ":")
		key, v = strings.TrimSpace(key), strings.TrimSpace(v)
		n, _ := strconv.ParseInt(v, 10, 64)
		switch key {
		case "flags":
			c.flags = strings.Fields(v)
		case "model name", "Processor", "vendor_id", "cpu", "Vendor", "processor":
			c.list = append(c.list, v)
			c.n++
			c.tally(key)
		case "physical id":
			socket = v
			c.sockets.set(socket, 1, true)
		case "core id":
			core = v
			if !slices.Contains(c.sockets.names, core) {
				c.cores.set(core, 1, false)
			}
		case "cpu cores":
			c.sockets.set(socket, n, false)
		case "siblings":
			c.cores.set(core, n, false)
		case "# processors":
			c.s390Processors = n
		case "max thread id":
			c.s390Threads = n + 1
		case "ncpus active":
			c.n = n
		}
	}
	return c
}

func (c *cpuinfo) tally(key string) {
	switch key {
	case "vendor_id":
		c.vendors++
	case "model name":
		c.models++
	case "processor":
		c.processors++
	}
}

func processors(g *gathering) {
	c := readCPUs(lines("/proc/cpuinfo"))
	if len(c.list) == 0 {
		return
	}
	g.set("processor", c.list)
	if c.flags != nil {
		g.set("flags", texts(c.flags))
	}
	machine := g.text("architecture")
	if c.vendors > 0 && c.vendors == c.models {
		c.n = c.vendors
	}
	if strings.HasPrefix(machine, "armv") || strings.HasPrefix(machine, "aarch") || strings.HasPrefix(machine, "ppc") {
		c.n = c.processors
	}
	count, cores, threads := c.topology(xenParavirtual(c.flags))
	vcpus := count * cores * threads
	if machine == "s390x" && c.s390Threads > 0 {
		count, threads, vcpus = 1, c.s390Threads, c.s390Processors
		cores = half(float64(c.s390Processors) / float64(c.s390Threads))
	}
	g.set("processor_count", count)
	g.set("processor_cores", cores)
	g.set("processor_threads_per_core", threads)
	g.set("processor_vcpus", vcpus)
	g.set("processor_nproc", int64(runtime.NumCPU()))
}

// topology is the number of sockets, of cores in one, of threads in one core.
func (c cpuinfo) topology(flat bool) (count, cores, threads int64) {
	if flat {
		return c.n, c.n, 1
	}
	count, cores = c.n, 1
	if len(c.sockets.names) > 0 {
		count = int64(len(c.sockets.names))
	}
	if n := c.sockets.first(); n > 0 {
		cores = n
	}
	siblings := int64(1)
	if len(c.cores.names) > 0 {
		siblings = c.cores.first()
	}
	return count, cores, half(float64(siblings) / float64(cores))
}

// half rounds as Python does: halves to the even number.
func half(f float64) int64 { return int64(math.RoundToEven(f)) }

// xenParavirtual guests see a single core whatever they have.
func xenParavirtual(flags []string) bool {
	xen := exists("/proc/xen") || contentOf("/sys/hypervisor/type") == "xen"
	return xen && flags != nil && !slices.Contains(flags, "vme")
}
