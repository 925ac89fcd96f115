"""Which facts a play needs: those that its expressions name, and nothing gathered besides."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

ALL = "*"
_SUBSETS = {
    "platform": "architecture domain fqdn hostname kernel kernel_version machine machine_id nodename python_version "
    "system userspace_architecture userspace_bits",
    "distribution": "distribution distribution_file_parsed distribution_file_path distribution_file_variety "
    "distribution_major_version distribution_minor_version distribution_release distribution_version os_family",
    "user": "effective_group_id effective_user_id real_group_id real_user_id user_dir user_gecos user_gid user_id "
    "user_shell user_uid",
    "env": "env",
    "python": "python",
    "date_time": "date_time",
    "cmdline": "cmdline proc_cmdline",
    "dns": "dns",
    "selinux": "selinux selinux_python_present",
    "apparmor": "apparmor",
    "fips": "fips",
    "local": "local",
    "lsb": "lsb",
    "pkg_mgr": "pkg_mgr",
    "service_mgr": "service_mgr",
    "ssh_pub_keys": "ssh_host_key_dsa_public ssh_host_key_ecdsa_public ssh_host_key_ed25519_public "
    "ssh_host_key_rsa_public",
    "caps": "system_capabilities system_capabilities_enforced",
    "chroot": "is_chroot",
    "loadavg": "loadavg",
    "virtual": "virtualization_role virtualization_type virtualization_tech_guest virtualization_tech_host",
    "network": "all_ipv4_addresses all_ipv6_addresses default_ipv4 default_ipv6 interfaces lo",
    "hardware": "bios_date bios_vendor bios_version board_asset_tag board_name board_serial board_vendor board_version "
    "chassis_asset_tag chassis_serial chassis_vendor chassis_version device_links devices form_factor lvm "
    "memfree_mb memory_mb memtotal_mb mounts processor processor_cores processor_count processor_nproc "
    "processor_threads_per_core processor_vcpus product_name product_serial product_uuid product_version "
    "swapfree_mb swaptotal_mb system_vendor uptime_seconds",
}
_MINIMAL = frozenset(_SUBSETS) - {"chroot", "hardware", "loadavg", "network", "virtual"}
_SUBSET_OF = {name: subset for subset, names in _SUBSETS.items() for name in names.split()}
# Names that start with ansible_ and are no facts: the connection, the run itself, the loop.
_OTHER_NAMES = """
    check_mode config_file connection date_format dependent_role_names diff_mode facts failed_result failed_task forks
    host index_var inventory_sources limit loop loop_var parent_role_names password pipelining play_batch play_hosts
    play_hosts_all play_name play_role_names playbook_python port private_key_file remote_tmp role_name role_names
    run_tags search_path shell_executable shell_type skip_tags timeout user verbosity version
"""
_OTHER_PREFIXES = ("ssh_", "become", "python_interpreter", "winrm_", "scp_", "sftp_", "paramiko_", "sudo_", "su_")
_OTHERS = frozenset(_OTHER_NAMES.split())
_INTERFACES = ("eth", "ens", "enp", "eno", "wlan", "wlp", "br", "bond", "docker", "veth", "tun", "tap", "en0", "en1")


def is_fact(name: str) -> bool:
    """Whether a variable of this name is a fact, or all of them."""
    return name in ("ansible_facts", "ansible_local") or (
        name.startswith("ansible_") and _subset(name.removeprefix("ansible_")) != ""
    )


def subsets(lowered: Iterable[Any]) -> list[str]:
    """The subsets of facts that the lowered values use, sorted; `["all"]` when that can only be known at run time."""
    found: set[str] = set()
    for value in lowered:
        for name in _uses(value):
            found.add("all" if name == ALL else _subset(name.removeprefix("ansible_")))
            if "all" in found:
                return ["all"]
    return sorted(found - {""})


def spread(needs: Sequence[tuple[bool, list[str]]]) -> list[list[str]]:
    """What each play gathers, from whether it may gather and what it uses.

    Facts outlive their play: what a play uses without gathering is gathered by the last one before that does.
    """
    gathered: list[list[str]] = []
    last = -1
    for position, (gathers, used) in enumerate(needs):
        gathered.append(used if gathers else [])
        if gathers:
            last = position
        elif last >= 0:
            both = {*gathered[last], *used}
            gathered[last] = ["all"] if "all" in both else sorted(both)
    return gathered


def within(used: list[str], asked: Sequence[str]) -> list[str]:
    """Of the subsets that are used those that the play's `gather_subset` leaves, by Ansible's rules."""
    if not asked:
        return used
    if used == ["all"]:
        return list(asked)
    added, excluded, named = set(_MINIMAL), set[str](), set[str]()
    for each in asked:
        match each:
            case "all" | "min":
                added |= set(_SUBSETS) if each == "all" else _MINIMAL
            case "!all" | "!min":
                excluded |= set(_SUBSETS) - _MINIMAL if each == "!all" else _MINIMAL
            case _ if each.startswith("!"):
                excluded.add(each[1:])
            case _:
                named.add(_SUBSET_OF.get(each, each))
    return [each for each in used if each in (added - excluded) | named]


def gathered(asked: Sequence[str]) -> set[str]:
    """The subsets that may be gathered when these are asked for, by their names or those of facts in them."""
    if any(each == "all" or (each.startswith("!") and each not in ("!all", "!min")) for each in asked):
        return set(_SUBSETS)
    return {_SUBSET_OF.get(each, each) for each in asked}


def _subset(fact: str) -> str:
    if (subset := _SUBSET_OF.get(fact)) is not None:
        return subset
    if fact in _OTHERS or fact.startswith(_OTHER_PREFIXES):
        return ""
    return "network" if fact.startswith(_INTERFACES) else "all"


def _uses(tree: Any) -> Iterator[str]:
    """The names of facts in a tree or a value that holds trees; ALL for a use whose name is not written out."""
    match tree:
        case ["attr", base, str(key)] | ["item", base, ["lit", str(key)]] if _holds_facts(base):
            yield from _key(base, key)
            yield from _host(base)
        case ["call", ["var", "lookup" | "query" | "q"], [["lit", str(kind)], *names], *rest]:
            yield from _lookup(kind, names)
            yield from _uses(rest)
        case ["var", str(name)] if name.startswith("ansible_") and name != "ansible_facts":
            yield name
        case ["var", "hostvars"]:
            yield ALL
        case list() | dict():
            if _holds_facts(tree):
                yield ALL
            for part in tree.values() if isinstance(tree, dict) else tree:
                yield from _uses(part)


def _host(base: Any) -> Iterator[str]:
    """What the expression uses that says which host's facts are meant."""
    match base:
        case ["item", ["var", "hostvars"], host]:
            yield from _uses(host)
        case ["attr" | "item", inner, *_]:
            yield from _host(inner)


def _key(base: Any, key: str) -> Iterator[str]:
    if key in ("ansible_facts", "vars"):
        yield ALL
    elif key.startswith("ansible_") or base == ["var", "ansible_facts"] or _is_facts_of_host(base):
        yield key


def _holds_facts(tree: Any) -> bool:
    """Whether the tree is a mapping with facts in it: of facts alone, or of all variables."""
    match tree:
        case ["var", "ansible_facts" | "vars"]:
            return True
        case ["item", ["var", "hostvars"], _] | ["attr", ["var", "hostvars"], _]:
            return True
    return _is_facts_of_host(tree)


def _is_facts_of_host(tree: Any) -> bool:
    match tree:
        case ["attr", base, "ansible_facts"] | ["item", base, ["lit", "ansible_facts"]]:
            return bool(base != ["var", "ansible_facts"] and _holds_facts(base))
    return False


def _lookup(kind: str, names: list[Any]) -> Iterator[str]:
    if kind.rpartition(".")[2] not in ("vars", "varnames"):
        yield from _uses(names)
        return
    for name in names:
        match name:
            case ["lit", str(known)]:
                if known.startswith("ansible_"):
                    yield known
            case _:
                yield ALL
