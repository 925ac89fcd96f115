"""The module `fetch` from end to end: files of hosts come to the folder of the plan, or wait in the store."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from deploy_tasks.cli.app import run
from deploy_tasks.cli.fetched import fetched
from deploy_tasks.producer import Handle, Request, prepare
from deploy_tasks.rollout import keys
from deploy_tasks.rollout.record import Options
from deploy_tasks.rollout.result import Result
from tests.support.workers import Site, await_until, local_hosts

LOG = b"a\0b\xff\n"


class Desk:
    """A folder with a playbook, from which somebody deploys to hosts that are folders."""

    def __init__(self, folder: Path, *tasks: str, count: int = 1) -> None:
        self.folder = folder / "desk"
        self.folder.mkdir()
        self.hosts = local_hosts(folder, count)
        for number in range(count):
            (folder / f"host{number}" / "log").write_bytes(LOG)
        lines = [f"    - {task}" for task in tasks]
        (self.folder / "site.yml").write_text("\n".join(["- hosts: all", "  gather_facts: false", "  tasks:", *lines]))

    def deploy(self, site: Site, *, verify: bool = False) -> Handle:
        """Ask for it; nobody follows until the handle is asked to."""
        options = Options(undo_failed=False, verify=verify)
        return site.producer.submit(prepare(Request(self.folder / "site.yml", self.hosts, options=options)))

    def files(self, folder: str = "desk") -> dict[str, bytes]:
        """What lies in a folder besides the playbook."""
        root = self.folder.parent / folder
        found = (path for path in root.rglob("*") if path.is_file() and path.name != "site.yml")
        return {str(path.relative_to(root)): path.read_bytes() for path in found}


def ended(site: Site, handle: Handle) -> Result:
    """Its end, without following it."""
    await_until(lambda: site.producer.status(handle.id).status.final, what="its end")
    return site.producer.status(handle.id)


def test_each_host_has_a_folder_of_its_own(site: Site, tmp_path: Path) -> None:
    desk = Desk(tmp_path, "fetch: {src: '{{ home }}/log', dest: logs}", count=3)
    result = desk.deploy(site, verify=True).wait(40)
    assert result.ok, result.to_json()
    place = str(tmp_path).lstrip("/")
    assert desk.files() == {f"logs/host{n}/{place}/host{n}/log": LOG for n in range(3)}
    assert {host.changed for host in result.hosts.values()} == {1}
    assert site.producer.fetched(result.deployment_id) == []
    assert list((site.folder / "state" / "fetching").iterdir()) == []
    again = desk.deploy(site).wait(40)
    assert {host.changed for host in again.hosts.values()} == {0}


def test_a_file_that_is_there_keeps_its_mode_and_a_link_stays(site: Site, tmp_path: Path) -> None:
    desk = Desk(tmp_path, "fetch: {src: '{{ home }}/log', dest: 'kept/{{ item }}', flat: true}\n      loop: [a, b]")
    (desk.folder / "kept").mkdir()
    (desk.folder / "kept/a").write_text("old")
    (desk.folder / "kept/a").chmod(0o640)
    (desk.folder / "kept/b").symlink_to("a-real")
    result = desk.deploy(site).wait(40)
    assert result.ok, result.to_json()
    assert (desk.folder / "kept/a").stat().st_mode & 0o777 == 0o640
    assert (desk.folder / "kept/b").is_symlink()
    assert desk.files() == {"kept/a": LOG, "kept/b": LOG, "kept/a-real": LOG}


def test_what_nobody_takes_waits_in_the_store(
    site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    desk = Desk(
        tmp_path,
        "fetch: {src: '{{ home }}/log', dest: '../up/', flat: true}",
        "fetch: {src: '{{ home }}/log', dest: '/nowhere/x', flat: true}\n      register: got",
        "copy: {content: '{{ got.dest }} {{ got is changed }}', dest: '{{ home }}/told'}",
    )
    handle = desk.deploy(site)
    result = ended(site, handle)
    assert result.ok, result.to_json()
    assert (tmp_path / "host0/told").read_text() == "/nowhere/x True"
    assert desk.files() == {}
    for name, value in site.environment().items():
        monkeypatch.setenv(name, value)
    from deploy_tasks.settings import settings

    settings.cache_clear()
    try:
        assert fetched(handle.id) == 0
        shown = capsys.readouterr()
        assert [line.split()[-1] for line in shown.out.splitlines()] == ["../up/log", "/nowhere/x"]
        assert f"deploy-tasks fetched {handle.id} --to DIR" in shown.err
        site.producer.redis.set(keys.receiver(handle.id), "here")
        assert run(["fetched", handle.id, "--to", str(tmp_path / "to")]) == 2
        assert f"somebody follows deployment {handle.id}" in capsys.readouterr().err
        site.producer.redis.delete(keys.receiver(handle.id))
        blobs = [note.blob for note in site.producer.fetched(handle.id)]
        assert run(["fetched", handle.id, "--to", str(tmp_path / "to"), "--json"]) == 0
        told = json.loads(capsys.readouterr().out)
        assert [each["path"] for each in told] == [str(tmp_path / "to/up/log"), str(tmp_path / "to/nowhere/x")]
        assert desk.files("to") == {"up/log": LOG, "nowhere/x": LOG}
        assert fetched(handle.id) == 0
        assert f"nothing is left of {handle.id}" in capsys.readouterr().err
    finally:
        settings.cache_clear()
    assert not any(site.producer.store.has(blob) for blob in blobs)


def test_who_follows_afterwards_gets_what_was_kept(site: Site, tmp_path: Path) -> None:
    desk = Desk(tmp_path, "fetch: {src: '{{ home }}/log', dest: here/log, flat: true}")
    handle = desk.deploy(site)
    assert ended(site, handle).ok
    assert desk.files() == {}
    assert handle.wait(20).ok
    assert desk.files() == {"here/log": LOG}
    assert site.producer.fetched(handle.id) == []


def test_a_place_that_cannot_be_written_fails_the_task(site: Site, tmp_path: Path) -> None:
    desk = Desk(tmp_path, "fetch: {src: '{{ home }}/log', dest: file/log, flat: true}")
    (desk.folder / "file").write_text("x")
    result = desk.deploy(site).wait(40)
    error = result.hosts["host0"].error
    assert error is not None
    assert error.message.startswith("Failed to fetch the file: [Errno ")
    assert desk.files() == {"file": b"x"}
    assert site.producer.fetched(result.deployment_id) == []


def test_a_host_that_makes_up_a_place_is_refused(site: Site, tmp_path: Path) -> None:
    desk = Desk(
        tmp_path,
        "command: 'printf site.yml'\n      register: told",
        "fetch: {src: '{{ home }}/log', dest: 'out/{{ told.stdout }}', flat: true}",
        "fetch: {src: '{{ home }}/log', dest: 'out/../{{ told.stdout }}', flat: true}\n      when: false",
    )
    with pytest.raises(Exception, match="is only known on the host, which would choose freely"):
        desk.deploy(site)
    text = (desk.folder / "site.yml").read_text()
    (desk.folder / "site.yml").write_text(
        text.replace("printf site.yml", "printf ../site.yml").replace("out/../", "x/")
    )
    result = desk.deploy(site).wait(40)
    error = result.hosts["host0"].error
    assert error is not None
    assert error.message.startswith("dest 'out/../site.yml' is none that the plan and the inventory say for host0")
    assert desk.files() == {}
