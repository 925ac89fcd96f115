package facts

import (
	"context"
	"os"
	"runtime"
	"strings"
	"time"

	"runner/dial"
)

// uname is what the kernel says about itself.
type uname struct{ system, node, release, version, machine string }

func platform(g *gathering) {
	u := systemName()
	host, _, _ := strings.Cut(u.node, ".")
	g.set("system", u.system)
	g.set("kernel", u.release)
	g.set("kernel_version", u.version)
	g.set("machine", u.machine)
	fqdn := fullName(u.node)
	_, domain, _ := strings.Cut(fqdn, ".")
	g.set("fqdn", fqdn)
	g.set("hostname", host)
	g.set("nodename", u.node)
	g.set("domain", domain)
	g.set("userspace_bits", wordSize())
	g.set("architecture", architecture(u.machine))
	switch architecture(u.machine) {
	case "x86_64", "i386":
		g.set("userspace_architecture", userspace())
	}
	if version := pythonVersion(g.env); version != "" {
		g.set("python_version", version)
	}
	if id := machineID(); id != "" {
		g.set("machine_id", id)
	}
}

func architecture(machine string) string {
	if len(machine) == 4 && machine[0] == 'i' && strings.HasSuffix(machine, "86") {
		return "i386"
	}
	return machine
}

func wordSize() string {
	if strings.HasSuffix(runtime.GOARCH, "64") {
		return "64"
	}
	return "32"
}

func userspace() string {
	if wordSize() == "64" {
		return "x86_64"
	}
	return "i386"
}

func machineID() string {
	for _, path := range []string{"/var/lib/dbus/machine-id", "/etc/machine-id"} {
		if id, ok := content(path); ok {
			id, _, _ = strings.Cut(id, "\n")
			return id
		}
	}
	return ""
}

// fullName is Python's socket.getfqdn: the first name with a dot among those of the host's address.
func fullName(node string) string {
	names := namesInHosts(node)
	if names == nil {
		names = namesInDNS(node)
	}
	for _, name := range names {
		if strings.Contains(name, ".") {
			return name
		}
	}
	if len(names) > 0 {
		return names[0]
	}
	return node
}

// namesInHosts are the names of the first line of /etc/hosts that has the address of the node.
func namesInHosts(node string) []string {
	var table [][]string
	for _, line := range lines("/etc/hosts") {
		line, _, _ = strings.Cut(line, "#")
		if words := strings.Fields(line); len(words) > 1 {
			table = append(table, words)
		}
	}
	address := ""
	for _, words := range table {
		for _, name := range words[1:] {
			// gethostbyaddr prefers the older family.
			if name == node && (address == "" || strings.Contains(address, ":") && !strings.Contains(words[0], ":")) {
				address = words[0]
			}
		}
	}
	for _, words := range table {
		if address != "" && words[0] == address {
			return words[1:]
		}
	}
	return nil
}

// namesInDNS asks for the node's address and for the name of that; briefly, for many hosts have no such name.
func namesInDNS(node string) []string {
	ctx, cancel := context.WithTimeout(context.Background(), 500*time.Millisecond)
	defer cancel()
	addresses, err := dial.Addresses(ctx, node)
	if err != nil || len(addresses) == 0 {
		return nil
	}
	return dial.Names(ctx, addresses[0])
}

func environment(g *gathering) {
	env := dict()
	for _, entry := range g.env {
		if name, v, ok := strings.Cut(entry, "="); ok && name != "" {
			env.Set(name, v)
		}
	}
	g.set("env", env)
}

func hostnameOr(fallback string) string {
	if name, err := os.Hostname(); err == nil {
		return name
	}
	return fallback
}
