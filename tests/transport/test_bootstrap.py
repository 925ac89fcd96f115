"""The bootstrap under every shell it may meet, on disks as hosts have them."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from deploy_tasks.errors import BadInput
from deploy_tasks.transport import Shipment
from deploy_tasks.transport.bootstrap import BOOTSTRAP, command, hello
from tests.support.runners import shell

Ship = Callable[..., Shipment]
ECHO = shell('printf "%s\\n" "$0" "$@"; cat')
SHELLS = (["dash"], ["bash"], ["bash", "--posix"], ["busybox", "sh"])


@pytest.fixture(params=SHELLS, ids=" ".join)
def interpreter(request: pytest.FixtureRequest) -> list[str]:
    words: list[str] = request.param
    if shutil.which(words[0]) is None:
        if os.environ.get("CI"):
            pytest.fail(f"CI must test under {words[0]}")
        pytest.skip(f"no {words[0]} here")
    return words


def lines(shipment: Shipment, state: Path | str, manifest: str = '{"a":"b c"}') -> bytes:
    return hello(
        state_dir=str(state),
        digest=shipment.runner_digest,
        artifact=None,
        packed=shipment.runner_packed.stat().st_size,
        size=shipment.runner_size,
        platform=(shipment.uname_s, shipment.uname_m),
        manifest=manifest,
    )


def talk(interpreter: list[str], said: bytes, **environment: str) -> tuple[list[str], int]:
    """What it answers when everything is said at once, and its exit status."""
    env = {"PATH": os.environ["PATH"], **environment}
    argv = [*interpreter, "-c", BOOTSTRAP]
    done = subprocess.run(argv, input=said, capture_output=True, check=False, timeout=30, env=env)
    assert done.stderr == b"", done.stderr
    return done.stdout.decode().splitlines(), done.returncode


def installed(interpreter: list[str], shipment: Shipment, state: Path) -> None:
    answer, status = talk(interpreter, lines(shipment, state) + shipment.runner_packed.read_bytes())
    assert (answer[0], status) == ('{"event":"need_runner"}', 0), answer


def test_it_installs_the_runner_becomes_it_and_leaves_it_the_input(
    interpreter: list[str], ship: Ship, tmp_path: Path
) -> None:
    shipment, state = ship(ECHO), tmp_path / "a folder; $(touch pwned) 'with' \"all\""
    process = subprocess.Popen(
        [*interpreter, "-c", BOOTSTRAP], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write(lines(shipment, state))
    process.stdin.flush()
    assert process.stdout.readline() == b'{"event":"need_runner"}\n'
    process.stdin.write(shipment.runner_packed.read_bytes())
    out, err = process.communicate(b"the rest\n", timeout=30)
    blob = state / "blobs" / shipment.runner_digest
    assert out.decode().splitlines() == [str(blob), "receive", str(state), '{"a":"b c"}', "the rest"]
    assert (err, process.returncode) == (b"", 0)
    assert [path.name for path in blob.parent.iterdir()] == [blob.name]
    assert blob.stat().st_mode & 0o777 == 0o700
    assert state.stat().st_mode & 0o777 == 0o700
    assert not Path("pwned").exists()


def test_a_runner_that_is_there_is_not_asked_for(interpreter: list[str], ship: Ship, tmp_path: Path) -> None:
    shipment, state = ship(ECHO), tmp_path / "state"
    installed(interpreter, shipment, state)
    answer, status = talk(interpreter, lines(shipment, state) + b"request\n")
    assert (answer[1], answer[-1], status) == ("receive", "request", 0)


def test_a_known_runner_starts_without_any_other_process(ship: Ship, tmp_path: Path) -> None:
    shipment, state = ship(shell('echo "$1"')), tmp_path / "state"
    installed(["dash"], shipment, state)
    assert talk(["/bin/dash"], lines(shipment, state), PATH="/nowhere") == (["receive"], 0)


@pytest.mark.parametrize("cut", [0, 1, 2, 3])
def test_a_request_that_ends_early_is_refused(interpreter: list[str], ship: Ship, tmp_path: Path, cut: int) -> None:
    said = b"\n".join(lines(ship(ECHO), tmp_path / "state").split(b"\n")[:cut]) + (b"\n" if cut else b"")
    answer, status = talk(interpreter, said)
    assert (json.loads(answer[-1])["reason"], status) == ("bad_request", 75)
    assert not (tmp_path / "state").exists()


@pytest.mark.parametrize("tool", ["openssl", "sha256sum", "shasum"])
def test_whatever_tool_counts_the_digest(ship: Ship, tmp_path: Path, tool: str) -> None:
    found = shutil.which(tool)
    assert found is not None
    tools = tmp_path / "bin"
    tools.mkdir()
    for name in ("uname", "head", "gzip", "df", "mv", "rm", "tr", "mkdir", "chmod", "sync", "cat", tool):
        (tools / name).symlink_to(shutil.which(name) or "/nonexistent")
    shipment, state = ship(ECHO), tmp_path / "state"
    said = lines(shipment, state) + shipment.runner_packed.read_bytes()
    assert talk(["/bin/dash"], said, PATH=str(tools))[1] == 0
    packed = bytearray(ship(shell("echo another")).runner_packed.read_bytes())
    said = lines(shipment, tmp_path / "other") + bytes(packed)
    answer, status = talk(["/bin/dash"], said, PATH=str(tools))
    assert (json.loads(answer[-1])["reason"], status) == ("digest", 75)


def test_an_upload_that_breaks_off_leaves_nothing(interpreter: list[str], ship: Ship, tmp_path: Path) -> None:
    shipment, state = ship(ECHO), tmp_path / "state"
    answer, status = talk(interpreter, lines(shipment, state) + shipment.runner_packed.read_bytes()[:-9])
    assert (json.loads(answer[-1])["reason"], status) == ("digest", 75)
    assert list((state / "blobs").iterdir()) == []


def test_leftovers_of_dead_shells_are_swept_and_of_living_ones_kept(
    interpreter: list[str], ship: Ship, tmp_path: Path
) -> None:
    shipment, state = ship(ECHO), tmp_path / "state"
    (state / "blobs").mkdir(parents=True)
    ended = subprocess.Popen(["true"])
    ended.wait()
    dead, living = (state / "blobs" / f".{shipment.runner_digest}.{pid}" for pid in (ended.pid, os.getpid()))
    dead.write_text("half")
    living.write_text("half")
    installed(interpreter, shipment, state)
    assert not dead.exists()
    assert living.exists()


def test_without_a_folder_an_ordinary_user_gets_one_of_its_own(
    interpreter: list[str], ship: Ship, tmp_path: Path
) -> None:
    shipment = ship(ECHO)
    fake = tmp_path / "bin"
    fake.mkdir()
    (fake / "id").write_text("#!/bin/sh\necho 1000\n")
    (fake / "id").chmod(0o755)
    said = lines(shipment, "") + shipment.runner_packed.read_bytes()
    environment = {"HOME": str(tmp_path / "home"), "PATH": f"{fake}:{os.environ['PATH']}"}
    answer, status = talk(interpreter, said, **environment)
    assert (answer[-2], status) == (str(tmp_path / "home/.local/state/deploy-tasks"), 0)
    answer, status = talk(interpreter, said, **environment, XDG_STATE_HOME=str(tmp_path / "xdg"))
    assert (answer[-2], status) == (str(tmp_path / "xdg/deploy-tasks"), 0)


def test_a_folder_that_cannot_be_made_is_refused_with_the_reason(
    interpreter: list[str], ship: Ship, tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("")
    answer, status = talk(interpreter, lines(ship(ECHO), tmp_path / "file" / "state"))
    refusal = json.loads(answer[-1])
    assert (refusal["reason"], status) == ("read_only", 75)
    assert "Not a directory" in refusal["message"]


def test_the_text_survives_any_login_shell() -> None:
    assert not {"'", "!", "\n", "\\\\"} & {BOOTSTRAP[i : i + n] for n in (1, 2) for i in range(len(BOOTSTRAP))}
    assert command(become=False) == f"exec sh -c '{BOOTSTRAP}'"
    assert command(become=True).startswith("exec sudo -n sh -c '")


@pytest.mark.parametrize(
    "bad", [{"state_dir": "/a\n/b"}, {"manifest": "{}\nx"}, {"digest": "a b"}, {"platform": ("Linux\n", "x")}]
)
def test_a_value_cannot_break_out_of_its_line(bad: dict[str, object]) -> None:
    good: dict[str, object] = {
        "state_dir": "",
        "digest": "d",
        "artifact": None,
        "packed": 1,
        "size": 1,
        "manifest": "{}",
    }
    with pytest.raises(BadInput):
        hello(**{**good, "platform": ("Linux", "x86_64"), **bad})  # type: ignore[arg-type]
