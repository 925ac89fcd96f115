"""`fetched`: files that hosts handed over while nobody followed the deployment."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from deploy_tasks.cli import render, session, units
from deploy_tasks.cli.options import AsJson, Deployment


def fetched(
    identity: Deployment,
    to: Annotated[
        Path | None, typer.Option("--to", metavar="DIR", help="Write them below this folder, and forget them.")
    ] = None,
    as_json: AsJson = False,
) -> int:
    """List the files that `fetch` tasks of a deployment brought and nobody has taken yet, or take them.

    `deploy` puts files in place itself. Those of a schedule, of `--detach` or of an interrupted `deploy` wait in the
    store; with `--to` all of them come to lie below one folder, also those whose `dest` is absolute.
    """
    with session.reading():
        from deploy_tasks.producer import Producer

        producer = Producer()
        found = producer.fetched(identity)
        written = [producer.save_fetched(identity, note, to) for note in found] if to is not None else []
    if as_json:
        documents = [{name: each for name, each in asdict(note).items() if name != "blob"} for note in found]
        for document, path in zip(documents, written, strict=False):
            document["path"] = str(path)
        render.out().print(json.dumps(documents))
        return 0
    if not found:
        render.note(f"nothing is left of {identity}")
        return 0
    places = [str(path) for path in written] or [note.place for note in found]
    for note, place in zip(found, places, strict=True):
        render.out().print(render.row("fetched", note.host, note.src, units.size(note.size), place))
    if to is None:
        render.hint(f"deploy-tasks fetched {identity} --to DIR")
    return 0
