"""Lists of steps: tasks, blocks and what is included among them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from deploy_tasks.plan.fields import kind
from deploy_tasks.plan.loops import is_with
from deploy_tasks.plan.model import Block, Step, Task
from deploy_tasks.plan.playbook import includes, named_files, whole_args
from deploy_tasks.plan.playbook.common import read_common
from deploy_tasks.plan.playbook.scope import Scope
from deploy_tasks.plan.playbook.settled import settled_serial
from deploy_tasks.plan.playbook.site import Site
from deploy_tasks.plan.playbook.taskdoc import LOOP_KEYS, TaskDoc, build_task, read_loop, read_task
from deploy_tasks.plan.playbook.undo import read_undo

PARTS = ("block", "rescue", "always")
_BLOCK_KEYS = frozenset(PARTS) | LOOP_KEYS | {"undo"}


def read_steps(data: Any, where: str, scope: Scope, site: Site) -> tuple[Step, ...]:
    """The steps of a list of tasks and blocks that stands at `where`; what is wrong with one hides no other."""
    if data is None:
        return ()
    if not isinstance(data, list):
        site.problem(where, f"must be a list of tasks, not {kind(data)}", "write `- name: …` for each of them")
        return ()
    found: list[Step] = []
    for index, item in enumerate(data):
        found += _step(item, f"{where}[{index}]", scope, site)
    return tuple(found)


def _step(item: Any, where: str, scope: Scope, site: Site) -> Iterable[Step]:
    if isinstance(item, dict) and "block" in item:
        return _block(item, where, scope, site)
    doc = read_task(item, where, site.ctx, handler=scope.handlers)
    if doc is None:
        return ()
    common = site.settled(doc.common, doc.where, scope)
    layers = site.layers(scope, common.vars)
    doc = replace(doc, common=common, fields=settled_serial(doc.fields, doc.where, layers, site.ctx.findings))
    if doc.module in includes.READERS:
        return includes.READERS[doc.module](doc, scope, site)
    undo = read_undo(item.get("undo"), f"{where}.undo", scope.under(doc.common), site)
    return (_task(doc, scope, site).model_copy(update={"undo": undo} if undo else {}),)


def _task(doc: TaskDoc, scope: Scope, site: Site) -> Task:
    site.makes_groups |= doc.module in ("add_host", "group_by")
    update: dict[str, Any] = {"id": site.step_id(doc.where)}
    update["search"] = named_files.search(scope, site)
    doc = named_files.placed(whole_args.found(doc, scope, site), scope, site)
    if scope.handlers and doc.fields.get("listen"):
        update["listen"] = includes.topics(doc, scope)
    return build_task(doc, scope.inherited, site.ctx, **update)


def _block(item: dict[str, Any], where: str, scope: Scope, site: Site) -> Iterable[Step]:
    if scope.handlers:
        hint = "write its tasks as handlers of their own that listen to one topic"
        site.problem(f"{where}.block", "a block cannot be a handler", hint)
        return ()
    known = _BLOCK_KEYS | {key for key in item if is_with(key)}
    own = read_common(item, where, site.ctx, known=known)
    own = site.settled(own, where, scope)
    loop = _loop(item, where, site)
    inner = scope.under(own)
    parts = {part: read_steps(item.get(part), f"{where}.{part}", inner, site) for part in PARTS}
    undo = read_undo(item.get("undo"), f"{where}.undo", inner, site)
    common: dict[str, Any] = {"name": own.name, "when": own.when, "tags": own.tags, "vars": own.vars}
    return (Block(where=where, undo=undo, **common, **loop, **parts),)


def _loop(item: dict[str, Any], where: str, site: Site) -> dict[str, Any]:
    found = read_loop(item, where, site.ctx)
    for field, keyword in (("loop_label", "label"), ("loop_pause", "pause"), ("break_when", "break_when")):
        if found.get(field):
            site.problem(f"{where}.loop_control.{keyword}", "is not for the loop of a block", "leave it out")
    return {name: found[name] for name in ("loop", "loop_var", "index_var") if name in found}
