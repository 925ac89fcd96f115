package facts

import "syscall"

func loadAverage(g *gathering) {
	var info syscall.Sysinfo_t
	if err := syscall.Sysinfo(&info); err != nil {
		return
	}
	out := dict()
	for i, name := range []string{"1m", "5m", "15m"} {
		out.Set(name, float64(info.Loads[i])/65536)
	}
	g.set("loadavg", out)
}
