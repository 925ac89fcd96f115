"""The command line as a whole: help, completion, exit statuses of usage."""

from __future__ import annotations

import pytest

from deploy_tasks.cli.app import commands as command_line
from deploy_tasks.cli.app import run
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
