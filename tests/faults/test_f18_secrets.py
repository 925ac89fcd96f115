"""A sentinel as every secret; after a run with a failure and a retry it is in none of the places people look at."""

from __future__ import annotations

import base64
import contextlib
import gzip
import json
import socket
import subprocess
import sys
import threading
import urllib.request
import uuid
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest

from deploy_tasks.fleet import Host
from deploy_tasks.outcome import DeploymentStatus as D
from deploy_tasks.producer import Handle, Result
from deploy_tasks.rollout import keys
from tests.faults.conftest import MakeFaultSite
from tests.faults.hosts import commands, deploy_files, family
from tests.faults.support import truth
from tests.faults.support.plans import fail_on, gate, shell
from tests.faults.support.site import FaultSite
from tests.support.redis import RedisProcess, free_port

USER, PASSWORD = "operator", "flower"


class Sentinels:
    """One of a kind for each secret, so that a hit says which one came out."""

    def __init__(self) -> None:
        self._key = uuid.uuid4().hex[:8]
        self.inventory = self._make("inventory")
        self.become = self._make("become")
        self.extra = self._make("extra")
        self.nested = self._make("nested")
        self.hidden = self._make("hidden")

    def _make(self, kind: str) -> str:
        return f"sentinel-{kind}-{self._key}"

    def found(self, text: str) -> list[str]:
        """Those in the text, plain or encoded."""
        everything = (self.inventory, self.become, self.extra, self.nested, self.hidden)
        encoded = {value: base64.b64encode(value.encode()).decode().rstrip("=") for value in everything}
        return [value for value in everything if value in text or encoded[value] in text]


class Listener(threading.Thread):
    """Collects what others show while it runs."""

    def __init__(self) -> None:
        super().__init__(daemon=True)
        self.heard: list[str] = []
        self.over = threading.Event()

    def __enter__(self) -> Listener:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.over.set()
        self.join(10)


class Monitor(Listener):
    """Every command that Redis is given."""

    def __init__(self, redis: RedisProcess) -> None:
        super().__init__()
        self._socket = socket.create_connection(("127.0.0.1", redis.port))
        self._socket.sendall(b"MONITOR\r\n")
        self._socket.settimeout(0.2)

    def run(self) -> None:
        """Until it is told to stop and nothing more comes."""
        data = bytearray()
        with self._socket:
            while True:
                try:
                    data += self._socket.recv(1 << 16)
                except TimeoutError:
                    if self.over.is_set():
                        break
        self.heard.append(data.decode(errors="replace"))


class ProcessList(Listener):
    """The argument lists of all processes on the hosts and of the workers here."""

    def __init__(self, hosts: Iterable[Host], pids: Iterable[int]) -> None:
        super().__init__()
        self._hosts = list(hosts)
        self._pids = list(pids)

    def run(self) -> None:
        """Until it is told to stop."""
        seen: set[str] = set()
        while not self.over.wait(0.03):
            for host in self._hosts:
                with contextlib.suppress(OSError):
                    seen.update(commands(host).values())
            for pid in self._pids:
                with contextlib.suppress(OSError):
                    seen.update(Path(f"/proc/{one}/cmdline").read_text() for one in family(pid))
            self.heard = sorted(seen)


@contextlib.contextmanager
def flower(site: FaultSite) -> Iterator[None]:
    """Flower, looking at this site."""
    with (site.site.folder / "flower.log").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "workers.flower"], env=site.site.environment(), stdout=log, stderr=log
        )
    try:
        site.until(lambda: ask_flower(site, "/healthcheck") is not None, "Flower answers")
        yield
    finally:
        process.kill()
        process.wait()


def ask_flower(site: FaultSite, path: str) -> str | None:
    """What Flower answers; None while it does not."""
    request = urllib.request.Request(f"http://127.0.0.1:{site.settings.flower_port}{path}")
    request.add_header("Authorization", f"Basic {base64.b64encode(f'{USER}:{PASSWORD}'.encode()).decode()}")
    with contextlib.suppress(OSError), urllib.request.urlopen(request, timeout=5) as answer:
        return str(answer.read().decode())
    return None


@pytest.fixture
def sentinels() -> Sentinels:
    return Sentinels()


def tasks(secret: Sentinels) -> list[dict[str, Any]]:
    """Uses every secret as plans do: in files, in the environment, printed, in what fails, behind no_log."""
    names = {"PW": "db_password", "TOKEN": "service.api_token", "EXTRA": "deploy_secret"}
    own = {"environment": {name: f"{{{{ {value} }}}}" for name, value in names.items()}}
    content = "{{ db_password }} {{ service.api_token }} {{ deploy_secret }} {{ motd }}\n"
    return [
        {"module": "copy", "args": {"content": content, "dest": "/etc/app.conf", "mode": "0600"}, "no_log": True},
        {"module": "debug", "args": {"msg": "{{ motd }}"}, "no_log": True},
        shell("printenv PW TOKEN; printenv EXTRA >&2", **own),
        {"module": "debug", "args": {"msg": "it is {{ db_password }}, as base64 {{ db_password | b64encode }}"}},
        {"module": "debug", "args": {"var": "hostvars_like"}, "vars": {"hostvars_like": ["{{ deploy_secret }}"]}},
        gate(),
        fail_on("web-002") | {"ignore_errors": False, **own},
        shell("printenv PW TOKEN; printenv EXTRA >&2; test {{ inventory_hostname }} != web-001", **own),
    ]


def begin(site: FaultSite, folder: Path, secret: Sentinels) -> Handle:
    """A deployment that is given every kind of secret."""
    inventory = site.fleet.root / "secret.ini"
    lines = f"db_password={secret.inventory}\nansible_become_password={secret.become}\n"
    inventory.write_text(site.fleet.inventory_path.read_text() + lines)
    group = site.fleet.root / "group_vars/web.yml"
    group.parent.mkdir()
    group.write_text(f"service: {{api_token: {secret.nested}}}\n")
    for path in (inventory, group):
        path.chmod(0o600)
    extra = {"deploy_secret": secret.extra, "motd": secret.hidden}
    return deploy_files(
        site, folder, *tasks(secret), inventory=inventory, extra_vars=extra, diff=True, max_fail_percentage=100
    )


def readable(path: Path) -> str:
    """A file's content, unpacked when it is packed."""
    data = path.read_bytes()
    if data[:2] == b"\x1f\x8b":
        with contextlib.suppress(OSError, EOFError):
            data += gzip.decompress(data)
    return data.decode(errors="replace")


def exposed(root: Path, secret: Sentinels) -> dict[str, list[str]]:
    """Files below the folder that hold a secret and that others than their owner may read or write."""
    hits = {}
    for path in root.rglob("*"):
        with contextlib.suppress(OSError):
            if path.is_file() and not path.is_symlink() and path.stat().st_mode & 0o077:
                found = secret.found(readable(path))
                if found:
                    hits[str(path)] = found
    return hits


def told(site: FaultSite, handle: Handle) -> str:
    """The stream of events as it lies in Redis."""
    with site.redis.client() as client:
        return "\n".join(str(fields) for _, fields in client.xrange(keys.events(handle.id)))


def dump(redis: RedisProcess) -> str:
    """The server's data as it writes them to a disk, uncompressed."""
    with redis.client() as client:
        client.config_set("rdbcompression", "no")
        client.save()
    return (redis.folder / "dump.rdb").read_bytes().decode(errors="replace")


def test_no_secret_comes_out_anywhere(fault_site: MakeFaultSite, tmp_path: Path, sentinels: Sentinels) -> None:
    site = fault_site(
        2, log_level="DEBUG", flower_port=free_port(), flower_user=USER, flower_password=PASSWORD, parallel=4
    )
    _, _, first, _ = site.start()
    shown: dict[str, str] = {}
    pids = [worker.pid for worker in site.site.workers]
    with Monitor(site.redis) as monitor, ProcessList(site.hosts, pids) as processes, flower(site):
        handle = begin(site, tmp_path / "plan", sentinels)
        site.until(lambda: len(truth.at_gate(site.hosts)) == 2 or handle.status().status.final, "both at the gate")
        assert len(truth.at_gate(site.hosts)) == 2, handle.status().to_json()
        site.until(lambda: told(site, handle).count("task 4") == 2, "the events of the first tasks")
        first.kill()
        (second,) = site.start("push")
        site.until(lambda: len(site.in_flight(handle, second)) == 2, "the second attempt")
        truth.open_gates(site.hosts)
        result = site.finish(handle)
        site.until(lambda: "deploy_tasks.push" in (ask_flower(site, "/api/tasks") or ""), "Flower has seen the tasks")
        shown["Flower's tasks"] = ask_flower(site, "/api/tasks") or ""
        shown["Flower's workers"] = ask_flower(site, "/api/workers?refresh=1") or ""
    check_it_happened(site, result)
    shown["commands of Redis"] = "\n".join(monitor.heard)
    shown["data of Redis"] = dump(site.redis)
    shown["argument lists"] = "\n".join(processes.heard)
    shown["logs"] = site.site.logs()
    shown["result"] = json.dumps(result.to_json())
    shown["events"] = "\n".join(json.dumps(event.data) for event in handle.events()) + told(site, handle)
    records = Path(site.settings.store).glob("records/**/*")
    shown["archive"] = "\n".join(path.read_text() for path in records if path.is_file())
    shown["artifacts"] = "\n".join(readable(path) for host in site.hosts for path in host.state_dir.glob("artifacts/*"))
    check_looked(shown)
    assert {place: hits for place, text in shown.items() if (hits := sentinels.found(text))} == {}
    roots = [site.site.folder, Path(site.settings.store), site.redis.folder]
    roots += [host.disk.upper for host in site.hosts]
    assert {str(root): open_files for root in roots if (open_files := exposed(root, sentinels))} == {}


def check_it_happened(site: FaultSite, result: Result) -> None:
    """Both hosts failed, in a second attempt, and what the first printed was told: else nothing could come out."""
    assert result.status is D.FAILED
    assert all(host.attempt > 1 for host in result.hosts.values())
    assert {host.error.module for host in result.hosts.values() if host.error} == {"shell"}
    assert all(len(truth.reports(host)) == 1 for host in site.hosts)


def check_looked(shown: dict[str, str]) -> None:
    """Every place was there to be looked at, and has something to do with the deployment."""
    marks = {
        "Flower's tasks": "deploy_tasks.push",
        "Flower's workers": "push-",
        "commands of Redis": "EVALSHA",
        "data of Redis": "web-001",
        "argument lists": "receive",
        "logs": "DEBUG",
        "result": "********",
        "events": "********",
        "archive": "web-001",
        "artifacts": "inventory_hostname",
    }
    assert {place: mark for place, mark in marks.items() if mark not in shown[place]} == {}
