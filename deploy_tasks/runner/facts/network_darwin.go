package facts

import "os/exec"

// network tells the interfaces and addresses that ifconfig shows.
func network(g *gathering) {
	text, err := exec.Command("/sbin/ifconfig", "-a").Output()
	if err != nil {
		return
	}
	names, v4, v6 := readIfconfig(string(text))
	g.set("interfaces", texts(names))
	g.set("all_ipv4_addresses", texts(v4))
	g.set("all_ipv6_addresses", texts(v6))
}
