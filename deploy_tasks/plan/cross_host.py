"""What the steps of a plan read of other hosts, as far as it can be read off them, and what they set.

`hostvars[x].name` reads one name, wherever it stands: in a task, in a template file, or in a variable that the task
uses. What is computed (`hostvars[x][y]`) counts as everything. Reading too much out of a plan costs a trip, no more.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from jinja2 import nodes

from deploy_tasks.errors import DocumentError
from deploy_tasks.plan.files import sources
from deploy_tasks.plan.jinja import is_template, parse_expression, parse_part, parse_template
from deploy_tasks.plan.jinja_header import split_header
from deploy_tasks.plan.model import Block, Include, Inventory, Plan, Play, Step, Task, steps
from deploy_tasks.plan.texts import texts

PLAY_HOSTS = frozenset({"play_hosts", "ansible_play_hosts", "ansible_play_hosts_all", "ansible_play_batch"})
_OTHERS = PLAY_HOSTS | {"groups"}
_SIGN = re.compile(r"hostvars|groups|play_hosts|play_batch|inventory_hostnames")
_INCLUDES = re.compile(r"\{%-?\+?\s*(?:include|import|from|extends)\b")
_MAX_TEMPLATE = 4 << 20
# Fields whose texts are bare expressions.
_BARE = ("when", "changed_when", "failed_when", "until", "break_when")
_BARE_ARGS = {"assert": "that", "debug": "var"}
# Modules that look at another host by themselves, and the argument that names it.
_REACHING = {"wait_for": "host"}
_HERE = frozenset({"", "localhost", "127.0.0.1", "0.0.0.0", "::1"})  # noqa: S104 (a name compared, nothing bound)


@dataclass(frozen=True, slots=True)
class Reads:
    """What is read of other hosts: variables by name, or `everything`; `others` when anything at all depends on them;
    `players` when the hosts of the play are asked for."""

    names: frozenset[str] = frozenset()
    everything: bool = False
    others: bool = False
    players: bool = False

    def __or__(self, more: Reads) -> Reads:
        return Reads(
            self.names | more.names,
            self.everything or more.everything,
            self.others or more.others,
            self.players or more.players,
        )

    @property
    def variables(self) -> bool:
        """Whether variables of other hosts are read."""
        return self.everything or bool(self.names)

    def to_json(self) -> dict[str, Any]:
        """What a bundle's options say of it: nothing when nothing is read."""
        names = {"hostvars": "*" if self.everything else sorted(self.names)} if self.variables else {}
        return names | ({"play_hosts": True} if self.players else {})

    def meets(self, names: Iterable[str]) -> bool:
        """Whether some of these names are read."""
        return bool(set(names)) if self.everything else not self.names.isdisjoint(names)


NOTHING = Reads()


@dataclass
class Reader:
    """Reads steps of one plan. `files` are the controller files by their plan-relative names."""

    files: Mapping[str, Path]
    indirect: dict[str, Reads] = field(default_factory=dict)
    _templates: dict[str, Reads] = field(default_factory=dict)
    _tasks: dict[int, tuple[Task, Reads]] = field(default_factory=dict)

    @classmethod
    def of(cls, plan: Plan, inventory: Inventory, files: Mapping[str, Path]) -> Reader:
        """A reader that knows the variables of plan and inventory."""
        reader = cls(files)
        reader._learn([*_variables(plan), *inventory.variables()])
        return reader

    def step(self, step: Step) -> Reads:
        """What a step reads, everything in it included."""
        found = self._values(_shared_fields(step)) | Reads(others=_included_once(step))
        for task in steps(step):
            known = self._tasks.get(id(task))
            if known is None:  # kept with the task, whose identity must not become another's
                known = self._tasks[id(task)] = (task, self._task(task))
            found |= known[1]
        return found

    def play(self, play: Play) -> Reads:
        """What a play reads."""
        found = self._values([play.hosts])
        for step in (*play.tasks, *play.handlers):
            found |= self.step(step)
        return found

    def _task(self, task: Task) -> Reads:
        depends = bool(task.run_once) or task.delegate_to is not None or task.serial is not None
        found = Reads(others=depends or _reaches(task))
        if task.module in ("add_host", "group_by"):
            found |= Reads(others=True)
        bare = _BARE_ARGS.get(task.module, "")
        data = task.model_dump(exclude={"where", "origins", "name", "id", "search", "brings"}, exclude_defaults=True)
        args = data.pop("args", {})
        expressions = [data.pop(name) for name in _BARE if name in data]
        if bare and bare in args:
            expressions.append(args.pop(bare))
        found |= self._values([data, args]) | self._values(expressions, bare=True)
        if task.module == "template":
            for _, name in sources(task):
                found |= self._sources(name)
        return found

    def _values(self, values: Iterable[Any], *, bare: bool = False) -> Reads:
        found = NOTHING
        for text in texts(list(values)):
            found |= self._text(text, bare=bare)
        return found

    def _text(self, text: str, *, bare: bool = False) -> Reads:
        if not bare and not is_template(text):
            return NOTHING
        found = self._mentioned(text)
        if _SIGN.search(text) is None:
            return found
        try:
            expression = bare and not is_template(text)
            tree = parse_expression(text, where="") if expression else parse_template(text, where="")
        except DocumentError:  # told by the validation
            return found | Reads(everything=True, others=True)
        return found | _tree(tree)

    def _mentioned(self, text: str) -> Reads:
        """What is read through variables that the text names."""
        found = NOTHING
        if self.indirect:
            for word in set(re.findall(r"[A-Za-z_]\w*", text)):
                found |= self.indirect.get(word, NOTHING)
        return found

    def _learn(self, layers: Iterable[Mapping[str, Any]]) -> None:
        """The variables whose values read other hosts, also through each other."""
        values = [(name, value) for layer in layers for name, value in layer.items() if _holds_template(value)]
        known = -1
        while known != sum(map(_weight, self.indirect.values())):
            known = sum(map(_weight, self.indirect.values()))
            for name, value in values:
                found = self._values([value])
                if found != NOTHING:
                    self.indirect[name] = self.indirect.get(name, NOTHING) | found

    def _sources(self, name: str) -> Reads:
        """What the template files read that a source may mean."""
        literal = name.split("{{", 1)[0] if is_template(name) else name
        found = NOTHING
        for file in self.files:
            if file == literal or file == f"templates/{literal}" or (is_template(name) and file.startswith(literal)):
                found |= self._template(file)
        return found

    def _template(self, name: str) -> Reads:
        if name in self._templates:
            return self._templates[name]
        self._templates[name] = NOTHING
        text = _read(self.files[name])
        found = self._mentioned(text)
        if _SIGN.search(text):
            try:
                body, settings, _ = split_header(text, where=name)
                found |= _tree(parse_part(body, settings, where=name))
            except DocumentError:
                found |= Reads(everything="hostvars" in text, others=True, players="play_" in text)
        if _INCLUDES.search(text):
            for other in self.files:
                if other.endswith(".j2"):
                    found |= self._template(other)
        self._templates[name] = found
        return found


def sets(step: Step) -> frozenset[str]:
    """The variables of a host that a step sets: registered, by set_fact, by include_vars."""
    return frozenset(name for task in steps(step) for name in _sets(task)) | frozenset(_of_includes(step))


def _of_includes(step: Step) -> Iterator[str]:
    """The names that includes register."""
    if isinstance(step, Task):
        return
    inner: Iterable[Step]
    if isinstance(step, Include):
        if step.register:
            yield step.register
        inner = (part for choice in step.choices.values() for part in choice)
    else:
        inner = (*step.block, *step.rescue, *step.always)
    for part in inner:
        yield from _of_includes(part)


def _sets(task: Task) -> Iterator[str]:
    if task.register:
        yield task.register
    if task.module == "set_fact":
        yield from (str(name) for name in task.args if name not in ("cacheable", "_raw_params"))
    elif task.module == "include_vars":
        name = task.args.get("name")
        if isinstance(name, str):
            yield name
        for variables in task.var_files.values():
            yield from variables


def _tree(tree: nodes.Node) -> Reads:
    """What an expression or template reads of other hosts."""
    match tree:
        case nodes.Getitem(node=nodes.Getitem(node=nodes.Name(name="hostvars"), arg=host), arg=nodes.Const(value=key)):
            return _one(host, str(key))
        case nodes.Getattr(node=nodes.Getitem(node=nodes.Name(name="hostvars"), arg=host), attr=key) if key != "get":
            return _one(host, key)
        case nodes.Call(
            node=nodes.Getattr(node=nodes.Getitem(node=nodes.Name(name="hostvars"), arg=host), attr="get"),
            args=[nodes.Const(value=key), *rest],
        ):
            return _one(host, str(key)) | _all(rest)
        case nodes.Getattr(node=nodes.Getattr(node=nodes.Name(name="hostvars"), attr=host), attr=key) if key != "get":
            return Reads(frozenset({key}), others=True)
        case nodes.Getitem(node=nodes.Name(name="hostvars"), arg=nodes.Name(name="inventory_hostname")):
            return NOTHING
        case nodes.Filter(node=base, args=args) if any(_is_hostvars(arg) for arg in args):
            place = next(place for place, arg in enumerate(args) if _is_hostvars(arg))
            return _all([base] if base is not None else []) | _extracted(args[place + 1 :])
        case nodes.Call(args=[nodes.Const(value=str(name)), *rest]) if name.endswith("inventory_hostnames"):
            return Reads(others=True) | _all(rest)
        case nodes.Name(name="hostvars"):
            return Reads(everything=True, others=True)
        case nodes.Name(name=name) if name in _OTHERS:
            return Reads(others=True, players=name in PLAY_HOSTS)
    return _all(tree.iter_child_nodes())


def _all(trees: Iterable[nodes.Node]) -> Reads:
    found = NOTHING
    for tree in trees:
        found |= _tree(tree)
    return found


def _one(host: nodes.Node, name: str) -> Reads:
    if isinstance(host, nodes.Name) and host.name == "inventory_hostname":
        return NOTHING
    return _tree(host) | Reads(frozenset({name}), others=True)


def _is_hostvars(tree: nodes.Node) -> bool:
    return isinstance(tree, nodes.Name) and tree.name == "hostvars"


def _extracted(args: list[nodes.Expr]) -> Reads:
    """The arguments after `hostvars` in `map('extract', hostvars, 'name')` or `extract(hostvars, ['name', 'part'])`."""
    match args:
        case [nodes.Const(value=str(name)), *_] | [nodes.List(items=[nodes.Const(value=str(name)), *_]), *_]:
            return Reads(frozenset({name}), others=True)
    return Reads(everything=True, others=True)


def _reaches(task: Task) -> bool:
    argument = _REACHING.get(task.module)
    return argument is not None and str(task.args.get(argument, "")) not in _HERE


def _included_once(step: Step) -> bool:
    """Whether one host of the batch includes something for itself, which the others wait for."""
    if isinstance(step, Task):
        return False
    if isinstance(step, Include):
        return bool(step.run_once) or any(_included_once(part) for choice in step.choices.values() for part in choice)
    return any(_included_once(part) for part in (*step.block, *step.rescue, *step.always))


def _shared_fields(step: Step) -> list[Any]:
    """What a block or include itself says; its tasks are read one by one."""
    if isinstance(step, Task):
        return []
    if isinstance(step, Include):
        return [step.target, step.loop, *(f"{{{{ {text} }}}}" for text in step.when), step.vars]
    inner = [part for part in (*step.block, *step.rescue, *step.always) if not isinstance(part, Task)]
    own = [step.loop, *(f"{{{{ {text} }}}}" for text in step.when), step.vars, step.params]
    return own + [value for part in inner for value in _shared_fields(part)]


def _variables(plan: Plan) -> Iterator[Mapping[str, Any]]:
    for play in plan.plays:
        yield from (play.defaults, play.vars, play.role_vars)
        yield from (choice for file in play.vars_files for choice in file.choices.values())
        for step in (*play.tasks, *play.handlers):
            yield from _step_variables(step)


def _step_variables(step: Step) -> Iterator[Mapping[str, Any]]:
    if isinstance(step, Task):
        yield step.vars
        yield from step.var_files.values()
        if step.module == "set_fact":
            yield step.args
        return
    inner: Iterable[Step]
    if isinstance(step, Block):
        yield from (step.vars, step.defaults, step.role_vars, step.params)
        inner = (*step.block, *step.rescue, *step.always)
    else:
        yield step.vars
        inner = (part for choice in step.choices.values() for part in choice)
    for part in inner:
        yield from _step_variables(part)


def _weight(reads: Reads) -> int:
    return 1 + len(reads.names) + reads.everything + reads.others + reads.players


def _holds_template(value: Any) -> bool:
    return any(is_template(text) for text in texts(value))


def _read(path: Path) -> str:
    with suppress(OSError), path.open("rb") as stream:
        return stream.read(_MAX_TEMPLATE).decode("utf-8", "replace")
    return ""
