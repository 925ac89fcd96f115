"""Asking many hosts the same question over SSH, without the queue."""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from deploy_tasks.cli.options import split
from deploy_tasks.compiler.compile import compiler
from deploy_tasks.compiler.gobuild import Runner
from deploy_tasks.compiler.targets import Target, normalise, this_machine
from deploy_tasks.errors import BadInput
from deploy_tasks.plan.inventory import load_inventory
from deploy_tasks.plan.model import Host
from deploy_tasks.settings import settings
from deploy_tasks.transport import ConnectOptions, Endpoint, Pool, Shipment, TransportError, ask
from deploy_tasks.transport.push import Question

Answer = Mapping[str, Any] | TransportError


def hosts(names: list[str] | None, inventory: str | None, limit: str | None) -> list[Host]:
    """The hosts that a command names, or those of an inventory. Raises `BadInput` when there are none."""
    if inventory is None and not names:
        raise BadInput("no host was named", hint="name hosts, or give an inventory with -i")
    found = load_inventory(inventory or ",".join([*(names or ()), ""]))
    patterns = [*split([limit] if limit else None), *(names or () if inventory else ())]
    return [found.hosts[name] for name in found.select(patterns)]


def ask_all(
    wanted: list[Host], question: Question, *, target: str | None = None, keep: int | None = None
) -> dict[str, Answer]:
    """Every host's answer, or why there is none; hosts that lack the runner are sent it first."""
    current = settings()
    builder = compiler(current.cache, build_timeout_s=current.build_timeout_s).builder
    targets = {host.name: _target(host, target) for host in wanted}
    runners = {each: builder.runner(each) for each in dict.fromkeys(targets.values())}
    pool = Pool(ConnectOptions.of(current))

    def one(host: Host) -> Answer:
        platform = targets[host.name]
        shipment = _nothing(platform, runners[platform], current.keep if keep is None else keep)
        try:
            return ask(Endpoint.of(host), shipment, question, pool=pool, deadline_s=current.timeout_s)
        except TransportError as error:
            return error

    with ThreadPoolExecutor(min(current.parallel, max(1, len(wanted))), thread_name_prefix="ask") as threads:
        answers = list(threads.map(one, wanted))
    pool.close()
    return {host.name: answer for host, answer in zip(wanted, answers, strict=True)}


def _target(host: Host, asked: str | None) -> Target:
    named = asked or host.target
    return normalise(named) if named else this_machine()


def _nothing(target: Target, runner: Runner, keep: int) -> Shipment:
    """A shipment of no deployment: only the runner that is to answer."""
    return Shipment(
        deployment="",
        sequence=0,
        attempt=0,
        artifact="",
        runner_digest=runner.digest,
        runner_size=runner.size,
        runner_packed=runner.packed,
        parts=(),
        trailer=b"",
        uname_s=target.uname_s,
        uname_m=target.uname_m,
        keep=keep,
    )
