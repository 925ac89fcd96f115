"""The lookup `config`: what Ansible's settings are where no `ansible.cfg` says otherwise, as none is read here."""

from __future__ import annotations

from types import MappingProxyType

from jinja2 import nodes

from deploy_tasks.plan.jinja_names import short_name
from deploy_tasks.plan.problems import suggest

#: The defaults of ansible-core 2.18 that no environment and no machine changes.
VALUES: MappingProxyType[str, bool | int | str | None] = MappingProxyType(
    {
        "ANSIBLE_PIPELINING": False,
        "ANY_ERRORS_FATAL": False,
        "DEFAULT_BECOME": False,
        "DEFAULT_BECOME_ASK_PASS": False,
        "DEFAULT_BECOME_METHOD": "sudo",
        "DEFAULT_BECOME_USER": "root",
        "DEFAULT_EXECUTABLE": "/bin/sh",
        "DEFAULT_FORCE_HANDLERS": False,
        "DEFAULT_FORKS": 5,
        "DEFAULT_GATHERING": "implicit",
        "DEFAULT_HASH_BEHAVIOUR": "replace",
        "DEFAULT_JINJA2_NATIVE": False,
        "DEFAULT_MANAGED_STR": "Ansible managed",
        "DEFAULT_NO_LOG": False,
        "DEFAULT_POLL_INTERVAL": 15,
        "DEFAULT_PRIVATE_KEY_FILE": None,
        "DEFAULT_REMOTE_PORT": None,
        "DEFAULT_REMOTE_USER": None,
        "DEFAULT_STRATEGY": "linear",
        "DEFAULT_TIMEOUT": 10,
        "DEFAULT_TRANSPORT": "ssh",
        "DEFAULT_UNDEFINED_VAR_BEHAVIOR": True,
        "DEFAULT_VERBOSITY": 0,
        "DUPLICATE_YAML_DICT_KEY": "warn",
        "ERROR_ON_MISSING_HANDLER": True,
        "HOST_KEY_CHECKING": True,
        "INJECT_FACTS_AS_VARS": True,
        "INTERPRETER_PYTHON": "auto",
        "RETRY_FILES_ENABLED": False,
    }
)
_INSTEAD = {
    "CONFIG_FILE": "use playbook_dir",
    "COLLECTIONS_PATH": "name files relative to playbook_dir or role_path",
    "COLLECTIONS_PATHS": "name files relative to playbook_dir or role_path",
    "DEFAULT_HOST_LIST": "use inventory_dir or inventory_file",
    "DEFAULT_LOCAL_TMP": "use lookup('env', 'TMPDIR')",
    "DEFAULT_ROLES_PATH": "name files relative to playbook_dir or role_path",
    "DEFAULT_VAULT_PASSWORD_FILE": "pass the value as a variable",
}
_OPTIONS = frozenset({"on_missing", "wantlist"})


def value_of(call: nodes.Call) -> nodes.Expr | None:
    """The value that stands for a call of the lookup; None when it is another call, or one that `wrong` refuses."""
    if not _is_ours(call) or wrong(call):
        return None
    found = [nodes.Const(VALUES[term.value]) for term in call.args[1:] if isinstance(term, nodes.Const)]
    return found[0] if _alone(call) else nodes.List(found, lineno=call.lineno)


def wrong(call: nodes.Call) -> tuple[str, str | None] | None:
    """What is wrong with a call of the lookup, and what to write instead; None for other calls."""
    if not _is_ours(call):
        return None
    written = [term.value for term in call.args[1:] if isinstance(term, nodes.Const)]
    names = [name for name in written if isinstance(name, str)]
    plain = call.dyn_args is None and call.dyn_kwargs is None and len(names) == len(call.args) - 1
    if not plain or not names or not {pair.key for pair in call.kwargs if isinstance(pair, nodes.Keyword)} <= _OPTIONS:
        return "takes names of settings that are written out", "for example lookup('config', 'DEFAULT_BECOME_USER')"
    for name in names:
        if name not in VALUES:
            hint = _INSTEAD.get(name) or suggest(name, VALUES) or "write the value itself"
            return f"does not know {name[:60]!r}, since no ansible.cfg is read here", hint
    if _alone(call) and len(names) > 1:
        return "gives one setting at a time", "use query for a list of them"
    return None


def _alone(call: nodes.Call) -> bool:
    """Whether one value is wanted and no list."""
    wanted = [pair for pair in call.kwargs if isinstance(pair, nodes.Keyword) and pair.key == "wantlist"]
    listed = any(isinstance(pair.value, nodes.Const) and pair.value.value is True for pair in wanted)
    return isinstance(call.node, nodes.Name) and call.node.name == "lookup" and not listed


def _is_ours(call: nodes.Call) -> bool:
    match call:
        case nodes.Call(node=nodes.Name(name="lookup" | "query" | "q"), args=[nodes.Const(value=str(name)), *_]):
            return short_name(name) == "config"
    return False
