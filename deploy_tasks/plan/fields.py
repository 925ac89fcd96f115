"""Field types shared by the plan formats. Each accepts the spellings people use and says exactly what it wanted."""

from __future__ import annotations

import re
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict
from pydantic_core import PydanticCustomError

_TRUE = {"yes", "true", "on", "y", "1", "t"}
_FALSE = {"no", "false", "off", "n", "0", "f"}
_SERIAL = re.compile(r"\d{1,9}%?")
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
MAX_SECONDS = 10 * 365 * 86400
MAX_HOSTS = 100_000


class Strict(BaseModel):
    """Base of the document models: no silent conversions, unknown keys ignored."""

    model_config = ConfigDict(strict=True, extra="ignore", frozen=True)


def kind(value: Any) -> str:
    """What a JSON value is, in words."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true or false"
    if isinstance(value, (int, float)):
        return "a number"
    if isinstance(value, str):
        return "text"
    return "a list" if isinstance(value, (list, tuple)) else "an object"


def bad(message: str, hint: str = "") -> PydanticCustomError:
    """The error a field raises; the hint says what to write instead. Braces in the texts are kept as they are."""
    return PydanticCustomError("plan", "{message}", {"message": message, "hint": hint})


def _expressions(value: Any) -> Any:
    if value is None:
        return []
    items = value if isinstance(value, list) else [value]
    return [_expression(item) for item in items]


def _expression(item: Any) -> str:
    if isinstance(item, bool):
        return "true" if item else "false"
    if not isinstance(item, str):
        raise bad(f"must be an expression as text, not {kind(item)}", "for example \"ansible_system == 'Linux'\"")
    text = item.strip()
    if not text:
        raise bad("is an empty expression", "leave it out, or write true")
    return _unbrace(text)


def _unbrace(text: str) -> str:
    """`{{ x }}` around a whole expression is tolerated, as Ansible does with a warning."""
    inner = text[2:-2]
    return inner.strip() if text.startswith("{{") and text.endswith("}}") and "{{" not in inner else text


def _words(value: Any) -> Any:
    """A list of texts, or one text with commas."""
    if value is None:
        return []
    if isinstance(value, str):
        return [part.strip() for part in value.split(",") if part.strip()]
    return _texts(value)


def _texts(value: Any) -> Any:
    if value is None:
        return []
    if isinstance(value, str):
        return [value]
    if not isinstance(value, list):
        raise bad(f"must be a list of texts, not {kind(value)}", 'for example ["web1", "web2"]')
    for item in value:
        if not isinstance(item, str) or not item.strip():
            raise bad(f"must be a list of texts, but one is {kind(item) if item != '' else 'empty'}")
    return value


def _switch(value: Any) -> Any:
    if isinstance(value, str) and value.strip().lower() in _TRUE:
        return True
    if isinstance(value, str) and value.strip().lower() in _FALSE:
        return False
    if not isinstance(value, bool):
        raise bad(f"must be true or false, not {kind(value)}")
    return value


def _switch_or_expression(value: Any) -> Any:
    if isinstance(value, str) and value.strip().lower() not in _TRUE | _FALSE:
        return _expression(value)
    return _switch(value)


def _switch_or_template(value: Any) -> Any:
    return value if isinstance(value, str) and "{{" in value else _switch(value)


def _seconds(value: Any) -> Any:
    """A number of seconds, or `{"secs": 1, "nanos": 500000000}`."""
    if isinstance(value, dict):
        secs, nanos = value.get("secs"), value.get("nanos", 0)
        if type(secs) is not int or type(nanos) is not int:
            raise bad('must be a number of seconds or {"secs": …, "nanos": …}')
        value = min(secs, MAX_SECONDS + 1) + min(nanos, 10**12) / 1e9
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise bad(f"must be a number of seconds, not {kind(value)}")
    if not 0 <= value <= MAX_SECONDS:
        raise bad(f"must be between 0 and {MAX_SECONDS} seconds")
    return float(value)


def _seconds_or_template(value: Any) -> Any:
    """A number of seconds, or a template that gives one; 0 is none."""
    if isinstance(value, str):
        found = _number_or_template(value)
        return found if isinstance(found, str) else _seconds(found) or None
    return _seconds(value) or None


def _number_or_template(value: Any) -> Any:
    if isinstance(value, str) and "{{" in value:
        return value
    if isinstance(value, str) and re.fullmatch(r"\d{1,9}(\.\d{1,6})?", value.strip()):
        return float(value) if "." in value else int(value)
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 <= value <= MAX_SECONDS:
        raise bad(f"must be a number or a template, not {kind(value)}", 'for example 5 or "{{ tries }}"')
    return value


def _count_or_template(value: Any) -> Any:
    found = _number_or_template(value)
    if isinstance(found, float) and not found.is_integer():
        raise bad("must be a whole number or a template, not a fraction", 'for example 5 or "{{ tries }}"')
    return found if isinstance(found, str) else int(found)


def _hosts_or_template(value: Any) -> Any:
    """A number of hosts; 0 is any number."""
    if type(value) is int and value < 0:
        raise bad("must be at least 1; 0 is any number of hosts")
    found = _count_or_template(value)
    if isinstance(found, int) and found > MAX_HOSTS:
        raise bad(f"must be {MAX_HOSTS} at most")
    return found or None


def _share(value: Any) -> Any:
    """A count of hosts or a percentage of them."""
    found = _serial(value)
    if len(found) != 1 or isinstance(value, list) or str(found[0]).rstrip("%").strip("0") == "":
        raise bad("must be a count of hosts or a percentage of them, from 1", 'for example 1 or "25%"')
    return found[0]


def _serial(value: Any) -> Any:
    """A count, a percentage, or a list of them."""
    if value is None:
        return []
    items = value if isinstance(value, list) else [value]
    for item in items:
        if isinstance(item, bool) or not isinstance(item, (int, str)) or not _SERIAL.fullmatch(str(item)):
            raise bad(
                "must be a count of hosts, a percentage or a list of them", 'for example 5, "30%" or [1, 5, "50%"]'
            )
    return [int(item) if str(item).isdecimal() else item for item in items]


def _variable_name(value: Any) -> Any:
    if value is not None and (not isinstance(value, str) or not _NAME.fullmatch(value)):
        raise bad("must be the name of a variable", "letters, digits and underscores, no digit first")
    return value


def _text(value: Any) -> Any:
    """A text that is not blank."""
    if not isinstance(value, str):
        raise bad(f"must be text, not {kind(value)}", "write it in quotes" if isinstance(value, (int, float)) else "")
    if not value.strip():
        raise bad("is empty")
    return value


def _listing(value: Any) -> Any:
    return [] if value is None else value


def _mapping(value: Any) -> Any:
    return {} if value is None else value


def _variables(value: Any) -> Any:
    """An object, or a list of objects merged in order, as `vars` and `environment` may be."""
    if isinstance(value, list) and all(isinstance(item, dict) for item in value):
        return {key: item for part in value for key, item in part.items()}
    return _mapping(value)


def _variables_or_template(value: Any) -> Any:
    return value if isinstance(value, str) and "{{" in value else _variables(value)


Text = Annotated[str, BeforeValidator(_text)]
Words = Annotated[list[str], BeforeValidator(_words)]
Texts = Annotated[list[str], BeforeValidator(_texts)]
Expressions = Annotated[list[str], BeforeValidator(_expressions)]
Expression = Annotated[str, BeforeValidator(_expression)]
Switch = Annotated[bool, BeforeValidator(_switch)]
SwitchOrExpression = Annotated[Any, BeforeValidator(_switch_or_expression)]
SwitchOrTemplate = Annotated[Any, BeforeValidator(_switch_or_template)]
Seconds = Annotated[float, BeforeValidator(_seconds)]
SecondsOrTemplate = Annotated[Any, BeforeValidator(_seconds_or_template)]
NumberOrTemplate = Annotated[Any, BeforeValidator(_number_or_template)]
CountOrTemplate = Annotated[Any, BeforeValidator(_count_or_template)]
HostsOrTemplate = Annotated[Any, BeforeValidator(_hosts_or_template)]
Share = Annotated[int | str, BeforeValidator(_share)]
Serial = Annotated[list[Any], BeforeValidator(_serial)]
VariableName = Annotated[str | None, BeforeValidator(_variable_name)]
Variables = Annotated[dict[str, Any], BeforeValidator(_variables)]
VariablesOrTemplate = Annotated[dict[str, Any] | str, BeforeValidator(_variables_or_template)]
Mapping_ = Annotated[dict[str, Any], BeforeValidator(_mapping)]
NoneAsEmpty = BeforeValidator(_listing)
NoneAsNothing = BeforeValidator(_mapping)
