"""What a role says of its variables (`argument_specs`), as the task that compares them before the role begins."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from deploy_tasks.plan.fields import kind
from deploy_tasks.plan.jinja import is_template
from deploy_tasks.plan.playbook import paths
from deploy_tasks.plan.playbook.site import Site
from deploy_tasks.plan.problems import not_among, path_of

TYPES = ("bits", "bool", "bytes", "dict", "float", "int", "json", "jsonarg", "list", "path", "raw", "str")
MODULE = "validate_argument_spec"
_MAX_DEPTH = 20


def read(folder: str, where: str, meta: Mapping[str, Any], site: Site) -> tuple[Mapping[str, Any], str]:
    """The specifications of a role by entry point, and the path they stand at: those of a file of their own, else
    those in the role's `meta/main.yml`."""
    found = paths.main_files(f"{folder}/meta", "argument_specs", merge=False)
    if not found:
        return _mapping(meta.get("argument_specs"), f"{meta.get('')}.argument_specs", site)
    document = site.document(found[0], where)
    if document is None or not isinstance(document.data, dict):
        return {}, ""
    return _mapping(document.data.get("argument_specs"), f"{document.name}.argument_specs", site)


def _mapping(value: Any, path: str, site: Site) -> tuple[Mapping[str, Any], str]:
    if value is None or isinstance(value, dict):
        return value or {}, path
    site.problem(path, f"must be a mapping of entry points, not {kind(value)}", "main: {options: {…}}")
    return {}, path


def task(
    entry: str, specs: Mapping[str, Any], path: str, params: Mapping[str, Any], context: Mapping[str, Any], site: Site
) -> tuple[list[Any], str]:
    """The task for an entry point (the value of `tasks_from`), as a list that stands at a path; none without one."""
    spec = specs.get(entry)
    if not spec:
        return [], ""
    where = path_of((entry,), path)
    if not isinstance(spec, dict):
        site.problem(where, f"must be a mapping, not {kind(spec)}", "for example options: {port: {type: int}}")
        return [], ""
    options = spec.get("options") or {}
    for wrong in _wrong(options, f"{where}.options", 0):
        site.problem(*wrong)
    name = f"Validating arguments against arg spec '{entry}'"
    if "short_description" in spec:
        name += f" - {spec['short_description']}"
    args = {
        "argument_spec": options,
        "provided_arguments": dict(params),
        "validate_args_context": {"type": "role", "argument_spec_name": entry, **context},
    }
    return [{"name": name, MODULE: args, "tags": ["always"]}], where


def _wrong(options: Any, path: str, depth: int) -> Iterator[tuple[str, str, str | None]]:
    """What no value could ever fit: the path, the problem, what to write instead."""
    if not isinstance(options, dict) or depth > _MAX_DEPTH:
        yield path, f"must be a mapping of options, not {kind(options)}", "for example port: {type: int}"
        return
    for name, option in options.items():
        here = path_of((name,), path)
        if not isinstance(option, dict):
            yield here, f"must be a mapping, not {kind(option)}", "for example {type: int, required: true}"
            continue
        for key in ("type", "elements"):
            said = option.get(key)
            if said is not None and said not in TYPES and not is_template(said):
                yield f"{here}.{key}", *not_among(str(said), list(TYPES))
        if option.get("options") is not None:
            yield from _wrong(option["options"], f"{here}.options", depth + 1)
