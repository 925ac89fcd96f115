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


def case(texts: st.SearchStrategy[str]) -> st.SearchStrategy[tuple[str, dict[str, Any]]]:
    """A text and the variables it is evaluated with."""
    return st.tuples(texts, variables)
