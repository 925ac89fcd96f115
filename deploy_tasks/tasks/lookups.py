"""Performing lookups on the worker: what the plan asks of the machine that the worker runs on, and of the network.

Everything is bounded, nothing that a host said takes part, and `worker_lookups` of the settings says what is allowed.
"""

from __future__ import annotations

import contextlib
import os
import random
import secrets
import shlex
import ssl
import string
import tempfile
import urllib.request
from base64 import b64encode
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from deploy_tasks.compiler.process import run
from deploy_tasks.plan.worker_lookups import Asked
from deploy_tasks.secret import is_secret_name
from deploy_tasks.settings import Settings

PIPE_S, URL_S = 60.0, 10.0
MAX_BYTES = 4 << 20
_OURS = "DEPLOY_TASKS_"
_SHOWN = frozenset({"HOME", "HOSTNAME", "LANG", "LC_ALL", "LOGNAME", "PATH", "PWD", "SHELL", "TERM", "TZ", "USER"})
_LETTERS = ("ascii_letters", "digits", ".,:-_")


class LookupFailed(Exception):
    """A lookup found nothing or went wrong; the text is for the user."""


def perform(asked: Asked, settings: Settings) -> dict[str, Any]:
    """The answer as the runner reads it: `{"found": [value…]}`, or `{"failed": why}`."""
    if asked.kind not in settings.lookups:
        return {"failed": f"lookups of the kind '{asked.kind}' are not allowed on these workers"}
    look = _KINDS[asked.kind]
    try:
        found = [value for term in asked.terms for value in look(str(term), dict(asked.options), settings)]
    except (LookupFailed, OSError, ValueError) as error:
        return {"failed": f"lookup('{asked.kind}'): {error}"}
    return {"found": found}


def confidential(asked: Asked, answer: Mapping[str, Any]) -> list[str]:
    """What of an answer is to be masked wherever it would be shown."""
    texts = [text for text in answer.get("found", ()) if isinstance(text, str)]
    if asked.kind == "env":
        shown = all(str(term).split()[0] in _SHOWN for term in asked.terms)
        return [] if shown else texts
    named = any(is_secret_name(str(term)) for term in asked.terms)
    return texts if asked.kind in ("password", "pipe", "lines") or named else []


def _env(term: str, _options: Mapping[str, Any], _settings: Settings) -> list[Any]:
    """A variable of the worker's environment, None when it is not set; the worker's own settings are not told."""
    name = term.split()[0]
    return [None if name.startswith(_OURS) else os.environ.get(name)]


def _file(term: str, options: Mapping[str, Any], _settings: Settings) -> list[Any]:
    """A file of the worker outside the plan's folder."""
    with Path(term).expanduser().open("rb") as stream:
        text = _text(stream.read(MAX_BYTES + 1))
    text = text.lstrip() if options.get("lstrip") else text
    return [text.rstrip() if options.get("rstrip", True) else text]


def _pipe(term: str, _options: Mapping[str, Any], _settings: Settings) -> list[Any]:
    return [_printed(term).rstrip()]


def _lines(term: str, _options: Mapping[str, Any], _settings: Settings) -> list[Any]:
    return list(_printed(term).splitlines())


def _printed(command: str) -> str:
    """What a command of the plan prints, in an empty folder and without our settings in its environment."""
    env = {name: value for name, value in os.environ.items() if not name.startswith(_OURS)}
    with tempfile.TemporaryDirectory(prefix="deploy-tasks-pipe-") as folder:
        target = Path(folder, "out")
        # The shell is the user's wish: `pipe` takes a command line. Only the plan's author wrote it.
        line = f"{{ {command}\n}} >{shlex.quote(str(target))}"
        ended = run(["/bin/sh", "-c", line], cwd=Path(folder), env=env, timeout_s=PIPE_S)
        if ended.timed_out:
            raise LookupFailed(f"the command takes longer than {PIPE_S:g} s")
        if ended.status != 0:
            raise LookupFailed(f"the command ended with status {ended.status}: {ended.output.strip()[-500:]}")
        with target.open("rb") as stream:
            return _text(stream.read(MAX_BYTES + 1))


def _url(term: str, options: Mapping[str, Any], _settings: Settings) -> list[Any]:
    if urlsplit(term).scheme not in ("http", "https"):
        raise LookupFailed("only http and https addresses are fetched")
    headers = {str(name): str(value) for name, value in (options.get("headers") or {}).items()}
    headers.setdefault("User-Agent", str(options.get("http_agent") or "deploy-tasks"))
    if options.get("username"):
        user = f"{options['username']}:{options.get('password') or ''}"
        headers["Authorization"] = "Basic " + b64encode(user.encode()).decode()
    checked = str(options.get("validate_certs", True)).lower() not in ("false", "no", "0")
    context = ssl.create_default_context() if checked else ssl._create_unverified_context()  # noqa: S323  (asked for)
    asked = urllib.request.Request(term, headers=headers)  # noqa: S310  (the scheme was looked at)
    opener = urllib.request.build_opener(urllib.request.HTTPSHandler(context=context), _SameKind())
    with opener.open(asked, timeout=float(options.get("timeout") or URL_S)) as answer:
        text = _text(answer.read(MAX_BYTES + 1))
    return list(text.splitlines()) if options.get("split_lines", True) else [text]


class _SameKind(urllib.request.HTTPRedirectHandler):
    """Follows redirects to http and https alone."""

    def redirect_request(self, req: Any, fp: Any, code: int, msg: str, headers: Any, newurl: str) -> Any:
        if urlsplit(newurl).scheme not in ("http", "https"):
            raise LookupFailed("the address redirects to one that is neither http nor https")
        return super().redirect_request(req, fp, code, msg, headers, newurl)


def _password(term: str, options: Mapping[str, Any], settings: Settings) -> list[Any]:
    """A password from a file, made and kept there if there is none; nothing is kept for /dev/null."""
    path, more = _terms(term)
    given = {**more, **options}
    if path == "/dev/null":
        return [_made(given)]
    # Workers of several machines keep their passwords in a folder that they share, or each its own.
    file = Path(path).expanduser()
    file = file if file.is_absolute() else settings.state_dir / "passwords" / _inside(path)
    with contextlib.suppress(FileNotFoundError):
        return [_kept(file)]
    file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    descriptor, temporary = tempfile.mkstemp(dir=file.parent)
    with os.fdopen(descriptor, "w", encoding="utf-8") as stream:
        stream.write(_made(given) + "\n")
    try:
        os.link(temporary, file)  # whoever comes first decides
    except FileExistsError:
        pass
    finally:
        os.unlink(temporary)
    return [_kept(file)]


def _inside(path: str) -> str:
    clean = os.path.normpath(path)
    if clean.startswith(("/", "..")) or clean == ".":
        raise LookupFailed(f"{path[:200]!r} leads out of the folder of passwords")
    return clean


def _kept(file: Path) -> str:
    with file.open("rb") as stream:
        text = _text(stream.read(MAX_BYTES + 1)).rstrip()
    return text.rpartition(" salt=")[0] or text


def _terms(term: str) -> tuple[str, dict[str, str]]:
    """The path and the options written behind it: `/tmp/x length=12`."""
    words = term.split(" ")
    at = next((i for i, word in enumerate(words) if word.split("=")[0] in ("length", "chars", "seed")), len(words))
    return " ".join(words[:at]).strip(), dict(word.split("=", 1) for word in words[at:] if "=" in word)


def _made(options: Mapping[str, Any]) -> str:
    length = int(options.get("length") or 20)
    if not 0 < length <= 10_000:
        raise LookupFailed("the length of a password is from 1 to 10000")
    chars = options.get("chars") or _LETTERS
    if isinstance(chars, str):
        listed = [part for part in chars.replace(",,", ",").split(",") if part]
        chars = [*listed, ","] if ",," in chars else listed
    known = "".join(str(getattr(string, each, each)) for each in map(str, chars))
    letters = known.replace('"', "").replace("'", "")
    if not letters:
        raise LookupFailed("a password needs characters to be made of")
    seed = options.get("seed")
    source = secrets.SystemRandom() if seed is None else random.Random(str(seed))  # noqa: S311  (the same every time)
    return "".join(source.choice(letters) for _ in range(length))


def _text(data: bytes) -> str:
    if len(data) > MAX_BYTES:
        raise LookupFailed(f"there are more than {MAX_BYTES >> 20} MiB")
    try:
        return data.decode()
    except UnicodeDecodeError:
        raise LookupFailed("what was found is not UTF-8 text") from None


_Look = Callable[[str, Mapping[str, Any], Settings], list[Any]]
_KINDS: Mapping[str, _Look] = {
    "env": _env,
    "file": _file,
    "lines": _lines,
    "password": _password,
    "pipe": _pipe,
    "url": _url,
}
