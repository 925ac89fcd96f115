"""Programs that stand where the runner stands, to see how the worker's side takes what hosts may say."""

from __future__ import annotations

import gzip
import hashlib
import os
from collections.abc import Sequence
from pathlib import Path

from deploy_tasks.transport import Piece, Shipment

# Speaks the host's side of the dialogue, and does whatever the request's "do" tells it to do.
OBEDIENT = r"""#!/usr/bin/python3 -IS
import hashlib, json, os, sys, time
def say(**event):
    os.write(1, json.dumps(event, separators=(",", ":")).encode() + b"\n")
def line():
    got = b""
    while not got.endswith(b"\n"):
        byte = os.read(0, 1)
        if not byte:
            sys.exit(9)
        got += byte
    return got
def exactly(count):
    got = b""
    while len(got) < count:
        piece = os.read(0, min(65536, count - len(got)))
        if not piece:
            sys.exit(9)
        got += piece
    return got
if sys.argv[1] == "version":
    sys.exit(0)
folder, manifest = sys.argv[2], json.loads(sys.argv[3])
if manifest["do"] in ("list", "status", "facts", "prune"):
    say(event="answer", do=manifest["do"], deployments=[], subset=manifest.get("subset"))
    sys.exit(0)
kept = os.path.join(folder, "fake-parts")
os.makedirs(kept, exist_ok=True)
wanted = [part["digest"] for part in manifest["parts"] if not os.path.exists(os.path.join(kept, part["digest"]))]
say(event="need", parts=wanted)
for digest in wanted:
    header = json.loads(line())
    data = exactly(header["size"])
    if header["part"] != digest or hashlib.sha256(data).hexdigest() != digest:
        say(event="refused", reason="digest", message="part " + digest)
        sys.exit(75)
    with open(os.path.join(kept, digest), "wb") as file:
        file.write(data)
request = json.loads(line())
say(event="phase", phase="undoing" if manifest["do"] == "undo" else "running")
what = request.get("act", "succeed")
heard = []
if what == "wait_for_cancel":
    while True:
        said = line().strip()
        heard.append(said.decode())
        if b"cancel" in said:
            break
        say(event="alive")
elif what == "noisy":
    for _ in range(200):
        os.write(2, b"x" * 50000)
        say(event="task", msg="y" * 50000)
elif what == "hang":
    time.sleep(600)
elif what == "slow":
    for _ in range(5):
        time.sleep(0.3)
        say(event="alive")
elif what == "ask":
    for question in request["questions"]:
        say(**{"event": "ask", **question, "text": "x" * question.get("text", 0)})
    while len(heard) < request["answers"]:
        said = line().strip()
        if said:
            heard.append(said.decode())
        say(event="alive")
elif what == "die":
    sys.exit(7)
say(event="task", index=0, total=1, id="t", name="t", module="ping", status="ok")
say(event="summary", status="cancelled" if any("cancel" in said for said in heard) else "succeeded",
    ok=1, changed=0, failed=0, heard=heard,
    request=request, manifest=manifest, uid=os.getuid())
"""


def shell(*lines: str) -> str:
    """A runner of shell lines; answers the probe, then runs them as `receive`."""
    return "\n".join(["#!/bin/sh", '[ "$1" = version ] && exit 0', *lines, ""])


def shipment(
    folder: Path,
    runner: str = OBEDIENT,
    parts: Sequence[bytes] = (b"files" * 1000, b"program"),
    *,
    deployment: str = "d-1",
    machine: str | None = None,
) -> Shipment:
    """A shipment of this runner and these parts, whose files are written into the folder."""
    program = runner.encode()
    packed = folder / "runner.gz"
    packed.write_bytes(gzip.compress(program, mtime=0))
    pieces = []
    for content in parts:
        digest = hashlib.sha256(content).hexdigest()
        path = folder / digest
        path.write_bytes(content)
        pieces.append(Piece(digest, len(content), path))
    return Shipment(
        deployment=deployment,
        sequence=1,
        attempt=1,
        artifact=hashlib.sha256(program + b"".join(parts)).hexdigest(),
        runner_digest=hashlib.sha256(program).hexdigest(),
        runner_size=len(program),
        runner_packed=packed,
        parts=tuple(pieces),
        trailer=b"\0" * 128,
        uname_s=os.uname().sysname,
        uname_m=machine or os.uname().machine,
    )
