"""The normalised plan: what every front door (rustle-plan, rustle-deploy, playbook) becomes.

All models are frozen and ignore unknown keys, so that a bundle written by a newer version can still be read.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from deploy_tasks.plan.hosts import Host, Inventory

__all__ = ["Block", "Host", "Inventory", "Plan", "Play", "StaticFile", "Task"]

OnFailure = Literal["abort", "continue", "rollback"]
PlanFormat = Literal["rustle-plan", "rustle-deploy", "playbook"]


class Model(BaseModel):
    """Base of the plan models: frozen, unknown keys ignored."""

    model_config = ConfigDict(frozen=True, extra="ignore")


with warnings.catch_warnings():
    # Plans say `register`; that it hides `ABCMeta.register` of the model class harms nobody.
    warnings.filterwarnings("ignore", message='Field name "register"')

    class Task(Model):
        """One call of one module. Durations are seconds; every expression is Jinja without braces."""

        id: str
        name: str
        module: str = Field(description="short name: `copy`, not `ansible.builtin.copy`")
        args: dict[str, Any] = {}
        when: tuple[str, ...] = Field((), description="all must hold")
        only: tuple[str, ...] = Field((), description="host patterns; hosts outside neither run nor report the task")
        check_mode_only: bool | None = Field(None, description="run only when check mode equals this")
        tags: tuple[str, ...] = ()
        skip_tags: tuple[str, ...] = ()
        loop: Any = None
        loop_var: str = "item"
        index_var: str | None = None
        register: str | None = Field(None, description="variable that receives the result")
        notify: tuple[str, ...] = ()
        listen: tuple[str, ...] = ()
        vars: dict[str, Any] = {}
        environment: dict[str, Any] = {}
        changed_when: tuple[str, ...] | None = None
        failed_when: tuple[str, ...] | None = None
        ignore_errors: bool | str = False
        until: tuple[str, ...] = ()
        retries: int | str | None = Field(None, description="tries after the first one")
        delay: float | str | None = Field(None, description="seconds between tries")
        no_log: bool = False
        check_mode: bool | None = None
        timeout_s: float | None = None
        become: bool | None = Field(None, description="whether the task asks for root; see `Plan.become`")
        become_user: str | None = None
        on_failure: OnFailure = "abort"
        where: str = Field("", description="path in the document, e.g. plays[0].batches[0].tasks[2]")
        origins: dict[str, str] = Field(
            {}, repr=False, description="where in the document's task a field comes from, if elsewhere"
        )

        def path(self, field: str) -> str:
            """The path in the document of a field, e.g. `when[0]`."""
            return f"{self.where}.{self.origins.get(field, field)}"


class Block(Model):
    """Tasks that share conditions, with tasks for when one fails (`rescue`) and for the end (`always`)."""

    name: str = ""
    block: tuple[Task | Block, ...]
    rescue: tuple[Task | Block, ...] = ()
    always: tuple[Task | Block, ...] = ()
    when: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    vars: dict[str, Any] = {}
    where: str = ""

    def walk(self) -> Iterator[Task]:
        """Every task inside, in document order."""
        for part in (self.block, self.rescue, self.always):
            for step in part:
                yield from steps(step)


class Play(Model):
    """Tasks in order for a set of hosts."""

    id: str
    name: str = ""
    hosts: tuple[str, ...] = Field((), description="host patterns; empty = every host of the inventory")
    strategy: str = Field(
        "linear", description="linear, rolling, free, host_pinned, binary_hybrid or binary_only: who waits for whom"
    )
    serial: tuple[int | str, ...] = Field((), description="sizes of successive batches: a count or a percentage")
    vars: dict[str, Any] = {}
    gather_facts: bool | None = Field(None, description="None: the facts that expressions use")
    tasks: tuple[Task | Block, ...] = ()
    handlers: tuple[Task, ...] = ()
    where: str = ""

    def walk(self) -> Iterator[Task]:
        """Every task of the play, those in blocks included, handlers last."""
        for step in self.tasks:
            yield from steps(step)
        yield from self.handlers


class StaticFile(Model):
    """A controller file that the plan wants embedded besides those its tasks name."""

    src: str
    dest: str = ""
    checksum: str = ""
    size: int = 0
    where: str = ""


class Plan(Model):
    """A whole plan."""

    name: str
    format: PlanFormat
    plays: tuple[Play, ...] = ()
    inventory: Inventory | None = None
    hosts: tuple[str, ...] = Field((), description="hosts the plan names, for when no inventory is given")
    limit: str | None = None
    tags: tuple[str, ...] = ()
    skip_tags: tuple[str, ...] = ()
    check: bool = False
    diff: bool = False
    forks: int | None = None
    deployment_timeout_s: float | None = Field(None, description="seconds the whole deployment may take")
    verify: bool | None = None
    targets: dict[str, str] = Field({}, description="target triple by host name, where the plan says it")
    static_files: tuple[StaticFile, ...] = ()

    def walk(self) -> Iterator[Task]:
        """Every task and handler of every play."""
        for play in self.plays:
            yield from play.walk()

    @property
    def become(self) -> bool:
        """Whether some task asks for root. One program runs as one user, so all its tasks then run as root."""
        return any(task.become for task in self.walk())


def steps(step: Task | Block) -> Iterator[Task]:
    """The tasks of a task or block."""
    if isinstance(step, Block):
        yield from step.walk()
    else:
        yield step
