"""The modules of the part `firewall`: packet filters."""

from __future__ import annotations

from deploy_tasks.plan.module_spec import ArgSpec, module_spec
from deploy_tasks.plan.modules.shared import FALSE, STR

_FIREWALLD_SETTINGS = (
    *("icmp_block", "icmp_block_inversion", "service", "protocol", "port", "port_forward", "rich_rule"),
    *("interface", "forward", "masquerade", "source", "target"),
)

SPECS = (
    module_spec(
        "ufw",
        {
            "state": ArgSpec(choices=("disabled", "enabled", "reloaded", "reset")),
            "default": ArgSpec(choices=("allow", "deny", "reject"), aliases=("policy",)),
            "logging": ArgSpec("raw"),  # on and off are truth values in YAML
            "direction": ArgSpec(choices=("in", "incoming", "out", "outgoing", "routed")),
            "delete": FALSE,
            "route": FALSE,
            "insert": ArgSpec("int"),
            "insert_relative_to": ArgSpec(
                choices=("first-ipv4", "first-ipv6", "last-ipv4", "last-ipv6", "zero"), default="zero"
            ),
            "rule": ArgSpec(choices=("allow", "deny", "limit", "reject")),
            "interface": ArgSpec(aliases=("if",)),
            "interface_in": ArgSpec(aliases=("if_in",)),
            "interface_out": ArgSpec(aliases=("if_out",)),
            "log": FALSE,
            "from_ip": ArgSpec(default="any", aliases=("from", "src")),
            "from_port": STR,
            "to_ip": ArgSpec(default="any", aliases=("dest", "to")),
            "to_port": ArgSpec(aliases=("port",)),
            "proto": ArgSpec(
                choices=("ah", "any", "esp", "gre", "igmp", "ipv6", "tcp", "udp", "vrrp"), aliases=("protocol",)
            ),
            "name": ArgSpec(aliases=("app",)),
            "comment": STR,
        },
        exclusive=(("name", "proto", "logging"), ("direction", "interface_in"), ("direction", "interface_out")),
        required_one_of=(("state", "default", "rule", "logging"),),
        part="firewall",
    ),
    module_spec(
        "firewalld",
        {
            "icmp_block": STR,
            "icmp_block_inversion": STR,
            "service": STR,
            "protocol": STR,
            "port": STR,
            "port_forward": ArgSpec("raw"),
            "rich_rule": STR,
            "zone": STR,
            "immediate": FALSE,
            "source": STR,
            "permanent": FALSE,
            "state": ArgSpec(required=True, choices=("absent", "disabled", "enabled", "present")),
            "timeout": ArgSpec("int", default=0),
            "interface": STR,
            "forward": STR,
            "masquerade": STR,
            "offline": FALSE,
            "target": ArgSpec(choices=("default", "ACCEPT", "DROP", "%%REJECT%%")),
        },
        exclusive=(_FIREWALLD_SETTINGS,),
        part="firewall",
    ),
)
