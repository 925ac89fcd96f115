"""What a problem says is missing, so that the same wish in many files is counted as one."""

from __future__ import annotations

import re

from deploy_tasks.errors import Problem

#: What is not the language's: it comes with a later release, with other files, from whoever runs the playbook, or
#: the file is wrong, for Ansible too.
SUPPLIES = frozenset({"module", "argument", "plugin", "file", "role", "variable", "syntax"})
# What ansible-core brings itself and is not there; any other name comes from a plugin of a collection or of the folder.
_CORE = {
    "filter": frozenset({"fileglob", "unvault", "urlize", "vault"}),
    "test": frozenset({"vault_encrypted", "vaulted_file"}),
    "lookup": frozenset({"config", "csvfile", "ini", "inventory_hostnames", "unvault"}),
    "connection": frozenset({"psrp", "winrm"}),
    "strategy": frozenset({"debug"}),
}
_QUOTED = re.compile(r"'(?:[^'\\]|\\.)*'|\"(?:[^\"\\]|\\.)*\"")
_LAST_KEY = re.compile(r"\.([A-Za-z_][\w]*)(?:\[[^\]]*\])*$")
_MESSAGES = (
    ("module", re.compile(r"there is no module '(?P<name>[^']+)'")),
    ("argument", re.compile(r"(?P<module>[\w.]+) has no argument '(?P<name>[^']+)'")),
    ("filter", re.compile(r"no filter named '(?P<name>[^']+)'")),
    ("test", re.compile(r"no test named '(?P<name>[^']+)'")),
    ("function", re.compile(r"no function named '(?P<name>[^']+)'")),
    ("lookup", re.compile(r"the lookup '(?P<name>[^']+)' (?:is not supported|does not know )")),
    ("statement", re.compile(r"the tag '(?P<name>[^']+)' is not supported")),
    ("keyword", re.compile(r"'(?P<name>[^']+)' is not a keyword")),
    ("role", re.compile(r"there is no role (?P<name>'[^']+')")),
    ("file", re.compile(r"there is no (?P<name>file|playbook|file of \w+)\b")),
    ("file", re.compile(r"means no (?P<name>file) that is there")),
    ("file", re.compile(r"'[^']*' (?P<name>lies outside) ")),
    ("file", re.compile(r"(?P<name>begins with an expression), so the files it means are not known")),
    ("file", re.compile(r"may mean files of (?P<name>folders that have nothing in common)")),
    ("variable", re.compile(r"(?P<name>['\"]\{\{).* is not a connection that is known")),
    ("connection", re.compile(r"(?P<name>'[^']+') is not a connection that is known")),
    ("strategy", re.compile(r"(?P<name>'[^']+') is not one of linear, free, host_pinned")),
    ("variable", re.compile(r".*(?P<name>'[^']+') is not known before the deployment")),
    ("syntax", re.compile(r"template (?P<name>syntax):")),
)
_ARGUMENT = re.compile(r"\.args\.([A-Za-z_]\w*)")


def wish(problem: Problem, module: str = "") -> tuple[str, str]:
    """Kind and name of what is missing; `module` is that of the task the problem is in."""
    message = problem.message.partition("\n")[0]
    for kind, pattern in _MESSAGES:
        found = pattern.match(message)
        if found:
            groups = found.groupdict()
            name = groups["name"].strip("'")
            if kind in _CORE and name.removeprefix("ansible.builtin.") not in _CORE[kind]:
                return "plugin", f"{kind} {name}"
            return kind, f"{groups['module']}: {name}" if groups.get("module") else name
    argument = _ARGUMENT.search(problem.path)
    if argument and message.startswith("can only be "):
        return "argument", f"{module}: {argument[1]}" if module else argument[1]
    general = _QUOTED.sub("…", message)
    key = _LAST_KEY.search(problem.path)
    return "other", f"{key[1]}: {general}" if key else general
