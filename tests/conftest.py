"""Fixtures for every room: real Redis processes, real workers, real hosts."""

from __future__ import annotations

from hypothesis import settings

pytest_plugins = ["tests.support.redis", "tests.support.workers", "tests.support.fleet"]

# How long one example takes says more of the machine than of the code.
settings.register_profile("steady", deadline=None)
settings.load_profile("steady")
