"""Handing what an element says down to the steps that it brings."""

from __future__ import annotations

from collections.abc import Iterable

from deploy_tasks.plan.model import Block, Include, Step
from deploy_tasks.plan.playbook.common import Common


def carried(steps: tuple[Step, ...], own: Common, where: str) -> tuple[Step, ...]:
    """Steps with the conditions, tags and variables of the element that brings them."""
    if not steps or not (own.when or own.tags or own.vars):
        return steps
    return (Block(name=own.name, block=steps, when=own.when, tags=own.tags, vars=own.vars, where=where),)


def tagged(steps: Iterable[Step], tags: tuple[str, ...]) -> tuple[Step, ...]:
    """Steps with more tags, those that are included dynamically too."""
    if not tags:
        return tuple(steps)
    return tuple(_tagged(step, tags) for step in steps)


def _tagged(step: Step, tags: tuple[str, ...]) -> Step:
    if isinstance(step, Include):
        return Block(block=(step,), tags=tags, where=step.where)
    return step.model_copy(update={"tags": tuple(dict.fromkeys((*tags, *step.tags)))})
