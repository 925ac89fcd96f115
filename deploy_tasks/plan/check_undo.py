"""Tasks that take others back: they run on their own, long after the plan, so they can say less."""

from __future__ import annotations

from deploy_tasks.plan.findings import Findings
from deploy_tasks.plan.model import Block, Task
from deploy_tasks.plan.modules import control
from deploy_tasks.plan.words import WHOLE_ARGS, file_arguments

#: Field of the task → the keyword as it is written.
_REFUSED = {
    "register": "register", "notify": "notify", "listen": "listen", "loop": "loop", "until": "until",
    "retries": "retries", "async_s": "async", "delegate_to": "delegate_to", "run_once": "run_once",
    "changed_when": "changed_when", "failed_when": "failed_when", "timeout_s": "timeout", "undo": "undo",
}  # fmt: skip
_CONTROL = frozenset(spec.name for spec in control.SPECS)
_KNOWN = "it may have name, when, vars, environment, become, become_user, no_log and ignore_errors"


def check_undo(step: Task | Block, findings: Findings) -> None:
    """Note what a task in `undo` says and cannot have there."""
    for task in step.undo:
        for field, keyword in _REFUSED.items():
            if getattr(task, field) not in (None, False, ()):
                findings.add(task.path(keyword), "is not for a task that takes another one back", _KNOWN)
        if task.module in _CONTROL:
            hint = "write the modules that change the host themselves"
            findings.add(
                f"{task.where}.module", f"{task.module} does nothing on the host that could take a task back", hint
            )
        if task.module == "fetch":
            findings.add(f"{task.where}.module", "fetch takes nothing back", "fetch the file in a task of the plan")
        _check_files(task, findings)


def _check_files(task: Task, findings: Findings) -> None:
    for argument in file_arguments(task.module, task.args):
        if task.args.get(argument) or WHOLE_ARGS in task.args:
            hint = "an undo runs without the plan's files: write the content, or take a file of the host (remote_src)"
            findings.add(f"{task.where}.args.{argument}", "names a file of the plan", hint)
