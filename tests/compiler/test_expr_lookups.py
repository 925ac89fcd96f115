"""Lookups of files that travel, and of what the worker has looked up, as the runner gives them."""

from __future__ import annotations

from typing import Any

import pytest

from deploy_tasks.compiler.expressions import lower_template, lower_value
from deploy_tasks.plan.jinja import ExpressionError
from deploy_tasks.plan.worker_lookups import Asked, in_program
from tests.support.expressions import Evaluator, Outcome

FILES = {
    "roles/web/files/key.pub": "ssh-rsa AAA\n\n",
    "roles/web/files/both": "of the role",
    "roles/web/files/conf.d/a.conf": "a",
    "roles/web/files/conf.d/b.conf": "b",
    "roles/web/files/conf.d/.hidden.conf": "h",
    "roles/web/files/conf.d/sub/c.conf": "c",
    "roles/web/vars/Debian.yml": "",
    "both": "of the playbook",
    "plain.txt": "  plain \n",
}
TEMPLATES = {
    "roles/web/templates/hi.j2": "hi {{ name }}\n",
    "roles/web/templates/data.j2": '{"n": {{ n | default(1) }}}',
    "roles/web/templates/again.j2": "{{ lookup('template', 'again.j2') }}",
}
SEARCH = ["roles/web", "roles/web/tasks", "."]
VARIABLES = {
    "name": "you",
    "os": "Debian",
    "which": "key.pub",
    "params": {"files": ["x", "{{ os }}.yml"], "skip": True},
}


def look(evaluator: Evaluator, text: str, **variables: Any) -> Outcome:
    lowered = lower_value("{{ " + text + " }}", where="test")
    given = {name: lower_value(value, where="test") for name, value in (VARIABLES | variables).items()}
    templates = {name: lower_template(source, where=name) for name, source in TEMPLATES.items()}
    return evaluator.eval(["value", lowered], given, files=FILES, templates=templates, search=SEARCH)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("lookup('file', 'key.pub')", "ssh-rsa AAA"),
        ("lookup('ansible.builtin.file', which)", "ssh-rsa AAA"),
        ("lookup('file', 'both')", "of the role"),
        ("lookup('file', 'files/both')", "of the role"),
        ("lookup('file', 'plain.txt')", "  plain"),
        ("lookup('file', 'plain.txt', lstrip=true, rstrip=false)", "plain \n"),
        ("lookup('file', 'key.pub', 'both')", "ssh-rsa AAA,of the role"),
        ("query('file', 'key.pub', 'both')", ["ssh-rsa AAA", "of the role"]),
        ("lookup('file', 'both', wantlist=true)", ["of the role"]),
        ("lookup('file', 'gone', errors='ignore') | default('none', true)", "none"),
        ("query('file', 'gone', errors='warn')", []),
        ("lookup('template', 'hi.j2')", "hi you\n"),
        ("lookup('template', 'hi.j2', template_vars={'name': 'me'})", "hi me\n"),
        ("lookup('template', 'data.j2')", {"n": 1}),
        ("lookup('template', 'data.j2', convert_data=false)", '{"n": 1}'),
        ("query('fileglob', 'conf.d/*.conf')", ["roles/web/files/conf.d/a.conf", "roles/web/files/conf.d/b.conf"]),
        ("query('fileglob', 'conf.d/[!a]*')", ["roles/web/files/conf.d/b.conf"]),
        ("query('fileglob', '*.txt')", ["plain.txt"]),
        ("lookup('file', query('fileglob', 'conf.d/*.conf') | first)", "a"),
        ("query('fileglob', 'none/*')", []),
        ("lookup('first_found', ['x', os ~ '.yml'])", "roles/web/vars/Debian.yml"),
        ("query('first_found', 'x', 'both')", ["roles/web/files/both"]),
        ("lookup('first_found', params)", "roles/web/vars/Debian.yml"),
        ("lookup('first_found', {'files': 'y,both', 'paths': 'files;.'})", "roles/web/files/both"),
        ("query('first_found', {'files': ['y'], 'skip': true})", []),
        ("query('first_found', files=['y', 'both'], paths=['files'])", ["roles/web/files/both"]),
        ("query('first_found', nowhere ~ '', 'both', skip=true) if false else 'lazy'", "lazy"),
        ("query('first_found', [nowhere, 'both'])", ["roles/web/files/both"]),
        ("lookup('random_choice', 'only')", "only"),
    ],
)
def test_files_are_found(evaluator: Evaluator, text: str, expected: Any) -> None:
    assert look(evaluator, text) == Outcome(repr=repr(expected))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("lookup('file', 'gone')", "the file 'gone' does not travel with the plan"),
        ("lookup('template', 'both')", "'both' is no template"),
        ("lookup('template', 'again.j2')", "too deep"),
        ("lookup('first_found', ['x', 'y'])", "No file was found when using first_found."),
        ("lookup('env', 'HOME')", "is performed by the worker of a deployment, and none did"),
    ],
)
def test_what_is_not_there_is_an_error(evaluator: Evaluator, text: str, message: str) -> None:
    assert message in str(look(evaluator, text).error)


def asked(text: str) -> tuple[Asked, ...]:
    return tuple(in_program(lower_value("{{ " + text + " }}", where="test")))


def test_what_the_worker_found_is_used(evaluator: Evaluator) -> None:
    (home,) = asked("lookup('env', 'HOME')")
    assert home == Asked("env", ("HOME",))
    found = {home.name: {"found": ["/root"]}}
    assert look(evaluator, "lookup('env', 'HOME') ~ '/x'", **found).repr == "'/root/x'"
    assert look(evaluator, "query('env', 'HOME')", **found).repr == "['/root']"
    unset = {home.name: {"found": [None]}}
    assert look(evaluator, "lookup('env', 'HOME')", **unset).repr == "''"
    assert look(evaluator, "lookup('env', 'HOME', default='d')", **unset).repr == "'d'"
    assert look(evaluator, "lookup('env', 'HOME') | default(name, true)", **unset).repr == "'you'"
    failed = {home.name: {"failed": "lookup('env'): no"}}
    assert look(evaluator, "lookup('env', 'HOME')", **failed).error == "lookup('env'): no"
    assert look(evaluator, "lookup('env', 'HOME', errors='ignore')", **failed).repr == "None"


def test_questions_are_told_apart_by_what_they_ask() -> None:
    same = {each.name for text in ("lookup('pipe', 'date')", "q('pipe', 'da' ~ 'te')") for each in asked(text)}
    assert len(same) == 1
    assert asked("lookup('password', '/dev/null', length=8, chars=['digits'])") == (
        Asked("password", ("/dev/null",), (("chars", ["digits"]), ("length", 8))),
    )
    assert asked("lookup('file', '~/.ssh/id.pub')") == (Asked("file", ("~/.ssh/id.pub",)),)
    assert asked("lookup('file', 'id.pub')") == ()


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("lookup('env', 'x', **more)", "the names of its options are only known on the host"),
        ("lookup('password', path, encrypt=true)", "it has no option 'encrypt' here"),
        ("lookup('password', '/dev/null', encrypt='sha512_crypt')", "it has no option 'encrypt' here"),
        ("lookup('url', 5)", "its arguments are texts"),
        ("lookup('env')", "its arguments are texts"),
    ],
)
def test_what_a_host_would_decide_is_refused(text: str, why: str) -> None:
    with pytest.raises(ExpressionError) as caught:
        lower_value("{{ " + text + " }}", where="test")
    (problem,) = caught.value.problems
    assert problem.message.endswith(why)
    assert problem.hint == "write the arguments out, or pass the value as a variable"


def test_an_answer_cannot_be_asked_for_under_another_name() -> None:
    (home,) = asked("lookup('env', 'HOME')")
    assert list(in_program(["fetched", home.name, False, ["env", ["SECRET"], {}], {}])) == []
