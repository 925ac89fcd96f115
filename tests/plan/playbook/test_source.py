"""Documents: values as YAML 1.1 has them, what is refused, and its place."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from deploy_tasks.plan.documents import BadDocument
from deploy_tasks.plan.playbook import source
from deploy_tasks.plan.playbook.reading import Reading

REFUSED = json.loads((Path(__file__).parent / "cases" / "refused_documents.json").read_text())


def read(tmp_path: Path, text: str | bytes, name: str = "site.yml") -> Any:
    path = tmp_path / name
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return Reading().sources.read(path, name, shown=name).data


def problem(tmp_path: Path, text: str | bytes) -> str:
    with pytest.raises(BadDocument) as caught:
        read(tmp_path, text)
    return str(caught.value.problem)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("", None),
        ("---\n", None),
        ("# nothing\n", None),
        ("yes", True),
        ("Off", False),
        ("y", "y"),
        ("~", None),
        ("null", None),
        ("0644", 420),
        ("0o644", "0o644"),
        ("'0644'", "0644"),
        ("0x1F", 31),
        ("0b11", 3),
        ("1_000", 1000),
        ("190:20:30", 685230),
        ("1e3", "1e3"),
        ("1.0e+3", 1000.0),
        (".5", 0.5),
        ("1.", 1.0),
        ("08", "08"),
        ("2024-01-02", "2024-01-02"),
        ("2024-01-02 03:04:05", "2024-01-02 03:04:05"),
        ("!!str 5", "5"),
        ("!!int '5'", 5),
        ("!!binary aGk=", "hi"),
        ("!!set {b, a}", ["a", "b"]),
        ("!unsafe '{{ a }}'", "{% raw %}{{ a }}{% endraw %}"),
        ("!unsafe 'a { b'", "a { b"),
        ("!unsafe ['{{ a }}', 1, {b: c}]", ["{% raw %}{{ a }}{% endraw %}", 1, {"b": "c"}]),
        ("|\n a\n  b\n", "a\n b\n"),
        ("|-\n a\n", "a"),
        ("|+\n a\n\n", "a\n\n"),
        (">\n a\n b\n\n c\n", "a b\nc\n"),
        ('"a\\tb\\x41"', "a\tbA"),
        ("a b\n c", "a b c"),
        ("{1: a, yes: b, 1.5: c, ~: d}", {"1": "a", "true": "b", "1.5": "c", "None": "d"}),
        ("a: {80: http, yes: '{{ x }}', b: 'c{{ d }}'}", {"a": "{{ {80: 'http', true: x, 'b': ('c' ~ d)} }}"}),
        ("- {1: {2: {3: x}}}", [{"1": "{{ {2: ({3: 'x'})} }}"}]),
        ("a: &x [1]\nb: *x\n", {"a": [1], "b": [1]}),
        ("a: &x {p: 1, q: 2}\nb: {<<: *x, q: 3}\n", {"a": {"p": 1, "q": 2}, "b": {"p": 1, "q": 3}}),
        ("[&x {p: 1}, &y {p: 2, q: 2}, {<<: [*x, *y]}]", [{"p": 1}, {"p": 2, "q": 2}, {"p": 1, "q": 2}]),
        ("\ufeffa: 1", {"a": 1}),
        ('{"a": "\\u00e9", "b": [1, null]}', {"a": "é", "b": [1, None]}),
    ],
)  # fmt: skip
def test_values_are_what_ansible_reads(tmp_path: Path, text: str, value: Any) -> None:
    found = read(tmp_path, text)
    assert found == value
    assert type(found) is type(value)


def test_keys_keep_the_order_that_loops_follow(tmp_path: Path) -> None:
    found = read(tmp_path, "a: &x {p: 1, q: 2}\nb: {z: 0, <<: *x, p: 5}\n")
    assert list(found["b"].items()) == [("p", 5), ("q", 2), ("z", 0)]


def test_of_a_key_that_stands_twice_the_last_counts_with_a_warning(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    assert read(tmp_path, "a: 1\nb: {c: 1, d: 2,\n  c: [3]}\na: 3\n") == {"a": 3, "b": {"c": [3], "d": 2}}
    assert caplog.messages == [
        "site.yml:3:3: 'c' stands here and on line 2: the last one counts",
        "site.yml:4:1: 'a' stands here and on line 1: the last one counts",
    ]
    caplog.clear()
    read(tmp_path, "a: &x {p: 1}\nb: {<<: *x, p: 2}\n")
    assert not caplog.messages, "what is merged in stands once"


@pytest.mark.parametrize("case", REFUSED, ids=[case["text"][:30] for case in REFUSED])
def test_what_is_refused_is_told_with_its_place(tmp_path: Path, case: dict[str, str]) -> None:
    assert problem(tmp_path, case["text"]).startswith(case["told"])


def test_other_encodings_are_refused(tmp_path: Path) -> None:
    assert problem(tmp_path, b"a: \xff\n") == "site.yml:1: is not UTF-8 text (save the file as UTF-8)"


def bomb(merge: bool) -> str:
    lines = ["a0: &a0 {k: 1}"]
    for number in range(1, 40):
        again = f"*a{number - 1}, *a{number - 1}"
        lines.append(f"a{number}: &a{number} " + (f"{{<<: [{again}]}}" if merge else f"[{again}]"))
    return "\n".join(lines)


@pytest.mark.parametrize("merge", [False, True])
def test_small_files_do_not_unfold_into_huge_ones(tmp_path: Path, merge: bool) -> None:
    assert "values" in problem(tmp_path, bomb(merge)) or "deeper" in problem(tmp_path, bomb(merge))


def test_deep_nesting_ends_in_a_message(tmp_path: Path) -> None:
    assert "deep" in problem(tmp_path, "[" * 100_000)
    assert "deep" in problem(tmp_path, "- " * 50_000)


def test_size_and_number_of_files_are_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(source, "MAX_FILE", 1 << 20)
    assert "larger than the limit of 1 MiB" in problem(tmp_path, "a: " + "x" * (1 << 20))
    monkeypatch.setattr(source, "MAX_FILES", 2)
    sources = Reading().sources
    for number in range(2):
        (tmp_path / f"{number}.yml").write_text("a: 1")
        sources.read(tmp_path / f"{number}.yml", f"{number}.yml")
        sources.read(tmp_path / f"{number}.yml", f"{number}.yml")
    with pytest.raises(BadDocument, match="more than 2 files"):
        sources.read(tmp_path / "0.yml", "again.yml")
    monkeypatch.setattr(source, "MAX_TOTAL", 7)
    fresh = Reading().sources
    fresh.read(tmp_path / "0.yml", "0.yml")
    with pytest.raises(BadDocument, match="the playbook reads more than 0 MiB"):
        fresh.read(tmp_path / "1.yml", "1.yml")


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(BadDocument) as caught:
        Reading().sources.read(tmp_path / "no.yml", "no.yml", shown="roles/no.yml")
    assert str(caught.value.problem) == "roles/no.yml: cannot be read: No such file or directory"


@pytest.mark.parametrize("text", ["- 1\n", "text\n"])
def test_a_file_of_variables_is_a_mapping(tmp_path: Path, text: str) -> None:
    (tmp_path / "vars.yml").write_text(text)
    with pytest.raises(BadDocument, match="must be a mapping of variables"):
        Reading().sources.read_vars(tmp_path / "vars.yml", "vars.yml")


def test_an_empty_file_of_variables_has_none(tmp_path: Path) -> None:
    (tmp_path / "vars.yml").write_text("---\n")
    assert Reading().sources.read_vars(tmp_path / "vars.yml", "vars.yml") == {}
