"""The task keywords of Ansible that both plan formats may carry besides their own keys."""

# ruff: noqa: RUF012  (pydantic copies mutable defaults)

from __future__ import annotations

from typing import Any

from pydantic import ConfigDict, model_validator

from deploy_tasks.plan.fields import (
    CountOrTemplate,
    Expressions,
    HostsOrTemplate,
    NumberOrTemplate,
    SecondsOrTemplate,
    Share,
    Strict,
    Switch,
    SwitchOrExpression,
    SwitchOrTemplate,
    Texts,
    VariableName,
    Variables,
    VariablesOrTemplate,
    bad,
)
from deploy_tasks.plan.loops import is_with, loop_of


class LoopControl(Strict):
    """How a loop names things."""

    loop_var: VariableName = None
    index_var: VariableName = None
    label: Any = None
    pause: NumberOrTemplate | None = None
    extended: Switch = False
    extended_allitems: Switch = True
    break_when: Expressions = []


class Keywords(Strict):
    """Keywords of a task. All are optional; what is not given is left to the normalised model's defaults."""

    register_: VariableName = None
    when: Expressions = []
    loop: Any = None
    #: The `with_…` forms of a loop, by their whole names.
    with_: dict[str, Any] = {}
    loop_control: LoopControl | None = None
    vars: Variables = {}
    environment: VariablesOrTemplate = {}
    listen: Texts = []
    changed_when: Expressions | None = None
    failed_when: Expressions | None = None
    ignore_errors: SwitchOrExpression = False
    until: Expressions = []
    retries: CountOrTemplate | None = None
    delay: NumberOrTemplate | None = None
    no_log: SwitchOrTemplate = False
    check_mode: SwitchOrTemplate | None = None
    diff: SwitchOrTemplate | None = None
    timeout: SecondsOrTemplate | None = None
    become: SwitchOrTemplate | None = None
    become_user: str | None = None
    async_: NumberOrTemplate | None = None
    poll: NumberOrTemplate | None = None
    delegate_to: str | None = None
    delegate_facts: Switch = False
    run_once: SwitchOrTemplate = False
    throttle: HostsOrTemplate | None = None
    serial: Share | None = None
    any_errors_fatal: Switch = False
    ignore_unreachable: Switch = False

    model_config = ConfigDict(strict=True, extra="ignore", frozen=True, alias_generator=lambda name: name.rstrip("_"))

    @model_validator(mode="before")
    @classmethod
    def _gather_loops(cls, value: Any) -> Any:
        if not isinstance(value, dict):
            return value
        loops = {key: item for key, item in value.items() if is_with(key) and item is not None}
        rest = {key: item for key, item in value.items() if key != "with"}
        return {**rest, "with": loops} if loops else rest

    def normalised(self) -> dict[str, Any]:
        """These keywords as fields of the normalised task. Raises a model error when several loops are given."""
        control = self.loop_control or LoopControl()
        return {
            "register": self.register_,
            "when": tuple(self.when),
            "loop": self._loop(),
            "loop_var": control.loop_var or "item",
            "index_var": control.index_var,
            "vars": self.vars,
            "environment": self.environment,
            "listen": tuple(self.listen),
            "changed_when": None if self.changed_when is None else tuple(self.changed_when),
            "failed_when": None if self.failed_when is None else tuple(self.failed_when),
            "ignore_errors": self.ignore_errors,
            "until": tuple(self.until),
            "retries": self.retries,
            "delay": self.delay,
            "no_log": self.no_log,
            "check_mode": self.check_mode,
            "timeout_s": self.timeout,
            "become": self.become,
            "become_user": self.become_user,
            "diff": self.diff,
            "loop_label": control.label,
            "loop_pause": control.pause,
            "loop_extended": control.extended,
            "loop_allitems": control.extended_allitems,
            "break_when": tuple(control.break_when),
            "async_s": self.async_,
            "poll_s": self.poll,
            "delegate_to": self.delegate_to,
            "delegate_facts": self.delegate_facts,
            "run_once": self.run_once,
            "throttle": self.throttle,
            "serial": self.serial,
            "any_errors_fatal": self.any_errors_fatal,
            "ignore_unreachable": self.ignore_unreachable,
        }

    def _loop(self) -> Any:
        given = [("loop", self.loop)] if self.loop is not None else []
        given += self.with_.items()
        if len(given) > 1:
            raise bad(f"{given[0][0]} and {given[1][0]} exclude each other", "keep one of them")
        if not given:
            return None
        key, value = given[0]
        return value if key == "loop" else loop_of(key, value)
