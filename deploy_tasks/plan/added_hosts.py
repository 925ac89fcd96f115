"""Hosts that no inventory has and that `add_host` brings in while a plan runs, found before anything runs.

Such a host is in the deployment from the start: it is locked, compiled for and known by its address, so that nothing
that a host says while the plan runs decides where workers connect to. It takes part in plays after the first `add_host`
that may name it, once a task has really added it.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from deploy_tasks.errors import InventoryError
from deploy_tasks.plan.cross_host import sets
from deploy_tasks.plan.hosts import Host, Inventory
from deploy_tasks.plan.jinja import is_template
from deploy_tasks.plan.layers import Layers
from deploy_tasks.plan.model import Block, Include, Plan, Play, Step, Task
from deploy_tasks.plan.reach import DECIDED_BY
from deploy_tasks.plan.static import Unknown, known_value
from deploy_tasks.plan.texts import texts
from deploy_tasks.plan.words import WHOLE_ARGS

HOST, GROUPS = ("name", "hostname", "host"), ("groups", "groupname", "group")
REACH = tuple(name for names in DECIDED_BY.values() for name in names)
#: Items of loops of all tasks, and hosts with different values, that are gone through; what the others name only the
#: run knows.
_MAX_ITEMS, _MAX_PERFORMERS = 20_000, 1_000
#: What `omit` is while values are found; whatever else holds it is no way to a host.
_OMIT = "\0omit"
_WORD = re.compile(r"[A-Za-z_]\w*")
#: `name: web1:2222` and `[::1]:2222`, as Ansible takes them apart; the port is a variable of the host then.
_PORT = re.compile(r"(?:\[(?P<inside>[0-9A-Fa-f:.]+)\]|(?P<plain>\w(?:[\w.-]*\w)?)):(?P<port>[0-9]{1,9})")
#: What a host may be called: nothing that could be read as a path, an option, a pattern or several words.
_NAME = re.compile(r"(?!-|\.\.?$)[^\s/\\\x00-\x1f\x7f,\"'`$;|&<>(){}!*?~@\[\]]{1,253}")

Variables = Mapping[str, Any]


@dataclass(frozen=True)
class Addition:
    """What an `add_host` says of one host, as far as it is known before it runs. `name` is None where only the run
    knows; `said` are the variables whose values are known; `unknown` are those that say how the host is reached and
    whose values are not, with the reason."""

    task: Task
    play: int
    name: str | None
    groups: tuple[str, ...] = ()
    said: Variables = field(default_factory=dict)
    unknown: Mapping[str, str] = field(default_factory=dict)

    @property
    def argument(self) -> str:
        """The argument that names the host."""
        return next(key for key in HOST if key in self.task.args)


def may_be_called(name: str) -> bool:
    """Whether a host may have this name."""
    return _NAME.fullmatch(name) is not None


def with_added_hosts(plan: Plan, inventory: Inventory, extra_vars: Variables | None = None) -> Inventory:
    """The inventory, with the hosts that only `add_host` names: none of its groups has them."""
    found = additions(plan, inventory, extra_vars or {})
    new = [each for each in found if each.name and each.name not in inventory.hosts and may_be_called(each.name)]
    if not new:
        return inventory
    blind = [each.play for each in found if each.name is None]  # such a task may name any of them
    first: dict[str, int] = {}
    said: dict[str, list[Addition]] = {}
    for each in new:
        first.setdefault(str(each.name), min([each.play, *blind]))
        said.setdefault(str(each.name), []).append(each)
    named = sorted({group for each in new for group in each.groups})
    layers = inventory.source.layers(named, tuple(first)) or Layers()
    hosts = {name: _host(name, said[name], layers) for name in first}
    groups = inventory.groups if "all" in inventory.groups else {"all": tuple(inventory.hosts), **inventory.groups}
    joining = {group: (*inventory.made.get(group, ()), *first) for group in ("all", "ungrouped")}
    changes = {"hosts": {**inventory.hosts, **hosts}, "groups": groups, "made": {**inventory.made, **joining}}
    return inventory.model_copy(update={**changes, "added": first})


def _host(name: str, said: Sequence[Addition], layers: Layers) -> Host:
    """A host as workers reach it: what all hosts have, its own files, and of what its groups and `add_host` say what
    decides about the way to it. All else it is told once it has been added."""
    groups = layers.with_above(group for each in said for group in each.groups)
    reached = layers.before_host(name, groups)
    for each in said:
        reached.update(each.said)
    ways = {key: value for key, value in reached.items() if key in REACH}
    return Host(
        name=name, vars={**layers.before_host(name, ()), **ways, **layers.of_files(name)}, groups=("ungrouped",)
    )


def additions(plan: Plan, inventory: Inventory, extra_vars: Variables) -> tuple[Addition, ...]:
    """What all `add_host` of a plan say, each once, in the order of the plan."""
    if not any(task.module == "add_host" for task in plan.walk()):
        return ()
    hidden = frozenset(name for play in plan.plays for step in (*play.tasks, *play.handlers) for name in sets(step))
    found: dict[str, Addition] = {}
    patience = _Patience(_MAX_ITEMS)
    for number, play in enumerate(plan.plays):
        for task, scope in _tasks(play):
            if task.module == "add_host" and WHOLE_ARGS not in task.args and not set(HOST).isdisjoint(task.args):
                for each in _of_task(task, number, play, scope, inventory, hidden, extra_vars, patience):
                    told = (number, task.id, task.where, each.name, each.groups, each.said, each.unknown)
                    found.setdefault(repr(told), each)
    return tuple(found.values())


@dataclass
class _Patience:
    """How many items of loops are still gone through."""

    left: int

    def spend(self) -> None:
        """Take one. Raises `Unknown` when there is none."""
        if self.left <= 0:
            raise Unknown("its loops have too many items")
        self.left -= 1


@dataclass(frozen=True)
class _Scope:
    """What blocks and includes around a task say, outermost first: roles' defaults, variables, parameters, loops."""

    defaults: tuple[Variables, ...] = ()
    variables: tuple[Variables, ...] = ()
    params: tuple[Variables, ...] = ()
    loops: tuple[tuple[str, Any], ...] = ()

    def inside(self, step: Block | Include) -> _Scope:
        """The scope of the steps in a block or include."""
        loops = self.loops if step.loop is None else (*self.loops, (step.loop_var, step.loop))
        if isinstance(step, Include):
            return replace(self, variables=(*self.variables, step.vars), loops=loops)
        return _Scope(
            (*self.defaults, step.defaults),
            (*self.variables, step.role_vars, step.vars),
            (*self.params, step.params),
            loops,
        )


def _tasks(play: Play) -> Iterator[tuple[Task, _Scope]]:
    for step in (*play.tasks, *play.handlers):
        yield from _below(step, _Scope())


def _below(step: Step, scope: _Scope) -> Iterator[tuple[Task, _Scope]]:
    inner: Iterable[Step]
    if isinstance(step, Task):
        yield step, scope
        return
    if isinstance(step, Block):
        inner = (*step.block, *step.rescue, *step.always)
    else:
        inner = (part for choice in step.choices.values() for part in choice)
    within = scope.inside(step)
    for part in inner:
        yield from _below(part, within)


def _of_task(
    task: Task,
    number: int,
    play: Play,
    scope: _Scope,
    inventory: Inventory,
    hidden: frozenset[str],
    extra_vars: Variables,
    patience: _Patience,
) -> Iterator[Addition]:
    """What a task says, on any of the hosts that may perform it."""
    defaults = (play.defaults, *scope.defaults)
    files = [choice for file in play.vars_files if len(file.choices) == 1 for choice in file.choices.values()]
    own = (play.vars, *files, play.role_vars, *scope.variables, task.vars)
    above = (*scope.params, extra_vars)
    loops = scope.loops if task.loop is None else (*scope.loops, (task.loop_var, task.loop))
    spoken = [task.args, [loop for _, loop in loops]]
    for count, host in enumerate(_performers(play, inventory, spoken, [*defaults, *own, *above])):
        if count == _MAX_PERFORMERS:
            yield Addition(task, number, None)
            return
        below = [
            {name: value for name, value in layer.items() if name not in hidden} for layer in (*defaults, host, *own)
        ]
        given = [*below, *above]
        try:
            for item in _items(loops, given, patience):
                yield _addition(task, number, [*below, item, *above])
        except Unknown:
            yield Addition(task, number, None)
            if not patience.left:
                return


def _performers(play: Play, inventory: Inventory, spoken: Any, layers: Sequence[Variables]) -> Iterator[Variables]:
    """The variables of the hosts that may perform a task of the play, as far as what is `spoken` may mean them, each
    set once."""
    written = _mentioned(spoken, layers)
    try:
        names = inventory.select(play.hosts)
    except InventoryError:  # told where the play is checked
        names = ()
    groups = {group: list(members) for group, members in inventory.groups.items()} if "groups" in written else {}
    seen: set[str] = set()
    for name in names or ("",):
        host = inventory.hosts.get(name) or Host(name=name)
        wanted = written if written.isdisjoint(host.vars) else _mentioned(spoken, [*layers, host.vars])
        known = {key: value for key, value in host.vars.items() if key in wanted}
        magic = {
            "inventory_hostname": name,
            "inventory_hostname_short": name.split(".")[0],
            "group_names": sorted(group for group in host.groups if group != "all"),
            "groups": groups,
        }
        known |= {key: value for key, value in magic.items() if key in wanted}
        if (told := repr({**known, "groups": None})) not in seen:  # all have the same groups
            seen.add(told)
            yield known
        if len(seen) > _MAX_PERFORMERS:
            return


def _mentioned(values: Any, layers: Sequence[Variables]) -> frozenset[str]:
    """The words in templates among some values, and in those of the variables that they may mean."""
    found: set[str] = set()
    todo = [values]
    while todo:
        words = {word for text in texts(todo.pop()) if is_template(text) for word in _WORD.findall(text)} - found
        found |= words
        todo += [layer[word] for word in words for layer in layers if word in layer]
    return frozenset(found)


def _items(
    loops: Sequence[tuple[str, Any]], layers: Sequence[Variables], patience: _Patience
) -> Iterator[dict[str, Any]]:
    """The variables of the loops around a task, for each of its items. Raises `Unknown`."""
    patience.spend()  # for each loop: one without items takes its time too
    if not loops:
        yield {}
        return
    (name, loop), *rest = loops
    for item in _loop(loop, layers):
        for more in _items(rest, [*layers, {name: item}], patience):
            yield {name: item, **more}


def _loop(loop: Any, layers: Sequence[Variables]) -> list[Any]:
    """The items of a loop; those of a list that are not known stay as they are written."""
    if isinstance(loop, list):
        return loop
    found = known_value(loop, [{"query": _query}, *layers])
    if isinstance(found, str):  # `with_items` is a template of two parts, whose value comes as a text
        try:
            found = ast.literal_eval(found.strip())
        except (ValueError, SyntaxError, MemoryError, RecursionError):
            raise Unknown("it is no list") from None
    if not isinstance(found, (list, tuple)):
        raise Unknown("it is no list")
    return list(found)


def _query(kind: str, *terms: Any) -> list[Any]:
    """The lookups that loops over known lists and mappings become. Raises `TypeError` for another."""
    if kind == "items":
        return [part for term in terms for part in (term if isinstance(term, list) else [term])]
    if kind == "dict":
        return [{"key": key, "value": value} for term in terms for key, value in dict(term).items()]
    if kind in ("flattened", "list"):
        return [part for term in terms for part in (_query(kind, *term) if isinstance(term, list) else [term])]
    raise TypeError(f"query('{kind}') is not known before the deployment")


def _addition(task: Task, number: int, layers: Sequence[Variables]) -> Addition:
    key = next(key for key in HOST if key in task.args)
    said: dict[str, Any] = {}
    unknown: dict[str, str] = {}
    for name, value in task.args.items():
        if name in (*HOST, *GROUPS):
            continue
        try:
            if (known := _known(value, [{"omit": _OMIT}, *layers])) != _OMIT:
                said[name] = known
        except Unknown as error:
            if name in REACH:
                unknown[name] = str(error)
    try:
        host, port = with_port(str(_known(task.args[key], layers)))
    except Unknown:
        return Addition(task, number, None)
    ports = {} if port is None else {"ansible_ssh_port": port}
    return Addition(task, number, host, tuple(_groups(task, layers)), {**said, **ports}, unknown)


def with_port(name: str) -> tuple[str, int | None]:
    """A name of `add_host` without the port that may stand behind it, and that."""
    found = _PORT.fullmatch(name)
    if found is None:
        return name, None
    return found["inside"] or found["plain"], int(found["port"])


def _groups(task: Task, layers: Sequence[Variables]) -> Iterator[str]:
    """The groups that are known."""
    value = next((task.args[name] for name in GROUPS if name in task.args), ())
    for each in value if isinstance(value, list) else [value]:
        try:
            found = _known(each, layers)
        except Unknown:
            continue
        parts = found if isinstance(found, (list, tuple)) else str(found).split(",")
        yield from (str(part).strip().replace(" ", "-") for part in parts if str(part).strip())


def _known(value: Any, layers: Sequence[Variables]) -> Any:
    """The value of a template. Raises `Unknown`, also where a template is left in it."""
    found = known_value(value, layers)
    if any(map(is_template, texts(found))):
        raise Unknown("it holds a template")
    return found
