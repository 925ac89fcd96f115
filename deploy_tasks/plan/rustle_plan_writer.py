"""A plan written as format A, such that reading it back gives an equal plan.

Keywords stand under Ansible's names. What no keyword says (a rare thing) stands in `exact`: after the document is
made it is read back, and every field that came out different is noted there. So nothing can be lost silently.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from deploy_tasks.errors import PlanError
from deploy_tasks.plan import rustle_plan
from deploy_tasks.plan.findings import Findings
from deploy_tasks.plan.model import Block, Include, Model, Plan, Play, Step, Task, VarsFile
from deploy_tasks.plan.vault import Vault

VERSION = "0.1.0"
_STRATEGIES = {
    "linear": "Linear", "rolling": "Rolling", "free": "Free", "host_pinned": "HostPinned",
    "binary_hybrid": "BinaryHybrid", "binary_only": "BinaryOnly",
}  # fmt: skip
#: Keyword in the document → field of the task; a field that has its default is left out.
_KEYWORDS = {
    "register": "register", "loop": "loop", "vars": "vars", "environment": "environment", "listen": "listen",
    "changed_when": "changed_when", "failed_when": "failed_when", "ignore_errors": "ignore_errors", "until": "until",
    "retries": "retries", "delay": "delay", "no_log": "no_log", "check_mode": "check_mode", "diff": "diff",
    "timeout": "timeout_s", "become": "become", "become_user": "become_user", "async": "async_s", "poll": "poll_s",
    "delegate_to": "delegate_to", "delegate_facts": "delegate_facts", "run_once": "run_once", "throttle": "throttle",
    "serial": "serial",
    "any_errors_fatal": "any_errors_fatal", "ignore_unreachable": "ignore_unreachable", "role": "role",
    "role_path": "role_path", "defaults": "defaults", "role_vars": "role_vars", "params": "params", "search": "search",
    "brings": "brings", "again": "again",
    "var_files": "var_files", "origins": "origins",
}  # fmt: skip
_LOOP_CONTROL = {
    "loop_var": "loop_var", "index_var": "index_var", "label": "loop_label", "pause": "loop_pause",
    "extended": "loop_extended", "extended_allitems": "loop_allitems", "break_when": "break_when",
}  # fmt: skip
_PLAY = {
    "vars": "vars", "defaults": "defaults", "role_vars": "role_vars", "gather_facts": "gather_facts",
    "gather_subset": "gather_subset",
    "max_fail_percentage": "max_fail_percentage", "any_errors_fatal": "any_errors_fatal",
    "force_handlers": "force_handlers",
}  # fmt: skip
_NESTED = ("block", "rescue", "always")
_CONTAINERS = frozenset({*_NESTED, "undo", "choices", "tasks", "handlers", "plays"})
_LOW = frozenset({"assert", "block", "debug", "fail", "meta", "pause", "ping", "set_fact", "setup", "stat", "wait_for"})
_MEDIUM = frozenset({"blockinfile", "copy", "file", "lineinfile", "replace", "tempfile", "template", "unarchive"})
_CRITICAL = frozenset({"command", "expect", "raw", "reboot", "script", "shell"})
_BYTES = {"estimated_size": 0, "execution_mode": "Standalone"}


def write_plan(
    plan: Plan,
    *,
    base_dir: str = ".",
    hosts: Sequence[str] = (),
    created_at: str | None = None,
    vault: Vault | None = None,
) -> dict[str, Any]:
    """The document, JSON data throughout.

    `base_dir` is the folder that the plan's files resolve against, seen from where the document will lie; `hosts` are
    those that it was planned for; `vault` encrypts the values that were encrypted before. Raises `PlanError` when the
    plan itself is wrong, such as an id that is taken twice, or when there is no password for its secrets.
    """
    document = _document(plan, base_dir, hosts, created_at)
    findings = Findings()
    read = rustle_plan.lower(document, plan.name, findings)
    if read is None or findings.problems:
        raise PlanError(findings.problems)
    own = document["metadata"]["deploy_tasks"]
    _note_exact(own, plan.model_copy(update={"secret_vars": {}}), read)
    if plan.secret_vars:
        own["secret_vars"] = _encrypted(plan.secret_vars, vault or Vault())
    # Otherwise the plan would be called like the file that the document is put into.
    own["exact"] = {"name": plan.name} | own.get("exact", {})
    for entry, wanted, got in zip(document["plays"], plan.plays, read.plays, strict=True):
        _note_exact(entry, wanted, got)
        _note_all(entry["batches"][0]["tasks"], wanted.tasks, got.tasks)
        _note_all(entry["handlers"], wanted.handlers, got.handlers)
    return document


def _encrypted(values: Mapping[str, Any], vault: Vault) -> dict[str, Any]:
    return {name: {"__ansible_vault": vault.encrypt(json.dumps(value).encode())} for name, value in values.items()}


def _document(plan: Plan, base_dir: str, hosts: Sequence[str], created_at: str | None) -> dict[str, Any]:
    total = sum(1 for _ in plan.walk())
    return {
        "metadata": {
            "created_at": created_at,
            "rustle_plan_version": VERSION,
            "planning_options": {
                "limit": plan.limit,
                "tags": list(plan.tags),
                "skip_tags": list(plan.skip_tags),
                "check_mode": plan.check,
                "diff_mode": plan.diff,
                "forks": plan.forks,
                "serial": None,
            },
            "deploy_tasks": {"version": 1, "base_dir": base_dir},
        },
        "plays": [_play(play, number) for number, play in enumerate(plan.plays)],
        "binary_deployments": _deployments(plan),
        "total_tasks": total,
        "estimated_duration": None,
        "estimated_compilation_time": None,
        "parallelism_score": 0.0,
        # The share of round trips that one program saves against one trip for every task.
        "network_efficiency_score": round(1 - 1 / total, 4) if total else 0.0,
        "hosts": list(hosts or plan.hosts),
    }


def _play(play: Play, number: int) -> dict[str, Any]:
    entries = _Entries("task_id")
    handlers = _Entries("handler_id")
    batch = {
        "batch_id": f"{play.id}-all",
        "hosts": [],
        "tasks": [entries.step(step, place) for place, step in enumerate(play.tasks)],
        "parallel_groups": [],
        "dependencies": [],
        "estimated_duration": None,
    }
    return {
        "play_id": play.id,
        "name": play.name if play.name.strip() else play.id,
        "strategy": _STRATEGIES.get(play.strategy, "Linear"),
        "serial": list(play.serial) or None,
        "hosts": list(play.hosts),
        **_given(play, _PLAY),
        **({"vars_files": [_vars_file(each) for each in play.vars_files]} if play.vars_files else {}),
        "batches": [batch],
        "handlers": [handlers.step(step, place) for place, step in enumerate(play.handlers)],
        "estimated_duration": None,
        **_source(play.where, f"plays[{number}]"),
    }


def _vars_file(entry: VarsFile) -> dict[str, Any]:
    return {"names": list(entry.names), "choices": entry.choices, "source": entry.where}


class _Entries:
    """Entries of one list of a play; those without an id of their own get one."""

    def __init__(self, key: str) -> None:
        self._key = key
        self._blocks = 0

    def step(self, step: Step, place: int) -> dict[str, Any]:
        """An entry with what is nested in it."""
        if isinstance(step, Task):
            return self._task(step, place)
        return self._block(step, place) if isinstance(step, Block) else self._include(step, place)

    def _task(self, task: Task, place: int) -> dict[str, Any]:
        conditions = _when(task.when)
        conditions += [{"SkipTag": {"tags": list(task.skip_tags)}}] if task.skip_tags else []
        if task.check_mode_only is not None:
            conditions.append({"CheckMode": {"enabled": task.check_mode_only}})
        head = self._head(task.id, task.name or task.module, task.module, task.args, place, conditions)
        return head | {"hosts": list(task.only), "notify": list(task.notify)} | self._rest(task) | self._undo(task)

    def _block(self, block: Block, place: int) -> dict[str, Any]:
        self._blocks += 1
        name = block.name or block.role or "block"
        head = self._head(f"block-{self._blocks}", name, "block", {}, place, _when(block.when))
        parts = {part: self._list(getattr(block, part)) for part in _NESTED}
        return head | self._rest(block) | parts | self._undo(block)

    def _undo(self, step: Task | Block) -> dict[str, Any]:
        return {"undo": _Entries("task_id")._list(step.undo)} if step.undo else {}

    def _include(self, include: Include, place: int) -> dict[str, Any]:
        module, argument = ("include_role", "name") if include.kind == "role" else ("include_tasks", "file")
        args = {argument: include.target}
        head = self._head(include.id, include.name or include.target, module, args, place, _when(include.when))
        choices = {name: self._list(steps) for name, steps in include.choices.items()}
        return head | self._rest(include) | {"choices": choices}

    def _list(self, steps: Iterable[Step]) -> list[dict[str, Any]]:
        return [self.step(step, place) for place, step in enumerate(steps)]

    def _head(
        self, name: str, title: str, module: str, args: dict[str, Any], place: int, conditions: list[dict[str, Any]]
    ) -> dict[str, Any]:
        """The format's own keys, in its order."""
        head = {
            self._key: name,
            "name": title if title.strip() else module,
            "module": module,
            "args": args,
            "hosts": [],
            "dependencies": [],
            "conditions": conditions,
            "tags": [],
            "notify": [],
            "execution_order": place,
        }
        if self._key == "handler_id":
            return head
        return head | {"can_run_parallel": False, "estimated_duration": None, "risk_level": _risk(module)}

    def _rest(self, step: Step) -> dict[str, Any]:
        control = _given(step, _LOOP_CONTROL)
        return {
            "tags": list(step.tags),
            **_given(step, _KEYWORDS),
            **({"loop_control": control} if control else {}),
            "source": step.where,
        }


def _given(model: Model, keys: dict[str, str]) -> dict[str, Any]:
    """The fields of a model that have another value than their default, as JSON data, by their keys here."""
    fields = type(model).model_fields
    wanted = {
        field: key
        for key, field in keys.items()
        if field in fields and getattr(model, field) != fields[field].get_default(call_default_factory=True)
    }
    if not wanted:
        return {}
    return {wanted[name]: value for name, value in model.model_dump(mode="json", include=set(wanted)).items()}


def _when(expressions: Iterable[str]) -> list[dict[str, Any]]:
    return [{"When": {"expression": text}} for text in expressions]


def _source(where: str, otherwise: str) -> dict[str, str]:
    return {} if where == otherwise else {"source": where}


def _risk(module: str) -> str:
    """How much a module may break, as rustle-plan tells it."""
    if module in _LOW:
        return "Low"
    if module in _CRITICAL:
        return "Critical"
    return "Medium" if module in _MEDIUM else "High"


def _deployments(plan: Plan) -> list[dict[str, Any]]:
    """One for every platform that the plan names; the first carries the plan's static files."""
    by_triple: dict[str, list[str]] = {}
    for host, triple in plan.targets.items():
        by_triple.setdefault(triple, []).append(host)
    if plan.static_files and not by_triple:
        by_triple[""] = []
    return [_deployment(plan, number, triple, hosts) for number, (triple, hosts) in enumerate(by_triple.items())]


def _deployment(plan: Plan, number: int, triple: str, hosts: list[str]) -> dict[str, Any]:
    arch, _, rest = triple.partition("-")
    system = next((name for mark, name in (("darwin", "macos"), ("windows", "windows")) if mark in rest), "linux")
    files = [] if number else plan.static_files
    static = [
        {"src_path": file.src, "dest_path": file.dest, "checksum": file.checksum, "size": file.size} for file in files
    ]
    return {
        "deployment_id": f"group_{number}",
        "target_hosts": hosts,
        "binary_name": f"{plan.name}-{number}",
        "tasks": [],
        "modules": sorted({task.module for task in plan.walk()}),
        "embedded_data": {"execution_plan": "", "static_files": static, "variables": {}, "facts_required": []},
        **_BYTES,
        "compilation_requirements": {
            "target_arch": arch or None,
            "target_os": system if triple else None,
            "cross_compilation": True,
            "static_linking": True,
        },
    }


def _note_all(entries: Sequence[dict[str, Any]], wanted: Sequence[Step], got: Sequence[Step]) -> None:
    for entry, want, have in zip(entries, wanted, got, strict=True):
        _note_exact(entry, want, have)
        if not isinstance(want, Include) and not isinstance(have, Include):
            _note_all(entry.get("undo", []), want.undo, have.undo)
        if isinstance(want, Block) and isinstance(have, Block):
            for part in _NESTED:
                _note_all(entry[part], getattr(want, part), getattr(have, part))
        elif isinstance(want, Include) and isinstance(have, Include):
            for name, steps in want.choices.items():
                _note_all(entry["choices"][name], steps, have.choices[name])


def _note_exact(entry: dict[str, Any], wanted: Model, got: Model) -> None:
    """Put what came out different into `exact` of the entry."""
    names = type(wanted).model_fields.keys() - _CONTAINERS
    different = {name for name in names if not _same(getattr(wanted, name), getattr(got, name))}
    if different:
        dumped = wanted.model_dump(mode="json", include=different)
        entry["exact"] = {name: dumped[name] for name in type(wanted).model_fields if name in different}


def _same(one: Any, other: Any) -> bool:
    """Equal, and of the same kinds: 1 is not true."""
    return bool(one == other) and repr(one) == repr(other)
