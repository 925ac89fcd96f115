"""Files that are encrypted with ansible-vault and that a task brings to the host."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

from deploy_tasks.plan.documents import BadDocument, decode, read_bounded
from deploy_tasks.plan.playbook import paths
from deploy_tasks.plan.playbook.site import Site, shown
from deploy_tasks.plan.playbook.taskdoc import TaskDoc

_MAX_FILE = 8 << 20
_FALSE = frozenset({"0", "false", "no", "off", "n", "f"})


def with_decrypted(doc: TaskDoc, site: Site) -> TaskDoc:
    """The task whose `src` is an encrypted file, with the file's text as a secret value in its place.

    What cannot be done so is a problem: the file itself would go to the host as it is, encrypted.
    """
    name = doc.args.get("src")
    if not isinstance(name, str) or str(doc.args.get("decrypt", True)).strip().lower() in _FALSE:
        return doc
    place = os.path.normpath(os.path.join(site.base, name))
    if paths.has_expression(name) or not site.is_encrypted(place):
        return doc
    path = f"{doc.where}.args.src"
    if doc.module != "copy":
        hint = "keep only its secrets in an encrypted file of variables, or bring it with copy"
        site.problem(path, f"{name!r} is encrypted with ansible-vault, which {doc.module} does not read", hint)
        return doc
    try:
        text = decode(read_bounded(Path(place), _MAX_FILE), shown(place))
        content = site.ctx.vault.hide_text(text, shown(place))
    except BadDocument as error:
        site.problem(path, f"{name!r} {error.problem.message}", error.problem.hint)
        return doc
    args = {key: value for key, value in doc.args.items() if key not in ("src", "decrypt", "local_follow")}
    if args.get("mode") == "preserve":  # which only a file can have
        args["mode"] = f"{os.stat(place).st_mode & 0o7777:04o}"
    dest = args.get("dest")
    if isinstance(dest, str) and dest.endswith("/"):
        args["dest"] = dest + os.path.basename(place)
    return replace(doc, args={**args, "content": content})
