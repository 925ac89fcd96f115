"""The task keywords of Ansible that both plan formats may carry besides their own keys."""

# ruff: noqa: RUF012  (pydantic copies mutable defaults)

from __future__ import annotations

from typing import Annotated, Any

from pydantic import ConfigDict, Field

from deploy_tasks.plan.fields import (
    CountOrTemplate,
    Expressions,
    NumberOrTemplate,
    Seconds,
    Strict,
    Switch,
    SwitchOrExpression,
    SwitchOrTemplate,
    Texts,
    VariableName,
    Variables,
    bad,
)
from deploy_tasks.plan.literals import is_template, literal, unbraced

_LOOPS = ("loop", "with_items", "with_list", "with_dict")


class LoopControl(Strict):
    """How a loop names things."""

    loop_var: VariableName = None
    index_var: VariableName = None
    label: Any = None
    pause: NumberOrTemplate | None = None
    extended: Switch = False
    break_when: Expressions = []


class Keywords(Strict):
    """Keywords of a task. All are optional; what is not given is left to the normalised model's defaults."""

    register_: VariableName = None
    when: Expressions = []
    loop: Any = None
    with_items: Any = None
    with_list: Any = None
    with_dict: Any = None
    loop_control: LoopControl | None = None
    vars: Variables = {}
    environment: Variables = {}
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
    timeout: Seconds | None = None
    become: SwitchOrTemplate | None = None
    become_user: str | None = None
    async_: NumberOrTemplate | None = None
    poll: NumberOrTemplate | None = None
    delegate_to: str | None = None
    delegate_facts: Switch = False
    run_once: Switch = False
    throttle: Annotated[int, Field(ge=1, le=100_000)] | None = None
    any_errors_fatal: Switch = False
    ignore_unreachable: Switch = False

    model_config = ConfigDict(strict=True, extra="ignore", frozen=True, alias_generator=lambda name: name.rstrip("_"))

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
            "timeout_s": self.timeout or None,
            "become": self.become,
            "become_user": self.become_user,
            "diff": self.diff,
            "loop_label": control.label,
            "loop_pause": control.pause,
            "loop_extended": control.extended,
            "break_when": tuple(control.break_when),
            "async_s": self.async_,
            "poll_s": self.poll,
            "delegate_to": self.delegate_to,
            "delegate_facts": self.delegate_facts,
            "run_once": self.run_once,
            "throttle": self.throttle,
            "any_errors_fatal": self.any_errors_fatal,
            "ignore_unreachable": self.ignore_unreachable,
        }

    def _loop(self) -> Any:
        given = [name for name in _LOOPS if getattr(self, name) is not None]
        if len(given) > 1:
            raise bad(f"{given[0]} and {given[1]} exclude each other", "keep one of them")
        if not given:
            return None
        value = getattr(self, given[0])
        if given[0] == "with_items":
            return with_items(value)
        return with_dict(value) if given[0] == "with_dict" else value


def with_items(value: Any) -> Any:
    """A `loop` that does what `with_items` does: a list among the items is unfolded by one level."""
    if is_template(value):
        return f"{{{{ [{unbraced(value)}] | flatten(levels=2) }}}}"
    items = value if isinstance(value, list) else [value]
    if any(is_template(item) for item in items):
        parts = ", ".join(unbraced(item) if is_template(item) else literal(item) for item in items)
        # Backslashes within braces are not escapes in plans, so such texts cannot be written there.
        return value if "\\" in parts else f"{{{{ [{parts}] | flatten(levels=1) }}}}"
    return [part for item in items for part in (item if isinstance(item, list) else [item])]


def with_dict(value: Any) -> Any:
    """A `loop` that does what `with_dict` does: items with `key` and `value`."""
    if isinstance(value, dict):
        return [{"key": key, "value": item} for key, item in value.items()]
    return f"{{{{ ({unbraced(value)}) | dict2items }}}}" if is_template(value) else value
