"""The `with_…` forms of a loop, as what `loop` says: a list, or a template that gives one.

A form whose items are known stays a list, so that the files they name are known; any other becomes a query of the
lookup of that name, with the same terms.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from deploy_tasks.plan.fields import bad, kind
from deploy_tasks.plan.jinja import is_template
from deploy_tasks.plan.jinja_pieces import Piece, expression, whole
from deploy_tasks.plan.problems import suggest

PREFIX = "with_"
_NAMES = """
cartesian csvfile dict env file fileglob filetree first_found flattened indexed_items ini inventory_hostnames items
lines list nested password pipe random_choice sequence subelements template together unvault url varnames vars
"""
_LOOKUPS = frozenset(_NAMES.split())
_REFUSED = {
    "config": "there is no ansible.cfg here: write the value itself",
}
_COLLECTIONS = ("ansible.builtin.", "ansible.legacy.", "community.general.")


def is_with(key: str) -> bool:
    """Whether a key of a task is one of these forms, known or not."""
    return key.startswith(PREFIX) and len(key) > len(PREFIX)


def loop_of(key: str, value: Any) -> Any:
    """What `loop` says for `with_items: …` and its kind. Raises a model error for a form that is not known."""
    name = _short(key.removeprefix(PREFIX))
    if name in _REFUSED:
        raise bad(f"{key} is not supported", _REFUSED[name])
    if name not in _LOOKUPS:
        hint = suggest(key, [PREFIX + known for known in _LOOKUPS]) or "loop takes a list, or a template that gives one"
        raise bad(f"there is no loop {key[:80]!r}", hint)
    if value is None:
        raise bad("has no value", f'for example {key}: "{{{{ packages }}}}"')
    made = _KNOWN[name](value) if name in _KNOWN else None
    return _query(name, value) if made is None else made


def check_loop(value: Any) -> Any:
    """The value of `loop` itself. Raises a model error when it can be no list."""
    if isinstance(value, (list, type(None))) or is_template(value):
        return value
    hint = "with_dict goes through a mapping" if isinstance(value, Mapping) else 'for example "{{ packages }}"'
    raise bad(f"must be a list or a template, not {kind(value)}", hint)


def _short(name: str) -> str:
    for collection in _COLLECTIONS:
        if name.startswith(collection) and name.removeprefix(collection) in _LOOKUPS:
            return name.removeprefix(collection)
    return name


def _items(value: Any) -> Any:
    """A list among the items is unfolded by one level; which are lists is known unless a whole item is a template."""
    # As in Ansible: of a mapping the keys.
    items = list(value) if isinstance(value, (list, dict)) else [value]
    if any(whole(item) for item in items):
        return None
    return [part for item in items for part in (item if isinstance(item, list) else [item])]


def _list(value: Any) -> Any:
    if isinstance(value, list):
        return value
    given = whole(value)
    return _with_terms(given, "{terms}") if given else [value]


def _dict(value: Any) -> Any:
    if isinstance(value, dict):
        return [{"key": key, "value": item} for key, item in value.items()]
    if isinstance(value, list):
        return None
    if not is_template(value):
        raise bad(f"must be a mapping or a template, not {kind(value)}", 'for example "{{ users }}"')
    return f"{{{{ query('dict', {expression(value)}) }}}}"


def _random(value: Any) -> Any:
    given = whole(value)
    if given:
        return _with_terms(given, "[{terms} | random]")
    return f"{{{{ [{expression(value if isinstance(value, list) else [value])} | random] }}}}"


def _indexed(value: Any) -> Any:
    """Items that are known, with their numbers."""
    items = _items(value)
    return None if items is None else [[number, item] for number, item in enumerate(items)]


_KNOWN: Mapping[str, Callable[[Any], Any]] = {
    "items": _items,
    "flattened": lambda _value: None,
    "list": _list,
    "dict": _dict,
    "random_choice": _random,
    "indexed_items": _indexed,
}


def _query(name: str, value: Any) -> str:
    given = whole(value)
    if given:
        return _with_terms(given, f"query('{name}', *{{terms}})")
    terms = ", ".join(expression(term) for term in (value if isinstance(value, list) else [value]))
    return f"{{{{ query('{name}'{', ' if terms else ''}{terms}) }}}}"


def _with_terms(given: Piece, form: str) -> str:
    """A template in which `{terms}` is the list that one template gives; what is no list counts as one term."""
    listed = "(terms | list if terms is iterable and terms is not string else [terms])"
    return f"{{% set terms = {given.escaped} %}}{{{{ {form.replace('{terms}', listed)} }}}}"
