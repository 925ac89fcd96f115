"""Lookups that hosts ask for while they run: answered once, masked, and only as plan and inventory make them."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
from redis import Redis

from deploy_tasks.compiler.asking import Document
from deploy_tasks.compiler.expressions import lower_value
from deploy_tasks.outcome import DeploymentStatus as D
from deploy_tasks.plan.hosts import Host, Inventory
from deploy_tasks.producer import Request, prepare
from deploy_tasks.rollout.record import Options
from deploy_tasks.rollout.views import Grant
from deploy_tasks.secret import Masker
from deploy_tasks.settings import load
from deploy_tasks.store import open_store
from deploy_tasks.tasks import looked_up
from deploy_tasks.tasks.context import Context
from deploy_tasks.tasks.inquiring import Inquiry
from deploy_tasks.tasks.looked_up import asked_secrets
from deploy_tasks.tasks.material import Material
from deploy_tasks.tasks.seal import Seal
from deploy_tasks.transport import BadOutput
from tests.support.workers import Site, local_hosts, plan, shell, write

PASSWORD = "lookup('password', 'pw/' ~ inventory_hostname ~ '/' ~ item ~ ' length=9')"
EXPRESSIONS = (PASSWORD, "lookup('pipe', 'echo ' ~ word)", "lookup('env', 'SOME_' ~ word | upper)")


class Asking:
    """A host of an inventory of two that asks a worker."""

    def __init__(self, redis: Redis, folder: Path, name: str = "web1") -> None:
        store = open_store(str(folder / "store"))
        self.here = cast(
            Context, SimpleNamespace(redis=redis, store=store, seal=Seal(store, redis), settings=load(state_dir=folder))
        )
        hosts = {each: Host(name=each, vars={"word": "good"}) for each in ("web1", "web2")}
        document = Document().read([lower_value("{{ " + each + " }}", where="test") for each in EXPRESSIONS])
        material = SimpleNamespace(
            host=hosts.__getitem__,
            inventory=Inventory(hosts=hosts, groups={}),
            document=lambda _store: document,
            lowered_extra={},
            lifetime_s=60,
            answers=lambda _here: looked_up.Answers(),
        )
        self.grant = cast(Grant, SimpleNamespace(deployment="d1", host=name))
        self.masker = Masker()
        self.inquiry = Inquiry(self.here, cast(Material, material), self.grant, self.masker, lambda _s: True)

    def ask(self, kind: str, *terms: str, **options: Any) -> Any:
        asked = self.inquiry.read({"lookup": kind, "terms": [*terms], "options": options})
        answer = self.inquiry.answer(asked)
        return answer.get("found", answer.get("failed"))


@pytest.fixture
def web1(redis: Redis, tmp_path: Path) -> Asking:
    return Asking(redis, tmp_path)


def test_a_host_gets_its_own_password_and_the_masker_learns_it(web1: Asking, redis: Redis, tmp_path: Path) -> None:
    (made,) = web1.ask("password", "pw/web1/db length=9")
    assert len(made) == 9
    assert web1.ask("password", "pw/web1/db length=9") == [made]
    assert web1.masker.text(f"it is {made}") == "it is ********"
    assert asked_secrets(web1.here, web1.grant) == (made,)
    web2 = Asking(redis, tmp_path, "web2")
    assert asked_secrets(web2.here, web2.grant) == ()
    web2.inquiry.learn_all()
    assert made not in web2.masker.text(made)
    assert made not in repr(redis.hgetall("dt:d1:asked")) + repr([redis.hvals(key) for key in redis.keys("*:asked")])


@pytest.mark.parametrize(
    ("kind", "term"),
    [
        ("password", "pw/web2/db length=9"),
        ("password", "pw/web1/../web2/db length=9"),
        ("password", "pw/web1/.. length=9"),
        ("password", "pw/web1/a/b length=9"),
        ("password", "pw/web1/db length=1"),
        ("password", "pw/web1/db"),
        ("password", "/etc/passwd"),
        ("pipe", "id"),
        ("pipe", "echo good; id"),
        ("env", "SECRET"),
        ("file", "/etc/shadow"),
        ("url", "http://127.0.0.1/"),
        ("lines", "echo good"),
    ],
)
def test_a_hostile_host_gets_nothing_else(
    web1: Asking, kind: str, term: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def never(*_: Any) -> None:
        raise AssertionError("it was performed")

    monkeypatch.setattr(looked_up, "perform", never)
    assert "is refused: only the host knows its arguments" in web1.ask(kind, term)
    assert not (tmp_path / "passwords").exists()


def test_options_are_those_of_the_plan(web1: Asking, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOME_GOOD", "word")
    assert web1.ask("pipe", "echo good") == ["good"]
    assert web1.ask("env", "SOME_GOOD") == ["word"]
    assert "is refused" in web1.ask("password", "pw/web1/db length=9", seed="x")


@pytest.mark.parametrize(
    "question",
    [
        {"lookup": "vars", "terms": ["x"], "options": {}},
        {"lookup": "env", "terms": [], "options": {}},
        {"lookup": "env", "terms": [["x"]], "options": {}},
        {"lookup": "env", "terms": ["x" * 100_000], "options": {}},
        {"lookup": "env", "terms": ["x"], "options": []},
    ],
)
def test_what_is_no_question_ends_the_conversation(web1: Asking, question: dict[str, Any]) -> None:
    with pytest.raises(BadOutput):
        web1.inquiry.read(question)


def test_a_host_has_only_so_much_looked_up(web1: Asking, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(looked_up, "MAX_ASKED", 2)
    for name in "ab":
        assert len(web1.ask("password", f"pw/web1/{name} length=9")[0]) == 9
    assert "may ask for 2 different things" in web1.ask("password", "pw/web1/c length=9")
    assert len(web1.ask("password", "pw/web1/a length=9")[0]) == 9


def test_a_deployment_whose_hosts_ask(site: Site, tmp_path: Path) -> None:
    counted = tmp_path / "runs"
    hosts = local_hosts(tmp_path, 2)
    with hosts.open("a") as file:
        file.write(f"[all:vars]\nruns={counted}\nword=shared\n")
        file.write("secret_word={{ lookup('password', 'apps/' ~ inventory_hostname ~ '/key length=15') }}\n")
    pipe = "lookup('pipe', 'echo run >> ' ~ runs ~ '; echo ' ~ word)"
    tasks = [
        write("{{ " + pipe + " }} {{ " + pipe + " }} {{ secret_word }}"),
        {**shell("echo {{ item }} is {{ lookup('pipe', 'echo ' ~ item ~ '-value') }}"), "loop": ["one", "two"]},
        shell("echo {{ secret_word }} >&2"),
    ]
    handle = site.producer.submit(prepare(Request(plan(*tasks), hosts, options=Options())))
    events = list(handle.events())
    result = handle.wait(60)
    assert result.status is D.SUCCEEDED, result.to_json()
    assert counted.read_text() == "run\n"
    kept = []
    for number in range(2):
        shared, again, password = (tmp_path / f"host{number}" / "out.txt").read_text().split()
        assert (shared, again, len(password)) == ("shared", "shared", 15)
        kept.append(password)
    assert kept[0] != kept[1]
    shown = json.dumps([event.data for event in events]) + json.dumps(result.to_json())
    assert not any(password in shown for password in kept)


def test_what_a_host_tells_names_nothing(site: Site, tmp_path: Path) -> None:
    hosts = local_hosts(tmp_path, 1)
    asking = write("{{ lookup('pipe', 'echo ' ~ (made.stdout | default('planned'))) }}")
    ran = plan(asking)
    result = site.producer.submit(prepare(Request(ran, hosts, options=Options()))).wait(60)
    assert result.status is D.SUCCEEDED, result.to_json()
    assert (tmp_path / "host0" / "out.txt").read_text() == "planned"
    ran = plan({**shell("echo planned; echo $(id)"), "register": "made"}, asking)
    result = site.producer.submit(prepare(Request(ran, hosts, options=Options()))).wait(60)
    error = result.hosts["host0"].error
    assert error is not None
    assert "lookup('pipe') is refused: only the host knows its arguments" in error.message
