"""The text of `script`, taken apart: the file that runs, and the words for it."""

from __future__ import annotations

import re

_TEMPLATE = re.compile(r"\{\{.*?\}\}|\{%.*?%\}", re.DOTALL)


def script_words(text: str) -> dict[str, str]:
    """`src`, the first word without its quotes, and `_raw_params`, what follows it as it is written, if anything does.

    Spaces within quotes and templates end no word.
    """
    text = text.strip()
    word, at, quote = "", 0, ""
    while at < len(text):
        template = _TEMPLATE.match(text, at)
        char = text[at]
        if template:
            word += template[0]
            at = template.end()
            continue
        if char == quote:
            quote = ""
        elif not quote and char in "'\"":
            quote = char
        elif char == "\\" and quote != "'" and at + 1 < len(text):
            at += 1
            word += text[at]
        elif char.isspace() and not quote:
            break
        else:
            word += char
        at += 1
    rest = text[at:].strip()
    return {"src": word, **({"_raw_params": rest} if rest else {})}
