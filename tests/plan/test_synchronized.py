"""What `synchronize` sends: compared with what rsync 3.5 was recorded to send, and the refusals."""

from __future__ import annotations

import json
import os
import shlex
from pathlib import Path

import pytest

from deploy_tasks.plan.findings import Findings
from deploy_tasks.plan.synchronized import Sent, read_rules
from tests.plan.test_check import found

RECORDED = json.loads((Path(__file__).parents[1] / "cases" / "rsync_filters.json").read_text())


def test_the_same_is_sent_as_rsync_sends(tmp_path: Path) -> None:
    for name in RECORDED["files"]:
        (tmp_path / "src" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "src" / name).touch()
    assert len(RECORDED["cases"]) > 300
    for case in RECORDED["cases"]:
        options = [f"{name}={shlex.quote(pattern)}" for name, pattern in case["rules"]]
        sent = Sent({"rsync_opts": options}, case["source"])
        assert _sent(sent, tmp_path / "src") == case["sent"], case


def _sent(sent: Sent, folder: Path) -> list[str]:
    names = []
    for directory, folders, files in os.walk(folder):
        relative = Path(directory).relative_to(folder).as_posix()
        if relative == "." and sent.top and any(rule.fits("src", True) for rule in sent.rules):
            first = next(rule for rule in sent.rules if rule.fits("src", True))
            if not first.include:
                return []
        sent.keep(relative, folders, files)
        names += [sent.top + ("" if relative == "." else f"{relative}/") + name for name in files]
    return sorted(names)


@pytest.mark.parametrize(
    ("args", "words"),
    [
        ({"mode": "pull"}, 'can only be "push"'),
        ({"src": "host:/etc"}, "is a path, not a host's"),
        ({"dest": "rsync://host/x"}, "is a path, not a host's"),
        ({"times": True}, "can only be false"),
        ({"owner": "yes"}, "can only be false"),
        ({"group": True}, "can only be false"),
        ({"recursive": False}, "can only be true"),
        ({"archive": False}, "needs recursive: true"),
        ({"link_dest": ["/x"]}, "is not supported"),
        ({"rsync_path": "sudo rsync"}, "is not supported"),
        ({"rsync_opts": ["--chmod=F600"]}, "can hold --exclude=PATTERN and --include=PATTERN alone"),
        ({"rsync_opts": ["--exclude"]}, "needs a pattern"),
        ({"rsync_opts": "{{ options }}"}, "holds a template"),
        ({"rsync_opts": ["--exclude=a", "--exclude={{ name }}"]}, "holds a template"),
        ({"rsync_opts": 5}, "can hold --exclude=PATTERN and --include=PATTERN alone, not '5'"),
        ({"rsync_opts": ["--exclude=[z-a]"]}, "--exclude has a pattern that means nothing: '[z-a]'"),
        ({"rsync_opts": ["--exclude='a"]}, "No closing quotation"),
    ],
)
def test_what_no_plan_can_send_is_refused(args: dict[str, object], words: str) -> None:
    assert any(words in message for message in found("synchronize", **{"src": "app/", "dest": "/srv/app", **args}))


def test_usual_arguments_are_right() -> None:
    options = ["--exclude='*.log'", "--exclude node_modules", "--include=/a/***"]
    assert found("synchronize", src="app/", dest="/srv/app", delete="yes", rsync_opts=options, times=False) == []


def test_folders_that_travel_otherwise_are_told(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / ".rsync-filter").touch()
    (tmp_path / "link").symlink_to("full")
    told = " ".join(message for message, _ in Sent({}, "x/").problems(tmp_path))
    assert all(words in told for words in ("'empty/' holds nothing", "full/.rsync-filter", "link is a link"))
    left_out = {"rsync_opts": ["--exclude=/empty/", "--exclude=link", "--exclude=.rsync-filter", "--exclude=full"]}
    assert list(Sent(left_out, "x/").problems(tmp_path)) == [
        (f"the folder {tmp_path.name!r} holds nothing to send, and folders travel with files", _HINT)
    ]


_HINT = "put a file into it, or leave it out with rsync_opts: --exclude=/"


def test_wrong_rules_are_told_once() -> None:
    with pytest.raises(ValueError, match="not '-x'"):
        read_rules(["-x"])
    for wrong in (["-x"], 5, ["--exclude=[z-a]"], ["--exclude={{ x }}"]):
        assert Sent({"rsync_opts": wrong}, "app").rules == []
    assert Findings().problems == []
