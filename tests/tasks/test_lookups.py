"""Lookups performed by workers: once for a deployment, bounded, masked, and never by what a host says."""

from __future__ import annotations

import http.server
import json
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from deploy_tasks.outcome import DeploymentStatus as D
from deploy_tasks.plan.worker_lookups import Asked
from deploy_tasks.producer import Request, prepare
from deploy_tasks.rollout.record import Options
from deploy_tasks.settings import Settings, load
from deploy_tasks.tasks.lookups import confidential, perform
from tests.support.workers import Site, local_hosts, plan, shell, write


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return load(state_dir=tmp_path / "state")


def look(settings: Settings, kind: str, *terms: str, **options: Any) -> Any:
    answer = perform(Asked(kind, terms, tuple(sorted(options.items()))), settings)
    return answer.get("found", answer.get("failed"))


def test_the_environment_of_the_worker(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOME_WORD", "word")
    monkeypatch.setenv("DEPLOY_TASKS_FLOWER_PASSWORD", "ours")
    assert look(settings, "env", "SOME_WORD", "NOT_SET", "DEPLOY_TASKS_FLOWER_PASSWORD") == ["word", None, None]


def test_commands(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DEPLOY_TASKS_FLOWER_PASSWORD", "ours")
    assert look(settings, "pipe", "echo one; echo two") == ["one\ntwo"]
    assert look(settings, "lines", "echo one; echo two # all") == ["one", "two"]
    assert look(settings, "pipe", "env | grep -c DEPLOY_TASKS_ || true") == ["0"]
    assert "status 3: oh no" in look(settings, "pipe", "echo oh no >&2; exit 3")
    assert "more than 4 MiB" in look(settings, "pipe", "head -c 5000000 /dev/zero")
    assert "not UTF-8" in look(settings, "pipe", "printf '\\377'")


def test_a_command_that_hangs_is_ended(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("deploy_tasks.tasks.lookups.PIPE_S", 0.3)
    assert "takes longer" in look(settings, "pipe", "sleep 60")


def test_files_outside_the_plan(settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / "key.pub").write_text(" ssh-rsa AAA \n\n")
    assert look(settings, "file", str(tmp_path / "key.pub")) == [" ssh-rsa AAA"]
    assert look(settings, "file", "~/key.pub", lstrip=True, rstrip=False) == ["ssh-rsa AAA \n\n"]
    assert "No such file" in look(settings, "file", str(tmp_path / "gone"))


def test_passwords_are_made_once_and_kept_privately(settings: Settings, tmp_path: Path) -> None:
    first = look(settings, "password", "web/db length=12 chars=digits,ascii_lowercase")
    assert len(first[0]) == 12
    assert first[0].isalnum()
    assert look(settings, "password", "web/db") == first
    kept = settings.state_dir / "passwords" / "web" / "db"
    assert (kept.stat().st_mode & 0o777, kept.parent.stat().st_mode & 0o777) == (0o600, 0o700)
    assert [path.name for path in kept.parent.iterdir()] == ["db"]
    absolute = look(settings, "password", str(tmp_path / "absolute"), length=5)
    assert (tmp_path / "absolute").read_text() == absolute[0] + "\n"
    assert "leads out" in look(settings, "password", "../../etc/x")
    (tmp_path / "salted").write_text("secret salt=abc\n")
    assert look(settings, "password", str(tmp_path / "salted")) == ["secret"]


def test_passwords_that_are_not_kept(settings: Settings) -> None:
    assert look(settings, "password", "/dev/null") != look(settings, "password", "/dev/null")
    # what ansible-core 2.18 makes of this seed
    assert look(settings, "password", "/dev/null", seed="web1", length=10, chars=["digits"]) == ["5450622710"]
    assert set(look(settings, "password", "/dev/null", chars="a,,")[0]) <= {"a", ","}
    assert "characters" in look(settings, "password", "/dev/null", chars=["'"])
    assert "length" in look(settings, "password", "/dev/null", length=100_000)


class Pages(http.server.BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        pages = {"/two": b"one\ntwo\n", "/agent": self.headers["User-Agent"].encode(), "/big": b"x" * 5_000_000}
        pages["/user"] = (self.headers["Authorization"] or "").encode()
        self.send_response(302 if self.path == "/away" else 200 if self.path in pages else 404)
        if self.path == "/away":
            self.send_header("Location", "file:///etc/passwd")
        self.end_headers()
        self.wfile.write(pages.get(self.path, b""))

    def log_message(self, format: str, *args: Any) -> None:
        pass


@pytest.fixture
def pages() -> Iterator[str]:
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Pages)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


def test_addresses(settings: Settings, pages: str) -> None:
    assert look(settings, "url", f"{pages}/two") == ["one", "two"]
    assert look(settings, "url", f"{pages}/two", split_lines=False) == ["one\ntwo\n"]
    assert look(settings, "url", f"{pages}/agent", http_agent="mine") == ["mine"]
    assert look(settings, "url", f"{pages}/user", username="u", password="p") == ["Basic dTpw"]
    assert "404" in look(settings, "url", f"{pages}/gone")
    assert "more than 4 MiB" in look(settings, "url", f"{pages}/big")
    assert "is not allowed" in look(settings, "url", f"{pages}/away")
    assert "only http and https" in look(settings, "url", "file:///etc/passwd")


def test_what_is_not_allowed_is_not_performed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DEPLOY_TASKS_WORKER_LOOKUPS", "env, url")
    settings = load(state_dir=tmp_path)
    assert "not allowed" in look(settings, "pipe", f"touch {tmp_path}/ran")
    assert not (tmp_path / "ran").exists()
    assert isinstance(look(settings, "env", "PATH"), list)


def test_what_is_secret_of_an_answer() -> None:
    found = {"found": ["s3cret", None]}
    assert confidential(Asked("env", ("DB_PASS",)), found) == ["s3cret"]
    assert confidential(Asked("env", ("HOME",)), found) == []
    assert confidential(Asked("pipe", ("pass show x",)), found) == ["s3cret"]
    assert confidential(Asked("password", ("/dev/null",)), found) == ["s3cret"]
    assert confidential(Asked("url", ("http://x/",)), found) == []
    assert confidential(Asked("pipe", ("x",)), {"failed": "no"}) == []


def test_a_deployment_looks_up_once_and_shows_nothing(site: Site, tmp_path: Path) -> None:
    counted = tmp_path / "runs"
    pipe = f"lookup('pipe', 'echo run >> {counted}; echo hidden-word')"
    hosts = local_hosts(tmp_path, 3)
    with hosts.open("a") as file:
        file.write("[all:vars]\nfrom_inventory={{ lookup('pipe', 'echo from-inventory') }}\n")
    tasks = [write("{{ " + pipe + " }} {{ from_inventory }}"), shell("echo {{ " + pipe + " }}")]
    handle = site.producer.submit(prepare(Request(plan(*tasks), hosts, options=Options())))
    events = list(handle.events())
    result = handle.wait(30)
    assert result.status is D.SUCCEEDED, result.to_json()
    assert counted.read_text() == "run\n"
    for number in range(3):
        assert (tmp_path / f"host{number}" / "out.txt").read_text() == "hidden-word from-inventory"
    shown = json.dumps([event.data for event in events]) + json.dumps(result.to_json())
    assert "hidden-word" not in shown
    failing = plan(shell("echo {{ " + pipe + " }} >&2; false"))
    result = site.producer.submit(prepare(Request(failing, hosts, options=Options()))).wait(30)
    assert "hidden-word" not in json.dumps(result.to_json())
    assert "********" in json.dumps(result.to_json())


def test_a_lookup_that_fails_fails_only_what_uses_it(site: Site, tmp_path: Path) -> None:
    hosts = local_hosts(tmp_path, 1)
    unused = write("{{ lookup('pipe', 'exit 7') }}")
    unused["conditions"] = [{"variable": "inventory_hostname", "operator": "Equals", "value": "nobody"}]
    tasks = [unused, write("{{ lookup('pipe', 'exit 7', errors='ignore') | default('nothing', true) }}")]
    result = site.producer.submit(prepare(Request(plan(*tasks), hosts, options=Options()))).wait(30)
    assert result.status is D.SUCCEEDED, result.to_json()
    assert (tmp_path / "host0" / "out.txt").read_text() == "nothing"
    failing = plan(write("{{ lookup('pipe', 'exit 7') }}"))
    result = site.producer.submit(prepare(Request(failing, hosts, options=Options()))).wait(30)
    error = result.hosts["host0"].error
    assert error is not None
    assert "lookup('pipe'): the command ended with status 7" in error.message
