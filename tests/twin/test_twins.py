"""Every case, on twin hosts: what Ansible leaves on one, deploy-tasks leaves on the other, and both tell the same."""

from __future__ import annotations

import os

import pytest

from tests.twin.cases import Case, load
from tests.twin.twins import Step, Twins

# A case takes a few seconds; on a machine that does much else besides it may take minutes, and is no worse for it.
pytestmark = [pytest.mark.fleet, pytest.mark.timeout(400)]


@pytest.mark.parametrize("case", load(), ids=lambda case: case.name)
def test_the_twins_end_alike(twins: Twins, case: Case) -> None:
    accepted = set()
    if (lacking := twins.ours.lacks(case)) and not os.environ.get("CI"):
        pytest.skip(f"the hosts lack what {case.name} needs: {'; '.join(lacking)}")
    play = twins.play(case)
    for step in play.runs():
        oracle_holds(case, step)
        if case.refused is not None and step.number:
            assert case.refused in (step.got.refused or ""), step.got.refused or "it was not refused"
            continue
        assert step.got.refused is None, step.got.refused
        found = step.differences()
        accepted |= {word for word, _ in case.differs if any(word in line for line in found)}
        found = [line for line in found if not any(word in line for word in accepted)]
        assert not found, told(step, found)
    if case.undone:
        left = play.undone()
        assert not left, "taken back, but not as before:\n" + "\n".join(f"  {line}" for line in left)
    assert accepted == {word for word, _ in case.differs}, "what is said to differ does not"


def oracle_holds(case: Case, step: Step) -> None:
    """The case itself is right: with Ansible it fails in the task it says, and nowhere else."""
    assert step.wanted.refused is None or case.refused, f"Ansible refused the case:\n{step.wanted.log}"
    if case.refused:
        return
    if case.fails and step.last:
        assert case.fails in step.wanted.failed_in.values(), f"with Ansible it fails elsewhere:\n{step.wanted.log}"
    elif not case.fails:
        assert not step.wanted.failed, f"the case fails with Ansible:\n{step.wanted.log}"


def told(step: Step, found: list[str]) -> str:
    """The differences, and both logs."""
    lines = "\n".join(f"  {line}" for line in found)
    logs = f"deploy-tasks:\n{step.got.log}\n\nAnsible:\n{step.wanted.log[-6000:]}"
    return f"run {step.number} differs:\n{lines}\n\n{logs}"
