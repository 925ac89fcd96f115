"""Fixtures for every room: real Redis processes, real workers, real hosts."""

from __future__ import annotations

pytest_plugins = ["tests.support.redis", "tests.support.workers", "tests.support.fleet"]
