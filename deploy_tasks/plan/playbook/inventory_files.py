"""Files whose names only the inventory says: `src: "{{ license }}"` with a `license` for each host or group.

Every value is looked for where Ansible would look. The host computes the name as it is written, and finds in the task
which file of the plan that is.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass

from pydantic_core import PydanticCustomError

from deploy_tasks.plan.jinja_pieces import expression, mapping
from deploy_tasks.plan.playbook import candidates, paths
from deploy_tasks.plan.playbook.candidates import Names
from deploy_tasks.plan.playbook.scope import Scope
from deploy_tasks.plan.playbook.site import Site
from deploy_tasks.plan.playbook.taskdoc import TaskDoc


@dataclass(frozen=True, slots=True)
class Chosen:
    """How a name is written for the host, and the files within the base that it may mean."""

    text: str
    files: tuple[str, ...]


def by_inventory(name: str, subfolder: str, doc: TaskDoc, scope: Scope, site: Site) -> Chosen | None:
    """The name of a task's file where only the inventory, or a default that it may overrule, says all of it.

    None: it is known without, or not even so, or one of the files is not there.
    """
    if not site.said.known or not paths.has_expression(scope.folders.resolve(name)):
        return None
    names = Names.of(scope, site, doc.fields, doc.common.vars)
    if candidates.looked_up(name, names) or all(each.literal is not None for each in candidates.patterns(name, names)):
        return None
    meant = candidates.patterns(name, Names.with_inventory(scope, site, doc.fields, doc.common.vars))
    texts = [each.literal for each in meant]
    found = {text: place for text in texts if text for place in _found(text, subfolder, scope, site)}
    if len(found) < len(set(texts)):
        return None
    try:
        computed = expression(name)
    except PydanticCustomError:
        return None  # statements: it is not one expression
    called = {text: site.name(place) + ("/" if text.endswith("/") else "") for text, place in found.items()}
    return Chosen(
        f"{{{{ {mapping(called.items())}.get({computed}, {computed}) }}}}", tuple(dict.fromkeys(called.values()))
    )


def _found(text: str, subfolder: str, scope: Scope, site: Site) -> Iterator[str]:
    """The file that a name means, if it is there: a folder's variable makes it one within the base."""
    place = paths.first_file((*scope.folders.places(subfolder, text), os.path.normpath(f"{site.base}/{text}")))
    if place is not None:
        yield place
