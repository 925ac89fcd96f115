"""Warnings of the readers on the screen."""

from __future__ import annotations

import logging
from pathlib import Path

import pytest

from deploy_tasks.cli import notices
from deploy_tasks.cli.app import run


def test_a_warning_of_a_document_is_shown_once_and_is_no_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("hosts.yml").write_text("all: {hosts: {h1: {a: 1, a: 2}}}\n")
    Path("site.yml").write_text("- hosts: all\n  gather_facts: false\n  gather_facts: no\n  tasks: []\n")
    for _ in range(2):
        assert run(["validate", "site.yml", "-i", "hosts.yml"]) == 0
        lines = capsys.readouterr().err.splitlines()
        assert sorted(line for line in lines if "warning" in line) == [
            "warning: hosts.yml:1:26: 'a' stands here and on line 1: the last one counts",
            "warning: site.yml:3:3: 'gather_facts' stands here and on line 2: the last one counts",
        ]


def test_what_a_host_calls_its_file_paints_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    notices.show()
    logging.getLogger("deploy_tasks.rollout.receiving").warning("d1: %s of web: full", "/x\x1b[2J\r/y")
    shown = capsys.readouterr().err
    assert shown.startswith("warning: d1: /x")
    assert not {"\x1b", "\r"} & set(shown)
