package containers

import (
	"slices"
	"strconv"
	"strings"

	"runner/fmt"
	"runner/modules/kit"
	"runner/value"
)

// binding is where a port of a container is published on the host.
type binding struct{ address, port string }

// unset stands for the address that a published port has where none is written.
const unset = "\x00"

// publishing reads published_ports: the ports of the container, as PORT/PROTOCOL, in the order in which they were written.
func publishing(items []string) (order []string, at map[string][]binding, err error) {
	at = map[string][]binding{}
	for _, item := range items {
		if item == "all" {
			return nil, nil, fmt.Errorf("Specifying \"all\" in published_ports is no longer allowed. Set publish_all_ports to \"true\" instead " +
				"to randomly assign port mappings for those not specified by published_ports.")
		}
		parts, err := splitAddress(item)
		if err != nil {
			return nil, nil, err
		}
		inside, protocol, _ := strings.Cut(parts[len(parts)-1], "/")
		ports, err := portRange(inside)
		if err != nil {
			return nil, nil, err
		}
		binds, err := bindings(item, parts[:len(parts)-1], len(ports))
		if err != nil {
			return nil, nil, err
		}
		for i, port := range ports[:min(len(ports), len(binds))] {
			key := strconv.Itoa(port) + "/" + protocol
			if protocol == "" {
				key += "tcp"
			}
			if at[key] == nil {
				order = append(order, key)
			}
			at[key] = append(at[key], binds[i])
		}
	}
	return order, at, nil
}

// bindings reads what stands before the container's ports: nothing, the host's ports, or its address and ports.
func bindings(item string, parts []string, count int) ([]binding, error) {
	address, ports := unset, ""
	switch len(parts) {
	case 0:
	case 1:
		ports = parts[0]
	case 2:
		var err error
		if address, err = bindAddress(parts[0]); err != nil {
			return nil, err
		}
		ports = parts[1]
	default:
		return nil, fmt.Errorf("Invalid port description \"%s\" - expected 1 to 3 colon-separated parts, but got %d. "+
			"Maybe you forgot to use square brackets ([...]) around an IPv6 address?", item, len(parts)+1)
	}
	if count == 1 || ports == "" && len(parts) != 1 {
		return slices.Repeat([]binding{{address, ports}}, count), nil
	}
	numbers, err := portRange(ports)
	var out []binding
	for _, n := range numbers {
		out = append(out, binding{address, strconv.Itoa(n)})
	}
	return out, err
}

// bindAddress reads an address of IPv4, or of IPv6 in brackets.
func bindAddress(text string) (string, error) {
	if four := strings.Split(text, "."); len(four) == 4 && strings.Trim(text, "0123456789.") == "" && !slices.Contains(four, "") {
		return text, nil
	}
	if inner, ok := strings.CutPrefix(text, "["); ok {
		if inner, ok = strings.CutSuffix(inner, "]"); ok {
			plain, zone, zoned := strings.Cut(inner, "%")
			if plain != "" && strings.Trim(plain, hexDigits+":") == "" && (!zoned || zone != "" && !strings.ContainsAny(zone, "]/")) {
				if zoned {
					return text, nil
				}
				return inner, nil
			}
		}
	}
	return "", fmt.Errorf("Bind addresses for published ports must be IPv4 or IPv6 addresses, not hostnames. "+
		"Use the dig lookup to resolve hostnames. (Found hostname: %s)", text)
}

// exposing reads exposed_ports.
func exposing(items []string) ([]string, error) {
	var out []string
	for _, item := range items {
		port, protocol, ok := strings.Cut(strings.TrimSpace(item), "/")
		if !ok {
			protocol = "tcp"
		}
		numbers, err := portRange(port)
		if err != nil {
			return nil, fmt.Errorf("Cannot parse port '%s': %w", item, err)
		}
		for _, n := range numbers {
			out = append(out, strconv.Itoa(n)+"/"+protocol)
		}
	}
	return out, nil
}

// wantPorts is about published_ports, exposed_ports and publish_all_ports. What is published is exposed, and so is what
// the image exposes.
func (j *job) wantPorts() error {
	exposed, err := exposing(j.p.List("exposed_ports"))
	if err != nil {
		return err
	}
	if j.p.Has("published_ports") {
		published, err := j.wantPublished()
		if err != nil {
			return err
		}
		exposed = append(exposed, published...)
	}
	ports := kit.Dict()
	for _, port := range exposed {
		ports.Set(port, kit.Dict())
	}
	j.body.Set("ExposedPorts", ports)
	j.wishes = append(j.wishes, wish{name: "exposed_ports", nature: set, has: exposedBy, want: func(image *value.Dict) (any, bool) {
		return sortedSet(append(imagePorts(image), exposed...)), true
	}})
	if all := j.option("publish_all_ports"); all != nil {
		if value.Truthy(all) {
			under(j.body, "HostConfig").Set("PublishAllPorts", all)
		}
		j.wishes = append(j.wishes, wish{name: "publish_all_ports", want: always(all), has: from("HostConfig", "PublishAllPorts")})
	}
	return nil
}

func (j *job) wantPublished() (ports []string, err error) {
	ports, at, err := publishing(j.p.List("published_ports"))
	if err != nil {
		return nil, err
	}
	usual, wanted := "", kit.Dict()
	for _, port := range ports {
		var binds []any
		for _, b := range at[port] {
			if b.address == unset {
				if usual, err = j.hostAddress(usual); err != nil {
					return nil, err
				}
				b.address = usual
			}
			binds = append(binds, kit.Dict("HostIp", b.address, "HostPort", b.port))
		}
		wanted.Set(port, binds)
	}
	under(j.body, "HostConfig").Set("PortBindings", wanted)
	j.wishes = append(j.wishes, wish{name: "published_ports", nature: mapping, want: always(wanted), has: from("HostConfig", "PortBindings")})
	return ports, nil
}

func imagePorts(image *value.Dict) []string {
	var out []string
	for _, port := range dictAt(dictAt(image, "Config"), "ExposedPorts").Keys() {
		if !strings.Contains(port, "/") {
			port += "/tcp"
		}
		out = append(out, port)
	}
	return out
}

// exposedBy are the ports that a container exposes, ranges port by port.
func exposedBy(box *value.Dict) any {
	var out []string
	for _, port := range imagePorts(box) {
		name, protocol, _ := strings.Cut(port, "/")
		numbers, err := portRange(name)
		if err != nil {
			out = append(out, port)
			continue
		}
		for _, n := range numbers {
			out = append(out, strconv.Itoa(n)+"/"+protocol)
		}
	}
	return kit.Items(out)
}

// hostAddress is the address that ports are published on where none is written; known is what it was before, if it was asked.
func (j *job) hostAddress(known string) (string, error) {
	if known != "" {
		return known, nil
	}
	if j.p.Has("default_host_ip") {
		return defaultAddress(j.p.Str("default_host_ip"))
	}
	for _, n := range j.networks {
		network, err := j.e.network(n.name)
		if err != nil {
			return "", err
		}
		if network == nil {
			return "", fmt.Errorf("Cannot inspect the network '%s' to determine the default IP", n.name)
		}
		own := value.Str(got(dictAt(network, "Options"), "com.docker.network.bridge.host_binding_ipv4"))
		if got(network, "Driver") == "bridge" && own != "" && own != "None" {
			return own, nil
		}
	}
	return "0.0.0.0", nil
}

func defaultAddress(text string) (string, error) {
	plain := strings.Trim(text, "[]")
	switch {
	case text == "", strings.Trim(text, "0123456789.") == "" && strings.Count(text, ".") == 3:
		return text, nil
	case strings.Trim(plain, hexDigits+":") == "" && strings.Contains(plain, ":"):
		return "[" + plain + "]", nil
	}
	return "", fmt.Errorf("The value of default_host_ip must be an empty string, an IPv4 address, or an IPv6 address. Got \"%s\" instead.", text)
}
