package facts

import "net"

// network tells the interfaces and addresses, without loopback ones.
func network(g *gathering) {
	v4, v6, names := []any{}, []any{}, []any{}
	interfaces, err := net.Interfaces()
	if err != nil {
		return
	}
	for _, i := range interfaces {
		names = append(names, i.Name)
		addresses, err := i.Addrs()
		if err != nil {
			continue
		}
		for _, a := range addresses {
			ip, ok := a.(*net.IPNet)
			switch {
			case !ok || ip.IP.IsLoopback():
			case ip.IP.To4() != nil:
				v4 = append(v4, ip.IP.String())
			default:
				v6 = append(v6, ip.IP.String())
			}
		}
	}
	g.set("interfaces", names)
	g.set("all_ipv4_addresses", v4)
	g.set("all_ipv6_addresses", v6)
}
