"""Gathering what taking hosts back would do: each is asked by a push worker, and says it in the task's result."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any

from celery import Celery
from celery.exceptions import TimeoutError

Told = dict[str, Any]


def gather(application: Celery, task: str, deployment: str, hosts: Sequence[str], timeout_s: float) -> dict[str, Told]:
    """What each host says: `status`, `undo`, `later`, or `error`. Never waits longer than the timeout.

    A worker that comes too late finds its message expired.
    """
    until = time.monotonic() + timeout_s
    asked = {
        host: application.send_task(
            task, kwargs={"deployment": deployment, "host": host}, expires=timeout_s, ignore_result=False
        )
        for host in hosts
    }
    found: dict[str, Told] = {}
    for host, answer in asked.items():
        try:
            told = answer.get(timeout=max(until - time.monotonic(), 0.1), propagate=True)
        except TimeoutError:
            told = {"error": {"message": f"no worker has answered for it in {timeout_s:g} s"}}
        except Exception as error:  # whatever a worker's end leaves as a result
            told = {"error": {"message": f"{type(error).__name__}: {error}"}}
        finally:
            answer.forget()
        found[host] = {name: value for name, value in told.items() if name != "host"}
    return found
