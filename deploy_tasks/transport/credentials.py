"""How to log in: exactly the key, agent or password that was named, never whatever lies in `~/.ssh`."""

from __future__ import annotations

import os
from functools import lru_cache
from pathlib import Path
from typing import Any

import paramiko

from deploy_tasks.transport.endpoint import Endpoint
from deploy_tasks.transport.errors import AuthRefused


def login(endpoint: Endpoint, default_key: Path | None, use_agent: bool) -> dict[str, Any]:
    """The arguments of a Paramiko connect that log in to this host. Raises AuthRefused when there is nothing to use."""
    arguments: dict[str, Any] = {"look_for_keys": False, "allow_agent": False}
    path = endpoint.key_file or (str(default_key) if default_key else None)
    if endpoint.password is not None:
        arguments["password"] = endpoint.password.reveal()
    if path is not None:
        arguments["pkey"] = _key(endpoint, Path(path).expanduser())
    elif endpoint.password is None:
        if not (use_agent and os.environ.get("SSH_AUTH_SOCK")):
            raise AuthRefused(
                endpoint.name,
                "connecting",
                "no key to log in with",
                hint="set ansible_ssh_private_key_file in the inventory, or DEPLOY_TASKS_KEY_FILE, or start an agent",
            )
        arguments["allow_agent"] = True
    return arguments


def _key(endpoint: Endpoint, path: Path) -> paramiko.PKey:
    try:
        status = path.stat()
        return _load(path, status.st_mtime_ns)
    except OSError as error:
        message, hint = f"key {path} cannot be read: {error.strerror or error}", "the file must exist on the worker"
    except paramiko.PasswordRequiredException:
        message, hint = f"key {path} has a passphrase", "load it into an agent, and name no key file"
    except (paramiko.SSHException, paramiko.UnknownKeyType, ValueError, TypeError) as error:
        message, hint = _not_a_key(path, error), "a private key in OpenSSH's format is needed"
    raise AuthRefused(endpoint.name, "connecting", message, hint=hint)


def _not_a_key(path: Path, error: Exception) -> str:
    if "passphrase" in str(error).lower() or "password" in str(error).lower():
        return f"key {path} has a passphrase"
    return f"key {path} is not one that can be used: {type(error).__name__}"


@lru_cache(maxsize=256)
def _load(path: Path, _modified: int) -> paramiko.PKey:
    return paramiko.PKey.from_path(path)
