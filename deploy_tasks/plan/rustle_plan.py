"""Format A (rustle-plan output) lowered to the normalised plan."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import PurePosixPath
from typing import Any

from deploy_tasks.plan import patterns
from deploy_tasks.plan.findings import Findings
from deploy_tasks.plan.mending import validated
from deploy_tasks.plan.model import Plan, Play, StaticFile, Task
from deploy_tasks.plan.order import name_cycle, stable_order
from deploy_tasks.plan.rustle_plan_model import BatchDoc, BinaryDeployment, Condition, Document, PlayDoc, TaskDoc
from deploy_tasks.plan.words import module_name, strategy_word, triple

_ALL = frozenset({"all", "*"})


def lower(data: Any, source: str, findings: Findings) -> Plan | None:
    """The normalised plan of a format A document. Problems go to `findings`; None: beyond reading."""
    document = validated(Document, data, findings)
    return None if document is None else _plan(document, PurePosixPath(source).stem or "plan", findings)


def _plan(document: Document, name: str, findings: Findings) -> Plan:
    metadata = document.metadata
    options = metadata.planning_options if metadata else None
    plays = tuple(
        _play(play, f"plays[{number}]", document.binary_deployments, findings)
        for number, play in enumerate(document.plays)
    )
    plan = Plan(
        name=name,
        format="rustle-plan",
        plays=plays,
        hosts=tuple(document.hosts),
        targets=_targets(document.binary_deployments, findings),
        static_files=_static_files(document.binary_deployments),
    )
    if options is None:
        return plan
    strategy = strategy_word(options.strategy) if options.strategy else "linear"
    named = {play.play_id for play in document.plays if play.strategy is not None}
    defaulted = tuple(
        play.model_copy(
            update={
                "serial": play.serial or tuple(options.serial),
                "strategy": play.strategy if play.id in named else strategy,
            }
        )
        for play in plays
    )
    return plan.model_copy(
        update={
            "plays": defaulted,
            "limit": options.limit or None,
            "tags": tuple(options.tags),
            "skip_tags": tuple(options.skip_tags),
            "check": options.check_mode,
            "diff": options.diff_mode,
            "forks": options.forks,
        }
    )


def _play(play: PlayDoc, where: str, deployments: list[BinaryDeployment], findings: Findings) -> Play:
    tasks = _ordered_tasks(play, where, findings)
    ids = {task.task_id for batch in play.batches for task in batch.tasks}
    embedded: dict[str, Any] = {}
    for deployment in deployments:
        if deployment.embedded_data and ids.intersection(deployment.tasks):
            embedded.update(deployment.embedded_data.variables)
    handlers = sorted(enumerate(play.handlers), key=lambda item: item[1].execution_order)
    return Play(
        id=play.play_id,
        name=play.name,
        hosts=tuple(play.hosts),
        strategy=strategy_word(play.strategy or "Linear"),
        serial=tuple(play.serial),
        vars={**embedded, **play.vars},
        gather_facts=play.gather_facts,
        tasks=tuple(_inherit(task, play.become) for task in tasks),
        handlers=tuple(
            _inherit(_handler(handler, f"{where}.handlers[{number}]", findings), play.become)
            for number, handler in handlers
        ),
        where=where,
    )


def _inherit(task: Task, become: bool | None) -> Task:
    return task if become is None or task.become is not None else task.model_copy(update={"become": become})


def _ordered_tasks(play: PlayDoc, where: str, findings: Findings) -> list[Task]:
    """Batches by their dependencies, tasks by execution_order, and each task after those it depends on."""
    laid: list[tuple[int, int, TaskDoc]] = [
        (batch_number, number, task)
        for batch_number in _ordered_batches(play, where, findings)
        for number, task in sorted(
            enumerate(play.batches[batch_number].tasks), key=lambda item: item[1].execution_order
        )
    ]
    _refuse_duplicates(play, where, findings)
    first_with: dict[str, int] = {}
    in_batch: dict[tuple[int, str], int] = {}
    for place, (batch_number, _, task) in enumerate(laid):
        first_with.setdefault(task.task_id, place)
        in_batch.setdefault((batch_number, task.task_id), place)
    needs: dict[int, list[int]] = {}
    for place, (batch_number, number, task) in enumerate(laid):
        for index, wanted in enumerate(task.dependencies):
            found = in_batch.get((batch_number, wanted), first_with.get(wanted))
            if found is None:
                path = f"{where}.batches[{batch_number}].tasks[{number}].dependencies[{index}]"
                findings.add(path, f"no task of this play has the id {wanted[:80]!r}")
            else:
                needs.setdefault(place, []).append(found)
    order = stable_order(len(laid), needs)
    if order is None:
        circle = name_cycle([task.task_id for _, _, task in laid], needs)
        findings.add(where, f"tasks depend on each other in a circle: {circle}", "take one of these dependencies away")
        order = list(range(len(laid)))
    seen: set[str] = set()
    return [_task(play, where, *laid[place], seen, findings) for place in order]


def _ordered_batches(play: PlayDoc, where: str, findings: Findings) -> list[int]:
    numbers: dict[str, int] = {}
    for number, batch in enumerate(play.batches):
        if numbers.setdefault(batch.batch_id, number) != number:
            findings.add(
                f"{where}.batches[{number}].batch_id", f"{batch.batch_id[:80]!r} is the id of another batch too"
            )
    needs: dict[int, list[int]] = {}
    for number, batch in enumerate(play.batches):
        for index, wanted in enumerate(batch.dependencies):
            if wanted in numbers:
                needs.setdefault(number, []).append(numbers[wanted])
            else:
                path = f"{where}.batches[{number}].dependencies[{index}]"
                findings.add(path, f"no batch of this play has the id {wanted[:80]!r}")
    order = stable_order(len(play.batches), needs)
    if order is not None:
        return order
    circle = name_cycle([batch.batch_id for batch in play.batches], needs)
    findings.add(where, f"batches depend on each other in a circle: {circle}", "take one of these dependencies away")
    return list(range(len(play.batches)))


def _refuse_duplicates(play: PlayDoc, where: str, findings: Findings) -> None:
    """Within a batch an id is taken once; batches for different hosts may repeat the same tasks."""
    for batch_number, batch in enumerate(play.batches):
        seen: set[str] = set()
        for number, task in enumerate(batch.tasks):
            if task.task_id in seen:
                path = f"{where}.batches[{batch_number}].tasks[{number}].task_id"
                findings.add(path, f"{task.task_id[:80]!r} is the id of another task of this batch too")
            seen.add(task.task_id)


def _task(
    play: PlayDoc, where: str, batch_number: int, number: int, task: TaskDoc, seen: set[str], findings: Findings
) -> Task:
    batch = play.batches[batch_number]
    path = f"{where}.batches[{batch_number}].tasks[{number}]"
    fields: dict[str, Any] = {}
    with findings.at(path):
        fields = task.normalised()
    only = _only(play, batch, task)
    if only is None:
        findings.add(f"{path}.hosts", f"none of these hosts is in the batch {batch.batch_id[:80]!r}")
    fields |= _conditions(
        task.conditions, only or (), fields.get("when", ()), task.tags, f"{path}.conditions", findings
    )
    return Task(
        id=_unique(task.task_id, batch.batch_id, seen),
        name=task.name,
        module=module_name(task.module),
        args=task.args,
        notify=tuple(task.notify),
        where=path,
        **fields,
    )


def _handler(handler: Any, path: str, findings: Findings) -> Task:
    fields: dict[str, Any] = {}
    with findings.at(path):
        fields = handler.normalised()
    fields |= _conditions(handler.conditions, (), fields.get("when", ()), (), f"{path}.conditions", findings)
    return Task(
        id=handler.handler_id,
        name=handler.name,
        module=module_name(handler.module),
        args=handler.args,
        where=path,
        **fields,
    )


def _unique(task_id: str, batch_id: str, seen: set[str]) -> str:
    name = task_id if task_id not in seen else f"{task_id}@{batch_id}"
    seen.add(name)
    return name


def _only(play: PlayDoc, batch: BatchDoc, task: TaskDoc) -> tuple[str, ...] | None:
    """The hosts of the task that are also in its batch; empty: every host of the play; None: no host at all."""
    given = [
        list(dict.fromkeys(hosts)) for hosts in (batch.hosts, task.hosts) if hosts and not _ALL.intersection(hosts)
    ]
    if not given:
        return ()
    both = [host for host in given[-1] if host in given[0]]
    if not both:
        return None
    return () if set(both) == set(play.hosts) else tuple(both)


def _conditions(
    conditions: Iterable[Condition],
    only: tuple[str, ...],
    when: Iterable[str],
    tags: Iterable[str],
    path: str,
    findings: Findings,
) -> dict[str, Any]:
    """The five kinds of conditions, together with the task's own hosts, `when` and tags."""
    expressions, tag_list, skip_tags = list(when), list(tags), list[str]()
    check_mode: set[bool] = set()
    origins: dict[str, str] = {}
    for index, condition in enumerate(conditions):
        if condition.when:
            expressions.append(condition.when.expression)
            origins[f"when[{len(expressions) - 1}]"] = f"conditions[{index}].When.expression"
        elif condition.tag:
            tag_list += condition.tag.tags
        elif condition.host:
            only = narrowed(only, condition.host.pattern)
        elif condition.skip_tag:
            skip_tags += condition.skip_tag.tags
        elif condition.check_mode:
            check_mode.add(condition.check_mode.enabled)
    if len(check_mode) > 1:
        findings.add(path, "wants check mode both on and off, so the task could never run", "keep one of the two")
    return {
        "when": tuple(expressions),
        "only": only,
        "tags": tuple(dict.fromkeys(tag_list)),
        "skip_tags": tuple(dict.fromkeys(skip_tags)),
        "check_mode_only": next(iter(check_mode), None),
        "origins": origins,
    }


def narrowed(only: tuple[str, ...], pattern: str) -> tuple[str, ...]:
    """Patterns for the hosts of `only` that `pattern` selects too."""
    parts = patterns.split(pattern)
    plain = [part for part in parts if part[0] not in "!&"]
    rest = [part for part in parts if part[0] in "!&"]
    if not only:
        return tuple(parts)
    if len(plain) <= 1:
        return (*only, *(f"&{part}" for part in plain), *rest)
    return (*only, f"&{patterns.union(plain)}", *rest)


def _targets(deployments: list[BinaryDeployment], findings: Findings) -> dict[str, str]:
    found: dict[str, str] = {}
    for number, deployment in enumerate(deployments):
        wanted = deployment.compilation_requirements
        if wanted is None or not wanted.target_arch or not wanted.target_os:
            continue
        path = f"binary_deployments[{number}].compilation_requirements"
        with findings.at(path):
            found.update(dict.fromkeys(deployment.target_hosts, triple(wanted.target_arch, wanted.target_os)))
    return found


def _static_files(deployments: list[BinaryDeployment]) -> tuple[StaticFile, ...]:
    return tuple(
        StaticFile(
            src=file.src_path,
            dest=file.dest_path,
            checksum=file.checksum or "",
            size=file.size or 0,
            where=f"binary_deployments[{number}].embedded_data.static_files[{index}]",
        )
        for number, deployment in enumerate(deployments)
        if deployment.embedded_data
        for index, file in enumerate(deployment.embedded_data.static_files)
    )
