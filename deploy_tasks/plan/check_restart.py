"""Where a host may restart in the middle of its run: the run goes on at that task, which cannot be everywhere."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from deploy_tasks.plan.findings import Findings
from deploy_tasks.plan.model import Block, Include, Step, Task

MODULE = "reboot"
#: Field of the task → the keyword as it is written, and what to do instead.
_REFUSED = {
    "loop": ("loop", "write the task once: a host restarts by itself, without the others"),
    "until": ("until", "say how long to wait with reboot_timeout, and what must work then with test_command"),
    "retries": ("retries", "say how long to wait with reboot_timeout"),
    "async_s": ("async", "the worker waits for the host by itself: say how long with reboot_timeout"),
    "timeout_s": ("timeout", "say how long to wait with reboot_timeout"),
    "delegate_to": ("delegate_to", "write a play for the host that is to restart"),
    "run_once": ("run_once", "have the others wait with throttle or serial, or write a play for the host"),
    "undo": ("undo", "nothing takes a restart back"),
}


def check_restarts(listed: Iterable[Step], findings: Findings) -> None:
    """Note the tasks of the module that a run could not go on from."""
    for step in listed:
        for task in step.undo if isinstance(step, (Block, Task)) else ():
            if task.module == MODULE:
                findings.add(f"{task.where}.module", "reboot takes nothing back", "an undo ends before a host restarts")
        if isinstance(step, Task):
            if step.module == MODULE:
                _check_task(step, findings)
            continue
        inner = _inside(step)
        if isinstance(step, Block) and step.undo:
            _refuse_all(
                inner, "a host cannot restart in a block with undo", "end the block before the restart", findings
            )
        if isinstance(step, Include) and step.run_once not in (False, "false", "no"):
            what = "a host cannot restart in what it includes for all (run_once)"
            _refuse_all(inner, what, "include it without run_once", findings)
        check_restarts(inner, findings)


def _check_task(task: Task, findings: Findings) -> None:
    for field, (keyword, instead) in _REFUSED.items():
        if getattr(task, field) not in (None, False, ()):
            findings.add(task.path(keyword), "is not for a task that restarts its host", instead)


def _refuse_all(listed: Iterable[Step], what: str, instead: str, findings: Findings) -> None:
    for task in _tasks(listed):
        if task.module == MODULE:
            findings.add(f"{task.where}.module", what, instead)


def _tasks(listed: Iterable[Step]) -> Iterator[Task]:
    for step in listed:
        if isinstance(step, Task):
            yield step
        else:
            yield from _tasks(_inside(step))


def _inside(step: Block | Include) -> tuple[Step, ...]:
    if isinstance(step, Block):
        return (*step.block, *step.rescue, *step.always)
    return tuple(inner for choice in step.choices.values() for inner in choice)
