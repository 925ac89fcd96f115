package firewall

import (
	"errors"
	"strings"

	"runner/fmt"
	"runner/modules/kit"
	"runner/value"
)

// goal is what the task wants to be so, nil when it wants nothing.
func (z *zoning) goal() (*goal, error) {
	state := z.p.Str("state")
	zoneWide := state == "present" || state == "absent"
	for _, name := range oneOf {
		if !z.p.Has(name) {
			continue
		}
		if zoneWide && name != "target" && z.p.Str(name) != "" || zoneWide && name == "port_forward" {
			return nil, errors.New("absent and present state can only be used in zone level operations")
		}
		return z.goalOf(name, state == "enabled" || state == "present")
	}
	if !zoneWide {
		return nil, nil
	}
	shown := z.p.Str("zone")
	if shown == "" {
		shown = "None"
	}
	return &goal{setting: setting{z.zone, "zone", z.zone}, on: state == "present", told: "Changed zone " + shown + " to " + state,
		enabled: "Added zone " + z.zone, disabled: "Removed zone " + z.zone}, nil
}

// goal is a setting and whether it is to be there, with what Ansible tells of a change.
type goal struct {
	setting
	on                bool
	enabled, disabled string
	told              string
}

func (z *zoning) goalOf(name string, on bool) (*goal, error) {
	text, shown := z.p.Str(name), strings.ReplaceAll(name, "_", "-")
	g := &goal{setting: setting{z.zone, shown, text}, on: on}
	var err error
	switch name {
	case "icmp_block_inversion", "forward", "masquerade":
		z.truth(g, name, text)
	case "port":
		shown = "port"
		g.value, err = portOf(text)
		text = g.value
	case "port_forward":
		g.what, shown = "forward-port", name
		g.value, err = forwardOf(z.p.Raw(name))
		text = g.value
	case "rich_rule":
		shown = name
	case "interface":
		g.enabled, g.disabled = "Changed "+text+" to zone "+z.zone, "Removed "+text+" from zone "+z.zone
		return g, nil
	case "source":
		g.enabled, g.disabled = "Added "+text+" to zone "+z.zone, "Removed "+text+" from zone "+z.zone
		return g, nil
	case "target":
		g.enabled, g.disabled = "Set zone "+z.zone+" target to "+text, "Reset zone "+z.zone+" target to default"
		return g, nil
	}
	if name != "forward" && name != "masquerade" {
		g.told = "Changed " + shown + " " + text + " to " + z.p.Str("state")
	}
	return g, err
}

// truth is a switch, which a task turns on by a text that is true and the state enabled, or by neither.
func (z *zoning) truth(g *goal, name, text string) {
	g.value = ""
	yes, err := kit.ToBool(strings.ToLower(text))
	if err != nil {
		yes = name != "forward"
	}
	g.on = g.on == yes
	if name != "icmp_block_inversion" {
		g.enabled, g.disabled = "Added "+name+" to zone "+z.zone, "Removed "+name+" from zone "+z.zone
	}
}

func portOf(text string) (string, error) {
	port, protocol, _ := strings.Cut(strings.TrimSpace(text), "/")
	if protocol == "" || strings.Contains(protocol, "/") {
		return "", errors.New("improper port format (missing protocol?)")
	}
	return port + "/" + protocol, nil
}

// forwardOf reads port_forward, as firewall-cmd takes it and Ansible shows it.
func forwardOf(v any) (string, error) {
	items := kit.ListOf(v)
	if len(items) > 1 {
		return "", errors.New("Only one port forward supported at a time")
	}
	var of *value.Dict
	if len(items) == 1 {
		of, _ = items[0].(*value.Dict)
	}
	if of == nil {
		return "", errors.New("port_forward must be a list with one dictionary: port, proto, toport and perhaps toaddr")
	}
	var parts []string
	for _, key := range []string{"port", "proto", "toport", "toaddr"} {
		item, there := of.Get(key)
		if !there && key != "toaddr" {
			return "", errors.New(strings.Replace(key, "proto", "proto udp/tcp", 1) + " must be specified for port forward")
		}
		part := ""
		if item != nil {
			part = value.Str(item)
		}
		if strings.ContainsAny(part, "=") || key != "toaddr" && strings.Contains(part, ":") {
			return "", fmt.Errorf("port_forward: %s cannot be %s", key, value.Repr(part))
		}
		parts = append(parts, key+"="+part)
	}
	return strings.Join(parts, ":"), nil
}

// differs compares what is with what is wanted.
func (g *goal) differs(is string) bool {
	if g.what != "target" {
		return (is == yes) != g.on
	}
	return (is == g.value) != g.on
}
