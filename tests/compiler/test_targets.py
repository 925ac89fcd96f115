"""Names of platforms."""

from __future__ import annotations

import pytest

from deploy_tasks.compiler.targets import TARGETS, TRIPLES, normalise, this_machine
from deploy_tasks.errors import CompileError


@pytest.mark.parametrize(
    ("name", "triple"),
    [
        *TRIPLES.items(),
        ("x86_64-linux", "x86_64-linux"),
        ("linux/amd64", "x86_64-linux"),
        ("Linux x86_64", "x86_64-linux"),
        ("x86_64-Linux", "x86_64-linux"),
        ("aarch64-Linux", "aarch64-linux"),
        ("arm64-linux-musl", "aarch64-linux"),
        ("Darwin arm64", "aarch64-macos"),
        ("darwin/amd64", "x86_64-macos"),
        ("x86_64-macos", "x86_64-macos"),
        ("windows_amd64", "x86_64-windows"),
        ("  X86_64-PC-WINDOWS-MSVC ", "x86_64-windows"),
        ("AMD64-Win32", "x86_64-windows"),
    ],
)
def test_every_usual_name_is_understood(name: str, triple: str) -> None:
    assert normalise(name).triple == triple


@pytest.mark.parametrize("target", TARGETS, ids=str)
def test_a_target_is_named_by_what_its_hosts_say(target: object) -> None:
    found = next(each for each in TARGETS if each is target)
    assert normalise(f"{found.uname_s.removesuffix('_NT')} {found.uname_m}") is found
    assert normalise(f"{found.goos}/{found.goarch}") is found
    assert normalise(found.triple) is found


@pytest.mark.parametrize(
    ("name", "near"),
    [("x86_64-linus", "x86_64-linux"), ("aarch64-apple-drawin", "aarch64-macos"), ("windows-x86", "x86_64-windows")],
)
def test_an_unknown_name_is_answered_with_the_nearest(name: str, near: str) -> None:
    with pytest.raises(CompileError, match="no target is named") as caught:
        normalise(name)
    assert f"did you mean {near}?" in (caught.value.hint or "")


@pytest.mark.parametrize("name", ["", "riscv64gc-unknown-linux-gnu", "windows-arm64", "x" * 100_000])
def test_a_platform_we_do_not_build_for_is_refused_with_the_list(name: str) -> None:
    with pytest.raises(CompileError) as caught:
        normalise(name)
    assert all(target.triple in (caught.value.hint or "") for target in TARGETS)
    assert len(str(caught.value)) < 200


def test_this_machine_has_a_target() -> None:
    assert this_machine() in TARGETS
