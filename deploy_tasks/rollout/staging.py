"""From the stages of a plan to what is recorded of them: ranges of hosts, sizes of batches, budgets."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypedDict

from deploy_tasks.plan.stages import Stage as PlanStage
from deploy_tasks.rollout.record import Options, Stage
from deploy_tasks.rollout.strategy import batch_sizes


class Recorded(TypedDict):
    """The fields of a record that follow from the stages."""

    batches: tuple[int, ...]
    stages: tuple[Stage, ...]
    options: Options


def recorded(hosts: Sequence[str], stages: Sequence[PlanStage], options: Options) -> Recorded:
    """The fields of the record. One stage of all hosts is a deployment without stages.

    Raises `BadInput` for a `serial` that is no size of a batch.
    """
    if len(stages) == 1 and stages[0].hosts == tuple(hosts):
        (only,) = stages
        share = _budget(only, options)
        return Recorded(
            batches=batch_sizes(len(hosts), only.serial),
            stages=(),
            options=options.model_copy(update={"max_fail_percentage": share}),
        )
    places = {name: place for place, name in enumerate(hosts)}
    found = tuple(
        Stage(
            name=stage.name[:200],
            plays=stage.plays,
            hosts=_ranges([places[name] for name in stage.hosts]),
            batches=batch_sizes(len(stage.hosts), stage.serial),
            max_fail_percentage=_budget(stage, options),
        )
        for stage in stages
    )
    return Recorded(batches=tuple(size for stage in found for size in stage.batches), stages=found, options=options)


def _budget(stage: PlanStage, options: Options) -> float:
    """The share of a batch that may fail: what was asked for beats what the play says."""
    if stage.any_errors_fatal:
        return 0.0
    return options.max_fail_percentage or stage.max_fail_percentage or 0.0


def _ranges(places: Sequence[int]) -> tuple[tuple[int, int], ...]:
    """Ascending numbers as ranges from the first to before the second."""
    found: list[tuple[int, int]] = []
    for place in places:
        if found and found[-1][1] == place:
            found[-1] = (found[-1][0], place + 1)
        else:
            found.append((place, place + 1))
    return tuple(found)
