"""The normalised plan: what every front door (rustle-plan, rustle-deploy, playbook) becomes.

All models are frozen and ignore unknown keys, so that a bundle written by a newer version can still be read.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterator
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from deploy_tasks.plan.hosts import Host, Inventory

__all__ = [
    "Block",
    "Host",
    "Include",
    "Inventory",
    "OwnModule",
    "Plan",
    "Play",
    "StaticFile",
    "Step",
    "Task",
    "VarsFile",
]

#: The ids of the steps that a play has by itself.
OF_PLAY = re.compile(r"\.flush\d+$")
OnFailure = Literal["abort", "continue", "rollback"]
PlanFormat = Literal["rustle-plan", "rustle-deploy", "playbook"]


class Model(BaseModel):
    """Base of the plan models: frozen, unknown keys ignored."""

    model_config = ConfigDict(frozen=True, extra="ignore")


class OwnModule(Model):
    """A module that the plan brings itself: an executable beside it (docs/modules.md)."""

    name: str
    files: dict[str, str] = Field(description="plan-relative file by target triple; `any`: for all others")
    style: Literal["binary", "json", "inserted", "old"] = Field(description="how it takes its arguments, as in Ansible")
    check: bool = Field(False, description="whether it knows check mode")
    undo: bool = Field(False, description="whether it can take back what it does")
    options: dict[str, dict[str, Any]] | None = Field(
        None, description="its arguments as its documentation has them; None: nobody says which"
    )


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
        environment: dict[str, Any] | str = Field(
            {}, description="variables, or a template that gives a mapping of them"
        )
        changed_when: tuple[str, ...] | None = None
        failed_when: tuple[str, ...] | None = None
        ignore_errors: bool | str = False
        until: tuple[str, ...] = ()
        retries: int | str | None = Field(None, description="tries after the first one")
        delay: float | str | None = Field(None, description="seconds between tries")
        no_log: bool | str = False
        check_mode: bool | str | None = None
        diff: bool | str | None = None
        timeout_s: float | str | None = None
        become: bool | str | None = Field(None, description="whether the task asks for root; see `Plan.become`")
        become_user: str | None = Field(None, description="whose rights the task runs with")
        loop_label: Any = Field(None, description="what stands for the item in what is shown")
        loop_pause: float | str | None = Field(None, description="seconds between items")
        loop_extended: bool = Field(False, description="whether `ansible_loop` is wanted")
        loop_allitems: bool = Field(True, description="whether `ansible_loop` holds all items; `extended_allitems`")
        break_when: tuple[str, ...] = Field((), description="after an item: all hold, the loop ends")
        async_s: float | str | None = Field(None, description="seconds the task may take beside others; `async`")
        poll_s: float | str | None = Field(None, description="seconds between looks at it; 0: nobody waits")
        delegate_to: str | None = Field(None, description="the host that performs the task for this one")
        delegate_facts: bool = False
        run_once: bool | str = Field(False, description="one host of the batch performs it, all take its result")
        throttle: int | str | None = Field(None, description="how many hosts of the batch perform it at a time")
        serial: int | str | None = Field(
            None, description="a count or a percentage: as throttle, in order, and on no other host once it has failed"
        )
        any_errors_fatal: bool = False
        ignore_unreachable: bool = False
        var_files: dict[str, dict[str, Any]] = Field(
            {}, repr=False, description="of include_vars: the files it may mean, by plan-relative name"
        )
        search: tuple[str, ...] = Field(
            (), description="plan-relative folders in which a name that is computed on the host is looked for, in order"
        )
        brings: tuple[str, ...] = Field(
            (), description="plan-relative files that a source may mean which is computed of what the inventory says"
        )
        on_failure: OnFailure = "abort"
        undo: tuple[Task, ...] = Field((), description="what takes the task back, besides what the journal can")
        own: OwnModule | None = Field(None, description="the module, where the plan brings it itself")
        where: str = Field("", description="path in the document, e.g. plays[0].batches[0].tasks[2]")
        origins: dict[str, str] = Field(
            {}, repr=False, description="where in the document's task a field comes from, if elsewhere"
        )

        def path(self, field: str) -> str:
            """The path in the document of a field, e.g. `when[0]`."""
            return f"{self.where}.{self.origins.get(field, field)}"


class Block(Model):
    """Tasks that share conditions, with tasks for when one fails (`rescue`) and for the end (`always`).

    A role is a block too: `role` names it, and its variables come in three layers of Ansible's precedence.
    """

    name: str = ""
    block: tuple[Step, ...]
    rescue: tuple[Step, ...] = ()
    always: tuple[Step, ...] = ()
    when: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    vars: dict[str, Any] = {}
    loop: Any = Field(None, description="the whole block once for every item")
    loop_var: str = "item"
    index_var: str | None = None
    role: str | None = None
    role_path: str = Field("", description="plan-relative folder of the role")
    once: str = Field("", description="where a block of this key has run a task, later ones of the play do nothing")
    defaults: dict[str, Any] = Field({}, description="the role's defaults: below everything else")
    role_vars: dict[str, Any] = Field({}, description="the role's vars: above the play's, below the block's")
    params: dict[str, Any] = Field({}, description="given with the role or include: above set_fact, below extra vars")
    undo: tuple[Task, ...] = Field((), description="what takes the tasks in it back, besides what the journal can")
    where: str = ""

    def walk(self) -> Iterator[Task]:
        """Every task inside, in document order."""
        for part in (self.block, self.rescue, self.always, self.undo):
            for step in part:
                yield from steps(step)


with warnings.catch_warnings():
    warnings.filterwarnings("ignore", message='Field name "register"')

    class Include(Model):
        """`include_tasks` or `include_role`: what runs is decided when it is reached, once, or once for every item."""

        id: str
        name: str = ""
        kind: Literal["tasks", "role"] = "tasks"
        target: str = Field(description="the file or role as written, Jinja in braces allowed")
        choices: dict[str, tuple[Step, ...]] = Field(description="what may be meant, by file name or role")
        again: tuple[str, ...] = Field((), description="files and roles that may be meant whose include it stands in")
        search: tuple[str, ...] = Field((), description="folders that the target is looked for in, in order")
        when: tuple[str, ...] = Field((), description="decides about the include itself, not about each task in it")
        loop: Any = None
        loop_var: str = "item"
        index_var: str | None = None
        loop_label: Any = None
        loop_extended: bool = False
        loop_allitems: bool = True
        tags: tuple[str, ...] = Field((), description="of the include itself, not of the tasks in it")
        vars: dict[str, Any] = Field({}, description="for the include and everything in it")
        register: str | None = Field(None, description="gets the result of the include itself, not of what it brings")
        args: dict[str, Any] = Field({}, description="as they were written, for what is registered")
        ignore_errors: bool | str = False
        run_once: bool | str = False
        public: bool = Field(False, description="of a role: its defaults and vars are there for the rest of the play")
        listen: tuple[str, ...] = Field((), description="of a handler")
        where: str = ""

        def walk(self) -> Iterator[Task]:
            """Every task that may be meant."""
            for choice in self.choices.values():
                for step in choice:
                    yield from steps(step)


Step = Task | Block | Include


class VarsFile(Model):
    """One entry of `vars_files`: the first of `names` that is there; `choices` are the files they may mean."""

    names: tuple[str, ...]
    choices: dict[str, dict[str, Any]]
    where: str = ""


class Play(Model):
    """Tasks in order for a set of hosts."""

    id: str
    name: str = ""
    hosts: tuple[str, ...] = Field((), description="host patterns; empty = every host of the inventory")
    strategy: str = Field(
        "linear", description="linear, rolling, free, host_pinned, binary_hybrid or binary_only: who waits for whom"
    )
    serial: tuple[int | str, ...] = Field((), description="sizes of successive batches: a count or a percentage")
    defaults: dict[str, Any] = Field({}, description="defaults of the play's roles, visible everywhere in it")
    vars: dict[str, Any] = {}
    vars_files: tuple[VarsFile, ...] = ()
    role_vars: dict[str, Any] = Field({}, description="vars of the play's roles, visible everywhere in it")
    gather_facts: bool | None = Field(None, description="None: the facts that expressions use")
    gather_subset: tuple[str, ...] = Field(
        (), description="of the facts used only those of these subsets, as Ansible's"
    )
    max_fail_percentage: float | None = None
    any_errors_fatal: bool = False
    force_handlers: bool = False
    continued: bool = Field(False, description="a part of a play that the next one goes on with: handlers wait for it")
    tasks: tuple[Step, ...] = ()
    handlers: tuple[Task | Block | Include, ...] = Field(
        (), description="blocks only carry the role a handler belongs to"
    )
    playbook_dir: str | None = Field(None, description="folder of the play's own file, where it is not the plan's")
    where: str = ""

    def walk(self) -> Iterator[Task]:
        """Every task of the play, those in blocks included, handlers last."""
        for part in (self.tasks, self.handlers):
            for step in part:
                yield from steps(step)


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
    secret_vars: dict[str, Any] = Field(
        {}, repr=False, description="decrypted values, which templates of the plan name; never part of a program"
    )
    secret_templates: dict[str, str] = Field(
        {}, description="encrypted template files by their plan-relative names: which of `secret_vars` has the text"
    )
    secret_files: dict[str, str] = Field({}, description="the same of encrypted files that lookups read")
    lines: dict[str, str] = Field({}, repr=False, description="file and line of a playbook's steps, by their `where`")
    playbook_dir: str = Field("", description="folder of the playbook within the folder that files resolve against")
    remote_user: str | None = Field(None, description="whom to log in as where the inventory does not say")

    def walk(self) -> Iterator[Task]:
        """Every task and handler of every play."""
        for play in self.plays:
            yield from play.walk()

    @property
    def written(self) -> int:
        """How many tasks, handlers and includes somebody wrote: each once wherever it is used, without what a play does
        by itself and what takes tasks back."""
        steps = [step for play in self.plays for step in (*play.tasks, *play.handlers)]
        return len({place for step in steps for place in _places(step)})

    @property
    def become(self) -> bool:
        """Whether some task asks for root. The program then runs as root, and lends tasks a user's rights."""
        return any(task.become for task in self.walk())


def _places(step: Step) -> Iterator[str]:
    """Where a step and those in it are written."""
    if isinstance(step, Block):
        for inner in (*step.block, *step.rescue, *step.always):
            yield from _places(inner)
        return
    if not OF_PLAY.search(step.id):
        yield step.where or step.id
    if isinstance(step, Include):
        for inner in (part for choice in step.choices.values() for part in choice):
            yield from _places(inner)


def steps(step: Step) -> Iterator[Task]:
    """The tasks of a step."""
    if isinstance(step, Task):
        yield step
        yield from step.undo
    else:
        yield from step.walk()
