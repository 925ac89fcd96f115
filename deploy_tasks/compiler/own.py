"""The modules of a plan's own, looked at for one target."""

from __future__ import annotations

from pathlib import Path

from deploy_tasks.compiler.lowering import Program
from deploy_tasks.compiler.targets import Target
from deploy_tasks.errors import CompileError
from deploy_tasks.plan.executables import HEAD, targets_of
from deploy_tasks.plan.model import OwnModule
from deploy_tasks.plan.own_modules import ANY, PAGE


def refuse_foreign(program: Program, target: Target) -> None:
    """Raise `CompileError` when a module of the plan's own has nothing that runs on the target."""
    paths = {each.name: each.path for each in program.embedded}
    for own in program.own:
        if target.triple not in own.files:
            _refuse(own, paths.get(own.files.get(ANY, "")), target)


def _refuse(own: OwnModule, path: Path | None, target: Target) -> None:
    some = next(iter(own.files.values()))
    beside = f"{some.rpartition('/')[0]}/{own.name}.{target.triple}"
    hint = f"build it for {target} and put it at {beside} ({PAGE})"
    if path is None:
        raise CompileError(f"the module {own.name} has no executable for {target}", hint=hint)
    if own.style != "binary":
        if target.goos == "windows":
            raise CompileError(f"the module {own.name} is a script, which no Windows host runs", hint=hint)
        return
    runs_on = _targets(path)
    if runs_on is not None and target.triple not in runs_on:
        raise CompileError(f"the module {own.name} ({some}) is an executable for {', '.join(runs_on)}", hint=hint)


def _targets(path: Path) -> tuple[str, ...] | None:
    try:
        with path.open("rb") as stream:
            return targets_of(stream.read(HEAD))
    except OSError as error:
        raise CompileError(f"cannot read {path}: {error.strerror}") from error
