"""`rustle-deploy`, every action for real."""

from __future__ import annotations

import gzip
import json
import subprocess
from pathlib import Path

import pytest

from deploy_tasks.fleet import Fleet
from tests.cli.conftest import ROOT, Commands

pytestmark = pytest.mark.timeout(180)
WEB = str(ROOT / "examples/web/web.json")


def test_compile_only_writes_an_executable_that_runs_alone(commands: Commands) -> None:
    done = commands.run(
        *("rustle-deploy", WEB, "--compile-only", "-t", "x86_64-unknown-linux-musl"),
        *("--binary-suffix", ".run", "--strip-symbols", "--compress", "-o", "out"),
    )
    assert done.returncode == 0, done.stderr
    binary = commands.folder / "out" / "web-x86_64-linux.run"
    assert gzip.decompress(binary.with_name(binary.name + ".gz").read_bytes()) == binary.read_bytes()
    state = str(commands.folder / "host")
    arguments = ["run", "--state-dir", state, "-e", f"web_root={commands.folder}/web"]
    ran = subprocess.run([str(binary), *arguments], capture_output=True, text=True, timeout=60, check=False)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert "port=8080" in (commands.folder / "web/run/web.conf").read_text()


def test_a_plan_comes_by_standard_input(commands: Commands) -> None:
    plan = (ROOT / "examples/report/report.json").read_text().replace('"template"', '"debug"', 1)
    plan = json.dumps({**json.loads(plan), "tasks": json.loads(plan)["tasks"][:2]})
    done = commands.run("rustle-deploy", "-", "--dry-run", stdin=plan)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("plan ")


def test_dry_run_changes_nothing(commands: Commands) -> None:
    before = sorted(path for path in commands.folder.rglob("*"))
    done = commands.run("rustle-deploy", WEB, "-i", "a,b,", "--dry-run", "--verify")
    assert done.returncode == 0, done.stderr
    assert "would deploy and verify to 2 hosts   a b" in done.stdout
    assert sorted(path for path in commands.folder.rglob("*")) == before


def test_deploy_only_refuses_what_is_not_compiled(commands: Commands, tmp_path: Path) -> None:
    arguments = ["rustle-deploy", WEB, "-i", "a,", "--deploy-only", "--cache-dir", str(tmp_path / "empty")]
    done = commands.run(*arguments)
    assert done.returncode == 2
    assert f"hint: rustle-deploy {WEB} --compile-only" in done.stderr


def test_the_environment_limits_the_size(commands: Commands) -> None:
    done = commands.run("rustle-deploy", WEB, "--compile-only", more={"RUSTLE_BINARY_SIZE_LIMIT": "100KB"})
    assert done.returncode == 2
    assert "the limit is 0.1 MB" in done.stderr


def test_supported_targets_of_the_file_are_kept(commands: Commands) -> None:
    (commands.folder / ".rustle").mkdir()
    (commands.folder / ".rustle/config.toml").write_text('[targets]\nsupported_targets = ["aarch64-apple-darwin"]\n')
    done = commands.run("rustle-deploy", WEB, "-i", "a,", "--dry-run")
    assert done.returncode == 2
    assert "x86_64-linux: not in supported_targets" in done.stderr


@pytest.mark.parametrize(
    ("arguments", "part"),
    [
        ((), "no execution plan was given"),
        ((WEB, "--compile-only", "--deploy-only"), "exclude each other"),
        (("--cleanup",), "needs hosts"),
        (("--parallel", "0", WEB), "--parallel: input should be greater than or equal to 1"),
        (("-c", "nowhere.toml", WEB), "nowhere.toml: no such file"),
        (("--nonsense",), "unrecognized arguments"),
    ],
)
def test_bad_input_ends_with_2(commands: Commands, arguments: tuple[str, ...], part: str) -> None:
    done = commands.run("rustle-deploy", *arguments)
    assert done.returncode == 2
    assert part in done.stderr


def test_setup_and_capabilities(commands: Commands) -> None:
    setup = commands.run("rustle-deploy", "--setup", "-t", "x86_64-linux")
    assert setup.returncode == 0, setup.stderr
    assert setup.stdout.startswith("runner   x86_64-linux")
    seen = commands.run("rustle-deploy", "--check-capabilities")
    assert seen.returncode == 0, seen.stdout
    assert "target   aarch64-linux      yes" in seen.stdout


def test_the_localhost_test_passes(commands: Commands) -> None:
    done = commands.run("rustle-deploy", "--localhost-test")
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1] == "undo      nothing of it is left"


@pytest.mark.fleet
def test_deploy_list_and_roll_back_the_last(commands: Commands, fleet: Fleet) -> None:
    inventory = str(fleet.inventory_path)
    deployed = commands.run("rustle-deploy", WEB, "-i", inventory, "--verify", "-v", "-o", "out")
    assert deployed.returncode == 0, deployed.stderr
    assert deployed.stdout.count("succeeded     web-") == 4
    assert (commands.folder / "out/web-x86_64-linux").is_file()
    identity = deployed.stdout.split()[-1]

    on_hosts = commands.run("rustle-deploy", "--list-deployments", "-i", inventory)
    assert f"* {identity}  succeeded" in on_hosts.stdout
    known = commands.run("rustle-deploy", "--list-deployments")
    assert identity in known.stdout

    back = commands.run("rustle-deploy", "--rollback")
    assert back.returncode == 0, back.stderr
    assert "rolled back   4 hosts" in back.stdout
    assert commands.run("rustle-deploy", "--cleanup", "-i", inventory).returncode == 0
