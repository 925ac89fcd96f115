"""Format A (rustle-plan output) lowered to the normalised plan."""

from __future__ import annotations

from pathlib import PurePosixPath
from typing import Any

from deploy_tasks.plan.findings import Findings
from deploy_tasks.plan.mending import validated
from deploy_tasks.plan.model import Plan, Play, StaticFile, Step, VarsFile
from deploy_tasks.plan.order import name_cycle, stable_order
from deploy_tasks.plan.rustle_plan_model import BinaryDeployment, Document, PlayDoc, TaskDoc
from deploy_tasks.plan.rustle_plan_steps import Steps, overridden
from deploy_tasks.plan.words import strategy_word, triple

_OWN = "metadata.deploy_tasks"


def lower(data: Any, source: str, findings: Findings) -> Plan | None:
    """The normalised plan of a format A document. Problems go to `findings`; None: beyond reading."""
    document = validated(Document, data, findings)
    return None if document is None else _plan(document, PurePosixPath(source).stem or "plan", findings)


def _plan(document: Document, name: str, findings: Findings) -> Plan:
    metadata = document.metadata
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
    plan = _with_options(plan, document)
    own = metadata.deploy_tasks if metadata else None
    return overridden(plan, own.exact, _OWN, findings) if own else plan


def _with_options(plan: Plan, document: Document) -> Plan:
    """The plan with what the document's planning options say."""
    options = document.metadata.planning_options if document.metadata else None
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
        for play in plan.plays
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
    steps = Steps(play, findings)
    ids = {task.task_id for batch in play.batches for task in batch.tasks}
    embedded: dict[str, Any] = {}
    for deployment in deployments:
        if deployment.embedded_data and ids.intersection(deployment.tasks):
            embedded.update(deployment.embedded_data.variables)
    made = Play(
        id=play.play_id,
        name=play.name,
        hosts=tuple(play.hosts),
        strategy=strategy_word(play.strategy or "Linear"),
        serial=tuple(play.serial),
        defaults=play.defaults,
        vars={**embedded, **play.vars},
        vars_files=tuple(
            VarsFile(names=tuple(each.names), choices=each.choices, where=each.source or f"{where}.vars_files[{at}]")
            for at, each in enumerate(play.vars_files)
        ),
        role_vars=play.role_vars,
        gather_facts=play.gather_facts,
        gather_subset=tuple(play.gather_subset),
        max_fail_percentage=play.max_fail_percentage,
        any_errors_fatal=play.any_errors_fatal,
        force_handlers=play.force_handlers,
        tasks=tuple(_ordered_tasks(play, where, steps, findings)),
        handlers=tuple(
            steps.handler(handler, f"{where}.handlers[{number}]")
            for number, handler in sorted(enumerate(play.handlers), key=lambda item: item[1].execution_order)
        ),
        where=play.source or where,
    )
    return overridden(made, play.exact, where, findings)


def _ordered_tasks(play: PlayDoc, where: str, steps: Steps, findings: Findings) -> list[Step]:
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
    return [
        steps.task(task, f"{where}.batches[{batch_number}].tasks[{number}]", play.batches[batch_number])
        for batch_number, number, task in (laid[place] for place in order)
    ]


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
