"""Keywords of old playbooks that Ansible took away, and what to write instead."""

from __future__ import annotations

from collections.abc import Iterable
from types import MappingProxyType

from deploy_tasks.plan.problems import suggest

_INSTEAD = MappingProxyType(
    {
        "sudo": "write become: true",
        "sudo_user": "write become_user",
        "sudo_exe": "write become_method",
        "su": "write become: true and become_method: su",
        "su_user": "write become_user and become_method: su",
        "always_run": "write check_mode: false",
        "static": "write import_tasks for static: yes, include_tasks for static: no",
        "first_available_file": "write with_first_found",
        "only_if": "write when",
        "gather": "write gather_facts",
        "user": "write remote_user",
    }
)


def advice(key: str, known: Iterable[str]) -> str | None:
    """What to write instead of a key that is not known: what took an old one's place, or the nearest that is known."""
    return _INSTEAD.get(key) or suggest(key, known)
