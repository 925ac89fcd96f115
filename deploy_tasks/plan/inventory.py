"""Loading inventories of every form: INI, YAML, JSON, scripts, folders of them, and `h1,h2,`."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from deploy_tasks.errors import InventoryError, Problem
from deploy_tasks.plan.added_hosts import GROUPS, HOST, with_added_hosts
from deploy_tasks.plan.documents import BadDocument, decode, parse_json, read_bounded
from deploy_tasks.plan.hosts import PLAN_BECOME, PLAN_USER, Host, Inventory
from deploy_tasks.plan.inventory_graph import Graph
from deploy_tasks.plan.inventory_ini import read_ini
from deploy_tasks.plan.inventory_json import is_dynamic, read_dynamic
from deploy_tasks.plan.inventory_script import read_script
from deploy_tasks.plan.inventory_vars import VarFolder
from deploy_tasks.plan.inventory_yaml import read_yaml
from deploy_tasks.plan.made_groups import with_made_groups
from deploy_tasks.plan.model import Plan
from deploy_tasks.plan.ranges import BadRange, expand
from deploy_tasks.plan.texts import texts
from deploy_tasks.plan.vault import Vault

__all__ = ["Host", "Inventory", "inventory_for", "load_inventory", "parse_hosts_argument"]

_LOCAL = frozenset({"localhost", "127.0.0.1", "::1"})
_IGNORED = re.compile(
    r"\..*|host_vars|group_vars|vars_plugins|.*(?:\.pyc|\.pyo|\.swp|\.bak|~|\.rpm|\.md|\.txt|\.rst|\.orig|\.cfg|\.retry)"
)
# The first line that says something: `all:` or `"web": {` begins YAML, `[web]` and `web1 key=value` do not.
_YAML_START = re.compile(r"---|%YAML|[\w\"'.*&-]+\s*:(?:\s*(?:#.*)?|\s+\S.*)")
_MAX_FILES = 1000
_MAX_DEPTH = 8


def load_inventory(path: str | Path, *, plan_dir: Path | None = None, vault: Vault | None = None) -> Inventory:
    """The inventory at `path`, or `h1,h2,` itself, with the `group_vars/` and `host_vars/` beside it.

    `plan_dir` is the folder of the plan, whose `group_vars/` and `host_vars/` are stronger; `vault` has the passwords
    of what ansible-vault encrypted. Raises `InventoryError` whose problems name file and line.
    """
    text = str(path)
    vault = vault or Vault()
    if not text.strip():
        raise InventoryError([Problem("", "no inventory is named", "write -i hosts.ini, or hosts: -i web1,web2")])
    if "," in text and not exists(text):
        return parse_hosts_argument(text, plan_dir=plan_dir, vault=vault)
    place = Path(text)
    if not exists(text):
        hint = "separate host names by commas to give them directly: -i web1,web2"
        raise InventoryError([Problem("", "there is no such file", hint, text)])
    graph = Graph()
    for file in _files(place, 0) if place.is_dir() else [place]:
        _read(file, graph, vault)
    beside = place if place.is_dir() else place.absolute().parent
    found = _guarded(graph.build(*_folders(beside, plan_dir, vault), source=text), vault)
    return found.model_copy(update={"file": str(place.absolute()), "folder": str(beside.absolute())})


def exists(text: str) -> bool:
    """Whether there is a file or folder of that name. A list of many hosts is longer than any name of a file."""
    try:
        return Path(text).exists()
    except (OSError, ValueError):
        return False


def parse_hosts_argument(text: str, *, plan_dir: Path | None = None, vault: Vault | None = None) -> Inventory:
    """An inventory of the hosts in `web1,web[2:4],db:2222`; one name needs a comma behind it."""
    graph = Graph()
    vault = vault or Vault()
    for entry in (part.strip() for part in text.split(",")):
        if not entry:
            continue
        try:
            names, port = expand(entry)
        except BadRange as error:
            raise InventoryError([Problem(entry[:60], str(error))]) from None
        for name in names:
            graph.add_host(name)
            if port is not None:
                graph.host_vars(name, {"ansible_port": port})
    return _guarded(graph.build(*_folders(Path.cwd(), plan_dir, vault)), vault)


def inventory_for(plan: Plan, given: Inventory | None, extra_vars: Mapping[str, Any] | None = None) -> Inventory:
    """The inventory a plan is deployed with: the given one, else its own, else one of the hosts it names.

    Where the plan names `localhost` and the inventory has none, it is there without being in the group `all`,
    reached by a local connection, as in Ansible. Hosts that only `add_host` names are there too, as far as they are
    known before anything runs, by what plan, inventory and `extra_vars` say (`Inventory.added`). Where tasks ask for
    root, the hosts become root, and where the plan names a user, that is whom they are logged in to as, unless the
    inventory says otherwise.
    """
    inventory = given or plan.inventory
    known = _of_names(plan) if inventory is None else _with_localhost(plan, inventory)
    found = with_made_groups(plan, with_added_hosts(plan, known, extra_vars), extra_vars)
    asked: dict[str, Any] = {PLAN_BECOME: True} if plan.become else {}
    if plan.remote_user:
        asked[PLAN_USER] = plan.remote_user
    if not asked:
        return found
    hosts = {name: host.model_copy(update={"vars": {**host.vars, **asked}}) for name, host in found.hosts.items()}
    return found.model_copy(update={"hosts": hosts})


def _of_names(plan: Plan) -> Inventory:
    graph = Graph()
    making = [task.args for task in plan.walk() if task.module == "add_host"]
    spoken = [text for args in making for key in (*HOST, *GROUPS) for text in texts(args.get(key))]
    made = {name.strip() for text in spoken for name in text.split(",")}
    for name in dict.fromkeys([*plan.hosts, *(host for play in plan.plays for host in play.hosts)]):
        if name not in ("all", "*", *made):
            graph.add_host(name)
    return graph.build()


def _with_localhost(plan: Plan, inventory: Inventory) -> Inventory:
    named = {host for play in plan.plays for host in play.hosts} | {host for task in plan.walk() for host in task.only}
    missing = [name for name in sorted(_LOCAL & named) if name not in inventory.hosts]
    if not missing:
        return inventory
    shared = {"ansible_connection": "local"}
    local = {name: Host(name=name, vars=shared) for name in missing}
    groups = inventory.groups if "all" in inventory.groups else {"all": tuple(inventory.hosts), **inventory.groups}
    return inventory.model_copy(update={"hosts": {**inventory.hosts, **local}, "groups": groups})


def _guarded(inventory: Inventory, vault: Vault) -> Inventory:
    """The inventory that knows which of its texts were encrypted."""
    return inventory.model_copy(update={"secrets": tuple(vault.revealed)}) if vault.revealed else inventory


def _folders(beside: Path, plan_dir: Path | None, vault: Vault) -> list[VarFolder]:
    folders = [VarFolder(beside, vault)]
    if plan_dir is not None and plan_dir.resolve() != beside.resolve():
        folders.append(VarFolder(plan_dir, vault))
    return folders


def _files(folder: Path, depth: int) -> list[Path]:
    """The inventories of a folder, by name, those of its folders included."""
    found: list[Path] = []
    for path in sorted(folder.iterdir()):
        if _IGNORED.fullmatch(path.name):
            continue
        if path.is_dir():
            found += _files(path, depth + 1) if depth < _MAX_DEPTH else []
        elif path.is_file():
            found.append(path)
    if len(found) > _MAX_FILES:
        raise InventoryError([Problem("", f"holds more than {_MAX_FILES} files", None, str(folder))])
    return found


def _read(path: Path, graph: Graph, vault: Vault) -> None:
    try:
        data = read_bounded(path)
        shebang = data.startswith((b"#!", b"\x7fELF"))
        if shebang and os.access(path, os.X_OK):
            read_script(path, graph)
            return
        if shebang:
            hint = f"chmod +x {path}"
            raise BadDocument(Problem("", "is a script but is not executable", hint, str(path)))
        _read_text(decode(data, str(path)), path, graph, vault)
    except BadDocument as error:
        raise InventoryError([error.problem]) from None


def _read_text(text: str, path: Path, graph: Graph, vault: Vault) -> None:
    source = str(path)
    if vault.is_encrypted(text):
        hint = "ansible-vault decrypt it, and keep its secrets in group_vars or host_vars, which may be encrypted"
        raise BadDocument(Problem("", "is an inventory that is encrypted as a whole", hint, source, 1))
    first = next((line.strip() for line in text.splitlines() if line.strip() and line.strip()[0] not in "#;"), "")
    if path.suffix == ".json" or first.startswith("{"):
        data = parse_json(text, source)
        if is_dynamic(data):
            read_dynamic(data, graph, source)
            return
        read_yaml(text, graph, source, vault)
    elif path.suffix in (".yml", ".yaml") or (path.suffix != ".ini" and _YAML_START.fullmatch(first)):
        read_yaml(text, graph, source, vault)
    else:
        read_ini(text, graph, source)
