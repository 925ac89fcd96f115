"""Format B as it stands in the document: a rustle-deploy plan. `rustle_deploy.py` lowers it.

```json
{"metadata": {"version": "1.0", "plan_id": "web", "description": "…", "tags": []},
 "tasks": [{"id": "config", "name": "Config file", "task_type": "Template", "module": "template",
   "args": {"src": "app.j2", "dest": "/etc/app.conf", "variables": {"port": 8080}}, "dependencies": [],
   "conditions": [{"variable": "ansible_system", "operator": "Equals", "value": "Linux"}],
   "target_hosts": "All", "timeout": 30, "failure_policy": "Abort",
   "retry_policy": {"max_attempts": 3, "delay": 5, "backoff": "Exponential"}}],
 "inventory": {"groups": {"web": {"hosts": ["web1"], "variables": {}, "children": []}},
   "hosts": {"web1": {"address": "10.0.0.1", "connection": {"method": "Ssh", "username": "deploy"}}},
   "variables": {}},
 "strategy": "Linear", "deployment_config": {"verify_deployment": true, "deployment_timeout": 1800}}
```
"""

# ruff: noqa: RUF012  (pydantic copies mutable defaults)

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field, model_validator

from deploy_tasks.plan.fields import (
    Mapping_,
    NoneAsEmpty,
    NoneAsNothing,
    Seconds,
    Strict,
    Switch,
    Text,
    Texts,
    Words,
    bad,
    kind,
)
from deploy_tasks.plan.keywords import Keywords

Port = Annotated[int, Field(ge=1, le=65535)]
Operator = Literal[
    "Equals", "NotEquals", "Contains", "StartsWith", "EndsWith", "GreaterThan", "LessThan", "Exists", "NotExists"
]
_TARGETS = ("Groups", "Hosts", "Expression")


class Custom(Strict):
    """A module named by the task type."""

    module_name: Text


class TargetHosts(Strict):
    """`"All"`, `{"Groups": […]}`, `{"Hosts": […]}` or `{"Expression": "…"}`."""

    groups: Texts = Field([], alias="Groups")
    hosts: Texts = Field([], alias="Hosts")
    expression: Text | None = Field(None, alias="Expression")

    @model_validator(mode="before")
    @classmethod
    def _one_kind(cls, value: Any) -> Any:
        if isinstance(value, str) and value.lower() == "all":
            return {}
        example = 'write "All", {"Groups": ["web"]}, {"Hosts": ["web1"]} or {"Expression": "web:&production"}'
        if not isinstance(value, dict):
            raise bad(f"must be All or an object, not {kind(value)}", example)
        if len(value) != 1 or next(iter(value)) not in _TARGETS:
            raise bad(f"must hold exactly one of {', '.join(_TARGETS)}", example)
        if value in ({"Groups": []}, {"Hosts": []}):
            raise bad("selects no host at all", 'write "All" to select every host')
        return value


class ConditionDoc(Strict):
    """A comparison of a variable; `value` may be left out for Exists and NotExists."""

    variable: Text
    operator: Operator
    value: Any = None

    @model_validator(mode="before")
    @classmethod
    def _has_value(cls, value: Any) -> Any:
        if isinstance(value, dict) and "value" not in value and value.get("operator") not in ("Exists", "NotExists"):
            raise bad("has no value to compare with", 'for example "value": "Linux"')
        return value


class RetryPolicy(Strict):
    """How often a task is tried in all, and the seconds between tries."""

    max_attempts: Annotated[int, Field(ge=1, le=1000)]
    delay: Seconds = 1.0
    backoff: Literal["Fixed", "Linear", "Exponential"] = "Fixed"


class TaskDoc(Keywords):
    """A task. The module stands in `module`, or is told by `task_type`."""

    id: Text
    name: Text
    task_type: Any = None
    module: str | None = None
    args: Mapping_ = {}
    dependencies: Texts = []
    conditions: Annotated[list[ConditionDoc], NoneAsEmpty] = []
    target_hosts: TargetHosts | None = None
    retry_policy: RetryPolicy | None = None
    failure_policy: Literal["Abort", "Continue", "Rollback"] | None = None
    tags: Words = []
    notify: Texts = []


class ConnectionDoc(Strict):
    """How to reach a host."""

    method: Literal["Ssh", "WinRm", "Local"] = "Ssh"
    username: str | None = None
    password: str | None = None
    key_file: str | None = None
    port: Port | None = None
    timeout: Seconds | None = None


class HostDoc(Strict):
    """A host of the inventory."""

    address: str | None = None
    connection: ConnectionDoc | None = None
    variables: Mapping_ = {}
    target_triple: str | None = None


class GroupDoc(Strict):
    """A group of the inventory."""

    hosts: Texts = []
    variables: Mapping_ = {}
    children: Texts = []


class InventoryDoc(Strict):
    """The inventory inside the plan."""

    source: Any = None
    groups: Annotated[dict[str, GroupDoc], NoneAsNothing] = {}
    hosts: Annotated[dict[str, HostDoc], NoneAsNothing] = {}
    variables: Mapping_ = {}


class DeploymentConfig(Strict):
    """How to deploy."""

    target_path: str | None = None
    backup_previous: Switch | None = None
    verify_deployment: Switch | None = None
    cleanup_on_success: Switch | None = None
    deployment_timeout: Seconds | None = None


class Metadata(Strict):
    """Where the plan comes from."""

    plan_id: str | None = None
    version: Any = None
    description: str | None = None
    author: str | None = None
    tags: Words = []


class Document(Strict):
    """The whole document."""

    metadata: Metadata | None = None
    tasks: list[TaskDoc]
    handlers: Annotated[list[TaskDoc], NoneAsEmpty] = []
    inventory: InventoryDoc | None = None
    strategy: Any = "Linear"
    vars: Mapping_ = {}
    deployment_config: DeploymentConfig | None = None
    deployment: DeploymentConfig | None = None
    modules: Any = None
    module_definitions: Any = None
