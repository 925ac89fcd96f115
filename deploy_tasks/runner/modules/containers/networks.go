package containers

import (
	"slices"
	"strings"

	"runner/fmt"
	"runner/modules/kit"
	"runner/value"
)

// network is one that a container is to belong to.
type network struct {
	name, id       string
	address4       string
	address6       string
	mac            string
	aliases, links []string // links as NAME:ALIAS
	asked          *value.Dict
}

var networkSpec = kit.Spec{Args: []kit.Arg{{Name: "name", Required: true}, {Name: "ipv4_address"}, {Name: "ipv6_address"},
	{Name: "aliases", Kind: kit.List}, {Name: "links", Kind: kit.List}, {Name: "mac_address"}}}

// findNetworks reads the option networks and asks the engine for them.
func (j *job) findNetworks() error {
	_, err := eachOf(j, j.p.Raw("networks"), "networks", networkSpec, func(p *kit.Params) (any, error) {
		n := network{name: p.Str("name"), address4: p.Str("ipv4_address"), address6: p.Str("ipv6_address"), aliases: p.List("aliases"),
			mac: strings.ReplaceAll(p.Str("mac_address"), "-", ":")}
		for _, link := range p.List("links") {
			if !strings.Contains(link, ":") {
				link += ":" + link
			}
			n.links = append(n.links, link)
		}
		if n.mac != "" {
			if err := j.e.needs("1.44", "networks.mac_address"); err != nil {
				return nil, err
			}
		}
		n.asked = kit.Dict("name", n.name, "ipv4_address", p.Raw("ipv4_address"), "ipv6_address", p.Raw("ipv6_address"),
			"aliases", listOrNone(n.aliases), "links", linkPairs(n.links), "mac_address", p.Raw("mac_address"))
		var err error
		if n.id, err = j.e.networkID(n.name); err == nil && n.id == "" {
			err = fmt.Errorf("Parameter error: network named %s could not be found. Does it exist?", n.name)
		}
		j.networks = append(j.networks, n)
		return nil, err
	})
	return err
}

func listOrNone(items []string) any {
	if items == nil {
		return nil
	}
	return kit.Items(items)
}

// linkPairs are links as the option's results word them.
func linkPairs(links []string) any {
	if links == nil {
		return nil
	}
	out := []any{}
	for _, link := range links {
		name, alias, _ := strings.Cut(link, ":")
		out = append(out, []any{name, alias})
	}
	return out
}

// networkID is the id of the network of exactly this name, empty when there is none.
func (e *engine) networkID(name string) (string, error) {
	found, err := e.get("/networks", "filters", string(value.Encode(kit.Dict("name", []any{name}))))
	if err != nil {
		return "", fmt.Errorf("Error getting network id for %s - %s", name, err.Error())
	}
	items, _ := value.Items(found)
	for _, item := range items {
		if d, ok := item.(*value.Dict); ok && got(d, "Name") == name {
			return value.Str(got(d, "Id")), nil
		}
	}
	return "", nil
}

// network is what the engine tells of a network, nil when there is none of this name or id.
func (e *engine) network(name string) (*value.Dict, error) {
	found, err := e.inspect("/networks/" + named(name))
	if found != nil && got(found, "Name") != name && (len(name) < shortID || !strings.HasPrefix(idOf(found), name)) {
		found = nil // the engine takes the first letters of an id, too
	}
	return found, err
}

// wantNetwork is about network_mode and networks.
func (j *job) wantNetwork() error {
	if err := j.findNetworks(); err != nil {
		return err
	}
	mode := j.option("network_mode")
	compatible := j.p.Flag("networks_cli_compatible")
	if mode == nil && compatible && len(j.networks) > 0 {
		mode = j.networks[0].name
	}
	if compatible {
		ends := kit.Dict()
		for i, n := range j.networks {
			if i == 0 || !j.e.less("1.44") {
				ends.Set(n.name, n.endpoint())
			}
		}
		j.body.Set("NetworkingConfig", kit.Dict("EndpointsConfig", ends))
	}
	if mode == nil {
		return nil
	}
	mode, err := j.containerNamed(mode)
	if err != nil {
		return err
	}
	under(j.body, "HostConfig").Set("NetworkMode", mode)
	j.wishes = append(j.wishes, wish{name: "network_mode", want: always(mode), has: func(box *value.Dict) any {
		has := got(dictAt(box, "HostConfig"), "NetworkMode")
		if mode == "default" && has == "bridge" {
			return mode // engines from 26.1 on tell it like this
		}
		return has
	}})
	return nil
}

// endpoint is the engine's description of a container's end of a network.
func (n network) endpoint() *value.Dict {
	out, addresses := kit.Dict(), kit.Dict()
	if n.address4 != "" {
		addresses.Set("IPv4Address", n.address4)
	}
	if n.address6 != "" {
		addresses.Set("IPv6Address", n.address6)
	}
	if len(n.links) > 0 {
		out.Set("Links", kit.Items(n.links))
	}
	if len(n.aliases) > 0 {
		out.Set("Aliases", kit.Items(n.aliases))
	}
	if n.mac != "" {
		out.Set("MacAddress", n.mac)
	}
	if addresses.Len() > 0 {
		out.Set("IPAMConfig", addresses)
	}
	return out
}

// fits tells whether a container's end of the network is as wanted.
func (n network) fits(end *value.Dict) bool {
	addresses := dictAt(end, "IPAMConfig")
	return (n.address4 == "" || n.address4 == got(addresses, "IPv4Address")) &&
		(n.address6 == "" || strings.EqualFold(n.address6, value.Str(got(addresses, "IPv6Address")))) &&
		same(kit.Items(n.aliases), got(end, "Aliases"), allow, set) && same(kit.Items(n.links), got(end, "Links"), allow, set) &&
		(n.mac == "" || n.mac == got(end, "MacAddress"))
}

// updateNetworks connects a container to what it lacks, and with networks: strict disconnects it from all else.
func (j *job) updateNetworks(box *value.Dict, created bool) error {
	connected := dictAt(dictAt(box, "NetworkSettings"), "Networks")
	how := j.how["networks"]
	if how != ignore || created {
		for _, n := range j.networks {
			end, there := got(connected, n.name).(*value.Dict)
			if there && n.fits(end) {
				continue
			}
			j.changed = true
			asked := n.asked.Copy()
			asked.Set("id", n.id)
			j.diff.add("network."+n.name, asked, endShown(there, n.name, end))
			if err := j.reconnect(box, n, there); err != nil {
				return err
			}
		}
	}
	if how != strict || !j.p.Has("networks") {
		return nil
	}
	for _, name := range connected.Keys() {
		if slices.ContainsFunc(j.networks, func(n network) bool { return n.name == name }) {
			continue
		}
		j.changed = true
		end, _ := got(connected, name).(*value.Dict)
		j.diff.add("network."+name, nil, kit.Dict("name", name, "id", got(dictOr(end), "NetworkID")))
		j.acted(kit.Dict("removed_from_network", name))
		if err := j.alter(boxKind, func() error { return j.e.disconnect(idOf(box), name) }); err != nil {
			return fmt.Errorf("Error disconnecting container from network %s - %s", name, err.Error())
		}
	}
	return nil
}

// endShown is a container's end of a network in a diff.
func endShown(there bool, name string, end *value.Dict) any {
	if !there {
		return nil
	}
	addresses := dictAt(end, "IPAMConfig")
	return kit.Dict("name", name, "ipv4_address", got(addresses, "IPv4Address"), "ipv6_address", got(addresses, "IPv6Address"),
		"aliases", got(end, "Aliases"), "links", got(end, "Links"), "mac_address", got(end, "MacAddress"))
}

func (j *job) reconnect(box *value.Dict, n network, there bool) error {
	if there {
		j.acted(kit.Dict("removed_from_network", n.name))
		if err := j.alter(boxKind, func() error { return j.e.disconnect(idOf(box), n.id) }); err != nil {
			return fmt.Errorf("Error disconnecting container from network %s - %s", n.name, err.Error())
		}
	}
	j.acted(kit.Dict("added_to_network", n.name, "network_parameters", n.asked))
	if err := j.alter(boxKind, func() error { return j.e.attach(idOf(box), n.id, n.endpoint()) }); err != nil {
		return fmt.Errorf("Error connecting container to network %s - %s", n.name, err.Error())
	}
	return nil
}

func (e *engine) disconnect(box, network string) error {
	_, err := e.postJSON("/networks/"+named(network)+"/disconnect", kit.Dict("Container", box))
	return err
}

func (e *engine) attach(box, network string, end *value.Dict) error {
	_, err := e.postJSON("/networks/"+named(network)+"/connect", kit.Dict("Container", box, "EndpointConfig", dictOr(end)))
	return err
}
