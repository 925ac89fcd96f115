"""A grammar that writes Jinja2 expressions and templates which mostly fit together, and the variables they use.

The productions are in tests/cases/expr_grammar.json. Each is text with symbols in it: `<N>` a number, `<S>` text, `<L>`
a list, `<D>` a dict, `<B>` a truth, `<A>` anything, `<P>` statements, `<q>` a text literal, `<n>` a small integer.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

from hypothesis import strategies as st

_letters = st.text(alphabet="abcXYZ 09_-.,éß'\"\\\n\t<&%{", max_size=8)
_leaf = st.none() | st.booleans() | st.integers(-9, 9) | _letters
_deep = st.recursive(
    _leaf, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_letters, inner, max_size=3), max_leaves=5
)
_person = st.fixed_dictionaries(
    {
        "name": st.sampled_from(["ann", "Bob", "carl", "Dora", "bob"]),
        "age": st.integers(1, 4),
        "tags": st.lists(_letters, max_size=2),
    }
)

variables = st.fixed_dictionaries(
    {
        "i": st.integers(-9, 9),
        "j": st.integers(1, 5),
        "f": st.floats(allow_nan=False, allow_infinity=False),
        "big": st.integers(-(10**20), 10**20),
        "s": _letters,
        "t": _letters,
        "u": st.sampled_from(
            ["hello world", "a,b,,c", "  x  ", "One\nline two\r\nthree", "42", "3.7", "ABC", "straße", "a-b ccc"]
        ),
        "nums": st.lists(st.integers(-5, 5), max_size=5),
        "words": st.lists(st.sampled_from(["b", "A", "a", "c d", ""]), max_size=5),
        "mixed": st.lists(_leaf, max_size=4),
        "nested": _deep,
        "d": st.dictionaries(st.sampled_from(["a", "b", "k", "items", "count"]), _deep, max_size=4),
        "people": st.lists(_person, max_size=4),
        "yes": st.booleans(),
        "none_": st.none(),
    }
)

# Each symbol: what it becomes at the leaves, and what it may become above them.
GRAMMAR: dict[str, dict[str, list[str]]] = json.loads(
    (Path(__file__).parents[1] / "cases" / "expr_grammar.json").read_text(encoding="utf-8")
)

_SYMBOL = re.compile(r"<([NSLDBAPqn])>")


def _quoted(text: str) -> str:
    for plain, escaped in (("\\", "\\\\"), ("'", "\\'"), ("\n", "\\n"), ("\t", "\\t")):
        text = text.replace(plain, escaped)
    return f"'{text}'"


@st.composite
def _written(draw: st.DrawFn, symbol: str, depth: int) -> str:
    return _expand(draw, symbol, depth)


def _expand(draw: st.DrawFn, symbol: str, depth: int) -> str:
    if symbol == "q":
        return _quoted(draw(_letters))
    if symbol == "n":
        return str(draw(st.integers(-6, 9)))
    leaf = depth <= 0 or draw(st.integers(0, 3)) == 0
    production = draw(st.sampled_from(GRAMMAR[symbol]["leaves" if leaf else "others"]))
    return _SYMBOL.sub(lambda match: _expand(draw, match[1], depth - 1), production)


expressions: st.SearchStrategy[str] = st.integers(1, 3).flatmap(lambda depth: _written("A", depth))
templates: st.SearchStrategy[str] = st.integers(1, 3).flatmap(lambda depth: _written("P", depth))


_NAMES = ("", "a", "b", "c")
# Pieces of templates of several files. `@` is the name of one that comes later, `<P>` other pieces, `<S>` as above.
_PIECES = [
    "{% include '@' %}",
    "{% include '@' without context %}",
    "{% include ['nope', '@'] %}",
    "{% include 'nope' ignore missing %}",
    "{% include '@' if yes else '@' %}",
    "{% set n = '@' %}{% include n %}",
    "{% import '@' as m %}{{ m.f(i) }}{{ m.v }}{{ m }}",
    "{% import '@' as m with context %}{{ m.f(s) }}{{ m.w | default('-') }}",
    "{% from '@' import f, v as w %}{{ f(j) }}{{ w }}",
    "{% from '@' import f with context %}{{ f(v | default('?')) }}",
    "{% macro f(x) %}({{ x }}{{ v | default('.') }}{{ s }}){% endmacro %}",
    "{% macro f(x='d') %}<{{ x }}{% include '@' %}>{% endmacro %}",
    "{% set v = <S> %}",
    "{% if yes %}{% set v = <S> %}{% endif %}",
    "{% for v in words %}{% include '@' %}{% endfor %}",
    "{% for x in nums %}{{ loop.index }}{% include '@' %}{% endfor %}",
    "{% for x in nums %}<P>{% endfor %}",
    "{{ loop.index | default('no loop') }}",
    "{{ v | default('no v') }}{{ w | default('no w') }}{{ x | default('no x') }}",
    "{% block one %}<P>{% endblock %}",
    "{% block two scoped %}<P>{{ super() }}{% endblock %}",
    "{% block three %}{{ super() }}{{ v | default('') }}{% endblock %}",
    "{% for x in nums %}{% block four scoped %}{{ x }}{{ v | default('') }}{% endblock %}{% endfor %}",
    "{{ self.one() }}",
    "{% filter upper %}<P>{% endfilter %}",
    "{% set v %}<P>{% endset %}",
    "{% with v = <S> %}<P>{% endwith %}",
    "{% call(q) f(1) %}{{ q }}{% endcall %}",
    "{% if yes %}{% extends '@' %}{% endif %}",
    "text\n",
    "<S>",
]
_HOLE = re.compile(r"@|<([PS])>")
_BLOCK = re.compile(r"{% block (\w+)")


@st.composite
def template_sets(draw: st.DrawFn) -> tuple[str, dict[str, str]]:
    """A template and others, by their names, that it may include, import and extend."""
    made = {}
    for at, name in enumerate(_NAMES):
        head = "{% extends '@' %}" if at < len(_NAMES) - 1 and draw(st.integers(0, 3)) == 0 else ""
        body = "".join(_piece(draw, 2) for _ in range(draw(st.integers(1, 4))))
        text = _unique(head + body)
        later = st.sampled_from(_NAMES[at + 1 :] or ("c",))
        made[name] = "".join(draw(later) if part == "@" else part for part in re.split("(@)", text))
    # The last one refers to nobody.
    made["c"] = re.sub(r"{% (?:include|extends) 'c'[^%]*%}|{% (?:import|from) 'c'.*?%}", "", made["c"])
    return made.pop(""), made


def _piece(draw: st.DrawFn, depth: int) -> str:
    piece = draw(st.sampled_from(_PIECES if depth else ["text", "{{ v | default('') }}"]))
    fill = {"P": lambda: _piece(draw, depth - 1), "S": lambda: draw(st.sampled_from(["'k'", "s", "t", "i"]))}
    return _HOLE.sub(lambda match: "@" if match[0] == "@" else fill[match[1]](), piece)


def _unique(text: str) -> str:
    """A block may stand only once in a template: the next ones get other names."""
    seen: dict[str, int] = {}

    def name(match: re.Match[str]) -> str:
        seen[match[1]] = seen.get(match[1], 0) + 1
        return match[0] if seen[match[1]] == 1 else f"{match[0]}_{seen[match[1]]}"

    return _BLOCK.sub(name, text)


def case(texts: st.SearchStrategy[str]) -> st.SearchStrategy[tuple[str, dict[str, Any]]]:
    """A text and the variables it is evaluated with."""
    return st.tuples(texts, variables)
