"""Format A as it stands in the document: what rustle-plan writes. `rustle_plan.py` lowers it.

```json
{"metadata": {"planning_options": {"limit": null, "tags": [], "check_mode": false, "forks": 50}},
 "plays": [{"play_id": "play-0", "name": "web", "strategy": "Linear", "serial": null, "hosts": [],
   "batches": [{"batch_id": "batch-0", "hosts": [], "dependencies": [],
     "tasks": [{"task_id": "task_0", "name": "config", "module": "copy", "args": {"src": "a", "dest": "/etc/a"},
       "conditions": [{"When": {"expression": "ansible_system == 'Linux'"}}], "notify": ["restart"]}]}],
   "handlers": [{"handler_id": "h0", "name": "restart", "module": "command", "args": {"_raw_params": "systemctl…"}}]}],
 "binary_deployments": [], "hosts": ["web1"]}
```
"""

# ruff: noqa: RUF012  (pydantic copies mutable defaults)

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field, model_validator

from deploy_tasks.plan.fields import (
    Expression,
    Mapping_,
    NoneAsEmpty,
    NoneAsNothing,
    Seconds,
    Serial,
    Strict,
    Switch,
    Text,
    Texts,
    Variables,
    Words,
    bad,
    kind,
)
from deploy_tasks.plan.keywords import Keywords

Strategy = Literal["Linear", "Rolling", "Free", "HostPinned", "BinaryHybrid", "BinaryOnly"]
Count = Annotated[int, Field(ge=0, le=2**53)]
Forks = Annotated[int, Field(ge=1, le=100_000)]
_CONDITIONS = ("When", "Tag", "Host", "SkipTag", "CheckMode")


class When(Strict):
    """A Jinja expression that must hold."""

    expression: Expression


class Tags(Strict):
    """Tags that select (`Tag`) or leave out (`SkipTag`) the task."""

    tags: Words


class HostPattern(Strict):
    """An Ansible host pattern."""

    pattern: Text


class CheckMode(Strict):
    """Run only with check mode on, or only with it off."""

    enabled: Switch


class Condition(Strict):
    """Exactly one of the five kinds."""

    when: When | None = Field(None, alias="When")
    tag: Tags | None = Field(None, alias="Tag")
    host: HostPattern | None = Field(None, alias="Host")
    skip_tag: Tags | None = Field(None, alias="SkipTag")
    check_mode: CheckMode | None = Field(None, alias="CheckMode")

    @model_validator(mode="before")
    @classmethod
    def _one_kind(cls, value: Any) -> Any:
        example = 'for example {"When": {"expression": "ansible_system == \'Linux\'"}}'
        if not isinstance(value, dict):
            raise bad(f"must be an object, not {kind(value)}", example)
        given = [name for name in _CONDITIONS if value.get(name) is not None]
        if len(given) != 1 or len(value) != 1:
            raise bad(f"must hold exactly one of {', '.join(_CONDITIONS)}", example)
        return value


class EntryDoc(Keywords):
    """What an entry of `tasks` and of `handlers` may both hold.

    `block` makes it a block, `choices` an include that is decided when it is reached: those are keys of ours, which
    `deploy-tasks plan` writes. `source` is the place in the playbook that the entry comes from; `exact` holds fields
    of the normalised model that the keywords cannot say.
    """

    name: Text
    module: Text
    args: Mapping_ = {}
    conditions: Annotated[list[Condition], NoneAsEmpty] = []
    tags: Words = []
    notify: Texts = []
    hosts: Texts = []
    dependencies: Texts = []
    execution_order: Count = 0
    role: str | None = None
    role_path: str = ""
    defaults: Mapping_ = {}
    role_vars: Mapping_ = {}
    params: Mapping_ = {}
    search: Texts = []
    brings: Texts = []
    again: Texts = []
    var_files: Annotated[dict[str, dict[str, Any]], NoneAsNothing] = {}
    undo: Annotated[list[TaskDoc], NoneAsEmpty] = []
    source: str = ""
    origins: Annotated[dict[str, str], NoneAsNothing] = {}
    exact: Mapping_ = {}


class TaskDoc(EntryDoc):
    """A task of a batch."""

    task_id: Text
    can_run_parallel: Switch = False
    estimated_duration: Seconds | None = None
    risk_level: Literal["Low", "Medium", "High", "Critical"] | None = None
    block: list[TaskDoc] | None = None
    rescue: Annotated[list[TaskDoc], NoneAsEmpty] = []
    always: Annotated[list[TaskDoc], NoneAsEmpty] = []
    choices: dict[str, list[TaskDoc]] | None = None

    @property
    def id(self) -> str:
        """What the entry is called among the others."""
        return self.task_id


class HandlerDoc(EntryDoc):
    """A handler of a play, or a block of them that carries the role they belong to."""

    handler_id: Text
    block: list[HandlerDoc] | None = None
    rescue: Annotated[list[HandlerDoc], NoneAsEmpty] = []
    always: Annotated[list[HandlerDoc], NoneAsEmpty] = []
    choices: dict[str, list[HandlerDoc]] | None = None

    @property
    def id(self) -> str:
        """What the entry is called among the others."""
        return self.handler_id


class BatchDoc(Strict):
    """Tasks that are run together on some hosts."""

    batch_id: Text
    hosts: Texts = []
    tasks: list[TaskDoc]
    dependencies: Texts = []


class VarsFileDoc(Strict):
    """Files of variables of which the first that is there counts, with what they hold."""

    names: Texts
    choices: dict[str, dict[str, Any]]
    source: str = ""


class PlayDoc(Strict):
    """A play."""

    play_id: Text
    name: Text
    strategy: Strategy | None = None
    serial: Serial = []
    hosts: Texts = []
    batches: list[BatchDoc]
    handlers: Annotated[list[HandlerDoc], NoneAsEmpty] = []
    vars: Variables = {}
    vars_files: Annotated[list[VarsFileDoc], NoneAsEmpty] = []
    defaults: Mapping_ = {}
    role_vars: Mapping_ = {}
    gather_facts: Switch | None = None
    gather_subset: list[str] = []
    become: Switch | None = None
    max_fail_percentage: Annotated[float, Field(ge=0, le=100)] | None = None
    any_errors_fatal: Switch = False
    force_handlers: Switch = False
    source: str = ""
    exact: Mapping_ = {}


class PlanningOptions(Strict):
    """With which options the plan was made."""

    limit: str | None = None
    tags: Words = []
    skip_tags: Words = []
    check_mode: Switch = False
    diff_mode: Switch = False
    forks: Forks | None = None
    serial: Serial = []
    strategy: Strategy | None = None


class VaultDoc(Strict):
    """A value that ansible-vault encrypted, as JSON text."""

    cipher: Text = Field(alias="__ansible_vault")


class OwnDoc(Strict):
    """What `deploy-tasks plan` notes besides: the folder that files resolve against, seen from the document's."""

    version: Literal[1] = 1
    base_dir: str = "."
    secret_vars: Annotated[dict[str, VaultDoc], NoneAsNothing] = {}
    exact: Mapping_ = {}


class Metadata(Strict):
    """Where the plan comes from."""

    planning_options: PlanningOptions | None = None
    deploy_tasks: OwnDoc | None = None


class StaticFileDoc(Strict):
    """A file to embed."""

    src_path: Text
    dest_path: str = ""
    checksum: str | None = None
    size: Count | None = None


class EmbeddedData(Strict):
    """What goes into the binary."""

    static_files: Annotated[list[StaticFileDoc], NoneAsEmpty] = []
    variables: Mapping_ = {}
    facts_required: Texts = []


class Requirements(Strict):
    """The platform of the hosts."""

    target_arch: str | None = None
    target_os: str | None = None
    cross_compilation: Switch = False
    static_linking: Switch = True


class BinaryDeployment(Strict):
    """A binary for some of the hosts."""

    deployment_id: Text
    target_hosts: Texts = []
    binary_name: str = ""
    tasks: Texts = []
    modules: Texts = []
    embedded_data: EmbeddedData | None = None
    execution_mode: Literal["Standalone", "Controller", "Hybrid"] | None = None
    estimated_size: Count | None = None
    compilation_requirements: Requirements | None = None


class Document(Strict):
    """The whole document."""

    metadata: Metadata | None = None
    plays: list[PlayDoc]
    binary_deployments: Annotated[list[BinaryDeployment], NoneAsEmpty] = []
    hosts: Texts = []
