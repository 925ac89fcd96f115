"""Which lookups with computed arguments a plan may have, and what of them a host may ask a worker."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from deploy_tasks.compiler.asking import Document, allowed, refused
from deploy_tasks.compiler.expressions import lower_value
from deploy_tasks.plan.worker_lookups import Asked

HOST = {
    "inventory_hostname": "web1",
    "word": "good",
    "paths": ["a", "b"],
    "table": {"k": "v"},
    "cmd": "echo {{ word }}",
}


def document(text: str, **task: Any) -> dict[str, Any]:
    """A program of one task that evaluates an expression."""
    vars = {"set_here": "here", "of_fact": "{{ ansible_hostname }}", "nested": "{{ set_here ~ '!' }}", "a": "{{ a }}"}
    step = {"module": "debug", "args": {"msg": "{{ " + text + " }}"}, **task}
    first = {"module": "command", "args": {"_raw_params": "x"}, "register": "result"}
    found: dict[str, Any] = lower_value({"plays": [{"vars": vars, "tasks": [first, step]}]}, where="test")
    found["plays"][0]["tasks"][1]["where"] = "tasks[1]"
    return found


def host(variables: Mapping[str, Any]) -> Any:
    return lower_value(dict(variables), where="host")


def ask(text: str, *terms: str, extra: Mapping[str, Any] | None = None, task: Any = None, **options: Any) -> bool:
    kind = text.split("'")[1]
    said = Document().read(document(text, **(task or {})))
    fetched = {Asked("env", ("HOME",)).name: ["/root"]}
    may = allowed(said, host(HOST), extra or {}, fetched.get)
    return Asked(kind, terms, tuple(sorted(options.items()))) in may


@pytest.mark.parametrize(
    ("text", "term"),
    [
        ("lookup('pipe', 'echo ' ~ word)", "echo good"),
        ("lookup('pipe', 'echo ' + word | upper)", "echo GOOD"),
        ("lookup('pipe', cmd)", "echo good"),
        ("lookup('pipe', nested)", "here!"),
        ("lookup('env', table.k)", "v"),
        ("lookup('env', table['k'] ~ paths[0] ~ word[-1])", "vad"),
        ("lookup('env', paths | join('_'))", "a_b"),
        ("lookup('env', missing | default('other'))", "other"),
        ("lookup('env', 'x' if ansible_hostname == 'y' else 'z')", "x"),
        ("lookup('env', lookup('vars', 'wo' ~ 'rd'))", "good"),
        ("lookup('env', ['x', word] | last | replace('o', '0'))", "g00d"),
        ("lookup('env', inventory_hostname.split('b')[0])", "we"),
        ("lookup('env', 'N' ~ (paths | length))", "N2"),
        ("lookup('file', lookup('env', 'HOME') ~ '/key')", "/root/key"),
        ("lookup('file', '/keys/' ~ inventory_hostname)", "/keys/web1"),
        ("lookup('password', 'pw/' ~ result.stdout ~ '/' ~ inventory_hostname ~ '-x/db')", "pw/anything/web1-x/db"),
    ],
)
def test_what_plan_and_inventory_make_may_be_asked(text: str, term: str) -> None:
    assert refused(document(text)) == []
    assert ask(text, term)
    assert not ask(text, term + "x/y")
    assert not ask(text, term, seed="x")


@pytest.mark.parametrize(
    ("text", "terms"),
    [
        ("lookup('pipe', 'echo ' ~ (of_fact | default('x')))", ["echo other"]),
        ("lookup('file', name_of_file)", ["relative"]),
        ("lookup('file', paths[0])", ["a"]),
        ("lookup('env', word, 'x')", ["good"]),
        ("lookup('env', a)", ["a"]),
        ("lookup('env', '%s' % word)", ["good"]),
        ("lookup('password', 'pw/' ~ inventory_hostname ~ result.stdout ~ '/db')", ["pw/web12/db"]),
        ("lookup('password', 'pw/web1/' ~ result.stdout)", ["pw/web1/x"]),
        ("lookup('password', 'pw/' ~ inventory_hostname | lower ~ '/' ~ result.stdout)", ["pw/web1/x"]),
    ],
)
def test_what_they_do_not_make_may_not(text: str, terms: list[str]) -> None:
    assert not ask(text, *terms)


def test_loops_say_what_their_items_are() -> None:
    text = "lookup('env', item.name ~ '_' ~ word)"
    loop = {"loop": [{"name": "one"}, {"name": "{{ set_here }}"}]}
    assert [ask(text, f"{name}_good", task=loop) for name in ("one", "here", "two")] == [True, True, False]
    named = {"loop": "{{ paths }}", "loop_control": {}, "loop_var": "each"}
    assert ask("lookup('env', each)", "b", task=named)
    assert not ask("lookup('env', each)", "c", task=named)


def test_extra_variables_replace_what_others_say() -> None:
    text = "lookup('pipe', 'echo ' ~ word)"
    assert ask(text, "echo mine", extra={"word": "mine"})
    assert not ask(text, "echo good", extra={"word": "mine"})
    assert not ask("lookup('env', inventory_hostname)", "web2", extra={"inventory_hostname": "web2"})


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("lookup('pipe', 'echo ' ~ ansible_hostname)", "are only known on the host (ansible_hostname)"),
        ("lookup('env', result.stdout)", "are only known on the host (result)"),
        ("lookup('url', 'http://x/' ~ of_fact)", "are only known on the host (of_fact)"),
        ("lookup('lines', hostvars.web2.x)", "are only known on the host (hostvars)"),
        ("lookup('env', 'a%s' % word)", "are more than a worker can work out"),
        ("lookup('password', 'pw/' ~ ansible_hostname)", "are only known on the host (ansible_hostname)"),
        ("lookup('password', 'pw/' ~ inventory_hostname ~ ansible_os_family)", "are only known on the host"),
        ("lookup('password', '/dev/null', length=result.rc)", "are only known on the host (result)"),
    ],
)
def test_what_only_a_host_knows_is_refused(text: str, why: str) -> None:
    (problem,) = refused(document(text))
    assert problem.path == "tasks[1]"
    assert why in problem.message
    assert problem.hint is not None
    assert ("folder of its own" in problem.hint) == ("'password'" in text)
