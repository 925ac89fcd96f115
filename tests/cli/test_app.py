"""The command line as a whole: help, completion, exit statuses of usage."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from deploy_tasks.cli.app import commands as command_line
from deploy_tasks.cli.app import run
from deploy_tasks.errors import SettingsError
from deploy_tasks.settings import load
from tests.cli.conftest import Commands

COMMANDS = [
    *(
        "deploy",
        "validate",
        "compile",
        "status",
        "logs",
        "plan",
        "coverage",
        "rollback",
        "cancel",
        "fetched",
        "list",
        "cleanup",
        "inventory",
    ),
    *("up", "worker", "beat", "flower", "doctor", "settings", "fleet"),
]


def test_help_names_every_command(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["--help"]) == 0
    shown = capsys.readouterr().out
    assert [name for name in COMMANDS if f" {name} " not in shown] == []
    registered = [command.name for command in command_line().registered_commands]
    assert sorted([*registered, "fleet"], key=str) == sorted(COMMANDS)


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_explains_itself(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run([command, "--help"]) == 0
    assert "Usage" in capsys.readouterr().out


def test_without_a_command_the_help_is_shown(capsys: pytest.CaptureFixture[str]) -> None:
    assert run([]) == 0
    assert "Usage" in capsys.readouterr().out


def test_a_wrong_command_names_the_help(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["deplyo"]) == 2
    assert capsys.readouterr().err.splitlines()[-1] == "hint: deploy-tasks --help"


@pytest.mark.parametrize(("shell", "part"), [("bash", "complete "), ("zsh", "compdef"), ("fish", "complete ")])
def test_completion_scripts(commands: Commands, shell: str, part: str) -> None:
    done = commands.run("deploy-tasks", more={"_DEPLOY_TASKS_COMPLETE": f"source_{shell}"})
    assert done.returncode == 0, done.stderr
    assert part in done.stdout


def test_completion_completes(commands: Commands) -> None:
    more = {"_DEPLOY_TASKS_COMPLETE": "complete_bash", "COMP_WORDS": "deploy-tasks va", "COMP_CWORD": "1"}
    done = commands.run("deploy-tasks", more=more)
    assert done.stdout.split() == ["validate"]


def test_the_version(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["--version"]) == 0
    assert capsys.readouterr().out.startswith("deploy-tasks ")


def test_settings_hide_secrets(commands: Commands) -> None:
    more = {"DEPLOY_TASKS_REDIS_URL": "redis://:open-sesame@127.0.0.1:1/0"}
    for arguments in (["settings"], ["settings", "--json"]):
        done = commands.run("deploy-tasks", *arguments, more=more)
        assert done.returncode == 0, done.stderr
        assert "open-sesame" not in done.stdout + done.stderr
    assert "DEPLOY_TASKS_REDIS_URL=**********  (set)" in commands.run("deploy-tasks", "settings", more=more).stdout


def test_a_wrong_setting_is_named(commands: Commands) -> None:
    done = commands.run("deploy-tasks", "settings", more={"DEPLOY_TASKS_PARALLEL": "many"})
    assert done.returncode == 2
    assert done.stderr.startswith("error: DEPLOY_TASKS_PARALLEL: ")


@pytest.mark.parametrize("url", ["http://:s3cret@x", "redis://:s3cret@x:port/0", "s3cret", "redis://x:0"])
def test_an_address_that_is_none_of_a_redis_is_told_without_showing_it(url: str) -> None:
    with pytest.raises(
        SettingsError, match=r"^DEPLOY_TASKS_REDIS_URL: is no address of a Redis: write redis://"
    ) as told:
        load(redis_url=url)
    assert "s3cret" not in str(told.value)


PLAY = "- hosts: all\n  gather_facts: false\n  tasks:\n    - ping:\n"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ("deploy site.yml -i EMPTY", "no inventory is named"),
        ("validate site.yml -i EMPTY", "no inventory is named"),
        ("deploy site.yml -i web1, --target x86_46-linux", "no target is named 'x86_46-linux'"),
        ("deploy site.yml -i hosts.ini", "h1: no target is named 'pdp11'"),
        ("deploy site.yml -i web1, --timeout inf", "Invalid value for '--timeout'"),
        ("deploy site.yml -i web1, --no-such", "No such option: --no-such"),
        ("worker --role nope", "Invalid value for '--role': 'nope' is not one of"),
        ("worker", "Missing option '--role'. Choose from: control, build, push, undo"),
        ("compile site.yml -o site.yml", "site.yml cannot be a folder to write to: File exists"),
        ("inventory nofile", "nofile: there is no such file"),
        ("list --limit web -i web1,", "web: no host and no group is named 'web'"),
        ("fleet inventory --root nowhere", "error: no fleet in "),
        ("fleet up 5001", "Invalid value for 'N'"),
    ],
)
def test_what_is_wrong_is_told_in_words_and_as_a_document(
    arguments: str, said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("site.yml").write_text(PLAY)
    Path("hosts.ini").write_text("h1 target_triple=pdp11\n")
    words = ["" if word == "EMPTY" else word for word in arguments.split()]
    assert run(words) == 2
    shown = capsys.readouterr()
    assert said in shown.err
    assert shown.out == ""
    assert "unexpected" not in shown.err
    run([*words, "--json"])
    document = json.loads(capsys.readouterr().out)
    assert document.get("error", document)["message"]


def test_many_hosts_are_no_name_of_a_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("site.yml").write_text(PLAY)
    assert run(["validate", "site.yml", "-i", ",".join(f"web{number}.example.com" for number in range(300))]) == 0
    assert "300 hosts" in capsys.readouterr().out
