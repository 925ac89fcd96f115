"""Our side: the producer's calls that `deploy-tasks deploy` makes, with the options of a case."""

from __future__ import annotations

import argparse
import contextlib
from collections.abc import Sequence
from pathlib import Path

from deploy_tasks.cli.variables import extra_vars
from deploy_tasks.errors import DeployError
from deploy_tasks.outcome import HostOutcome, HostState
from deploy_tasks.producer import Producer
from deploy_tasks.rollout.prepare import Prepared, Request, prepare
from deploy_tasks.rollout.record import Options
from deploy_tasks.rollout.result import Result
from tests.twin.outcome import COUNTS, Outcome

_TIMEOUT_S = 180.0
#: Ansible goes on as long as one host of the batch is left, unless the play says otherwise.
_ALL_BUT_ONE = 99.9


def deployed(producer: Producer, folder: Path, arguments: Sequence[str]) -> Outcome:
    """Deploy the case in this folder. Failing hosts are left as they are, as Ansible leaves them."""
    try:
        with contextlib.chdir(folder):
            ready = prepared(folder, arguments)
        result = producer.submit(ready).wait(_TIMEOUT_S)
    except DeployError as error:
        return Outcome({}, refused=str(error))
    there = {name: host for name, host in result.hosts.items() if host.status is not HostState.UNTOUCHED}
    recap = {name: _counts(host) for name, host in there.items()}
    failed = {name: host.error.task for name, host in result.hosts.items() if host.error and host.error.task}
    return Outcome(recap, failed, log=_log(result), deployment=result.deployment_id)


def prepared(folder: Path, arguments: Sequence[str]) -> Prepared:
    """The request, checked and bundled. Raises as `prepare` does."""
    asked = _parser().parse_args(list(arguments))
    options = Options(
        check=asked.check,
        diff=asked.diff,
        tags=_split(asked.tags),
        skip_tags=_split(asked.skip_tags),
        timeout_s=_TIMEOUT_S,
        max_fail_percentage=0 if "max_fail_percentage:" in (folder / "site.yml").read_text() else _ALL_BUT_ONE,
        undo_failed=False,
    )
    return prepare(
        Request(
            folder / "site.yml",
            folder / "hosts.ini",
            limit=asked.limit,
            extra_vars=extra_vars(asked.extra_vars),
            options=options,
            vault_password_files=[folder / name for name in asked.vault_password_file],
        )
    )


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(exit_on_error=False)
    parser.add_argument("-e", "--extra-vars", action="append", default=[])
    parser.add_argument("--tags", action="append", default=[])
    parser.add_argument("--skip-tags", action="append", default=[])
    parser.add_argument("--limit")
    parser.add_argument("--check", action="store_true")
    parser.add_argument("--diff", action="store_true")
    parser.add_argument("--vault-password-file", action="append", default=[])
    return parser


def _split(given: Sequence[str]) -> tuple[str, ...]:
    return tuple(tag.strip() for text in given for tag in text.split(",") if tag.strip())


def _counts(host: HostOutcome) -> dict[str, int]:
    return {name: int(getattr(host, name)) for name in COUNTS}


def _log(result: Result) -> str:
    lines = [f"{result.deployment_id} {result.status.value} {result.reason or ''}"]
    for name, host in result.hosts.items():
        error = host.error
        lines.append(f"{name}: {host.status.value}" + (f": {error.task}: {error.message}" if error else ""))
        lines += [f"    {line}" for line in (error.tail if error else ())]
    return "\n".join(lines)
