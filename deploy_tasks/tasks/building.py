"""Compiling one platform of a deployment: bundle in, artifact parts into the store, what to send into the ledger."""

from __future__ import annotations

import base64
import contextlib
import threading
import time
from collections.abc import Iterator
from typing import Any

from deploy_tasks.compiler import Artifact, compile_plan
from deploy_tasks.errors import DeployError
from deploy_tasks.plan.bundle import read_bundle
from deploy_tasks.rollout import keys
from deploy_tasks.rollout.record import Record
from deploy_tasks.rollout.views import Head
from deploy_tasks.store import Store
from deploy_tasks.tasks.context import Context


def build(here: Context, deployment: str, triple: str) -> dict[str, Any]:
    """Compile for one platform unless it is done. A failure is noted in the ledger, which ends the deployment."""
    head = here.ledger.head(deployment)
    if head.artifact(triple) is not None or head.status.final or "build_failed" in head.fields:
        return {"deployment": deployment, "target": triple, "status": "done"}
    tries = int(here.redis.hincrby(keys.head(deployment), f"n:{triple}", 1))
    if tries > here.settings.max_attempts:
        return _failed(here, head, triple, f"building for {triple} ended its worker {tries - 1} times (out of memory?)")
    try:
        with _lease(here, keys.member(deployment, triple)):
            return _build(here, head.record, triple)
    except DeployError as error:
        return _failed(here, head, triple, str(error))
    except Exception as error:  # a host that waits must be told, whatever broke
        return _failed(here, head, triple, f"{type(error).__name__}: {error}")


def _build(here: Context, record: Record, triple: str) -> dict[str, Any]:
    began = time.monotonic()
    with read_bundle(here.store.get(record.bundle)) as bundle:
        artifact = compile_plan(
            bundle.plan,
            bundle.files,
            triple,
            cache=here.settings.cache,
            inventory=bundle.inventory,
            extra_vars=bundle.options.get("extra_vars"),
            rebuild=record.options.rebuild,
            size_limit=int(here.settings.size_limit_mb * 1e6),
            build_timeout_s=here.settings.build_timeout_s,
        )
    document = _keep(here.store, artifact) | {"seconds": round(time.monotonic() - began, 3)}
    here.ledger.put_artifact(record.id, triple, document)
    here.redis.hset(keys.head(record.id), "compiled", here.ledger.now_ms())
    return {
        "deployment": record.id,
        "target": triple,
        "status": "compiled",
        "digest": artifact.digest,
        "size": artifact.size,
        "cached": artifact.cached,
        "seconds": document["seconds"],
    }


def _keep(store: Store, artifact: Artifact) -> dict[str, Any]:
    """Put what hosts may lack into the store; the document says where it is."""
    return {
        "digest": artifact.digest,
        "size": artifact.size,
        "cached": artifact.cached,
        "target": artifact.target.triple,
        "uname_s": artifact.target.uname_s,
        "uname_m": artifact.target.uname_m,
        "trailer": base64.b64encode(artifact.trailer).decode(),
        "runner": {
            "digest": artifact.runner.digest,
            "size": artifact.runner.size,
            "packed": store.put(artifact.runner.path),
        },
        "parts": [{"digest": store.put(part.path), "size": part.size} for part in artifact.parts],
    }


def _failed(here: Context, head: Head, triple: str, message: str) -> dict[str, Any]:
    note = {"kind": "deployment", "status": "build_failed", "target": triple, "reason": message}
    here.ledger.claim(head.record.id, "build_failed", "", message[:4000], note)
    return {"deployment": head.record.id, "target": triple, "status": "failed", "error": message[:500]}


@contextlib.contextmanager
def _lease(here: Context, member: str) -> Iterator[None]:
    """Keeps the lease of a build alive while it goes on."""
    done = threading.Event()
    lease_s = here.settings.lease_s

    def beat() -> None:
        while True:
            with contextlib.suppress(Exception):  # the next beat tries again; a lost lease costs a second build at most
                here.redis.zadd(keys.BUILDS, {member: here.ledger.now_ms() + int(lease_s * 1000)})
            if done.wait(lease_s / 3):
                break
        with contextlib.suppress(Exception):
            here.redis.zrem(keys.BUILDS, member)

    thread = threading.Thread(target=beat, name="build-lease", daemon=True)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join(timeout=lease_s)
