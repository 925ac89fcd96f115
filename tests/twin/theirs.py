"""Ansible's side: a driver process in its own environment, told what to run."""

from __future__ import annotations

import hashlib
import json
import os
import secrets
import shlex
import shutil
import signal
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from deploy_tasks.fleet import Fleet
from tests.support.compiler import shared_cache
from tests.twin.outcome import COUNTS, Outcome

ROOT = Path(__file__).resolve().parents[2]
HERE = Path(__file__).parent
_PACKED_BY = (HERE / "constraints.txt", HERE / "oracle/cheaper.py")
_MODULE_UTILS = "module_utils.zip"
#: Where it lies on the hosts.
_PACKED = "/run/twin-module-utils.zip"
_CONFIG = """\
[defaults]
stdout_callback = twin
callback_plugins = {callbacks}
deprecation_warnings = False
localhost_warning = False
internal_poll_interval = 0.002
retry_files_enabled = False
host_key_checking = True
forks = 5
jinja2_extensions = jinja2.ext.do,jinja2.ext.loopcontrols

[connection]
pipelining = True

[ssh_connection]
pipelining = True
control_path_dir = {folder}/cp
ssh_args = {ssh}
"""
_ALONE = "-F /dev/null -o LogLevel=ERROR -o UserKnownHostsFile="
_SSH = f"-o ControlMaster=auto -o ControlPersist=120s {_ALONE}"


def python() -> Path | None:
    """The Python of the environment that has ansible-core, or None where it was not set up."""
    path = Path(os.environ.get("DEPLOY_TASKS_ANSIBLE") or ROOT / ".state" / "ansible") / "bin" / "python"
    return path if path.exists() else None


def _packed(interpreter: Path) -> Path:
    """Where this Ansible's modules lie packed for sending: by what packs them, for all processes of all test runs."""
    by = hashlib.sha256(b"\0".join([os.fsencode(interpreter.resolve()), *(path.read_bytes() for path in _PACKED_BY)]))
    folder = shared_cache() / "ansible" / by.hexdigest()[:16]
    folder.mkdir(parents=True, exist_ok=True)
    if not (folder / _MODULE_UTILS).exists():
        subprocess.run([interpreter, HERE / "oracle/cheaper.py", folder / _MODULE_UTILS], check=True)
    return folder


def _residents(fleet: Fleet, packed: Path) -> dict[str, str]:
    """Have every host keep Ansible's own code loaded; returns the sockets to ask on, by the SSH address of the host."""
    source = (HERE / "oracle/on_host.py").read_bytes()
    names, starting = {}, []
    for host in fleet.hosts.values():
        shutil.copy(packed, host.path(_PACKED))
        name = names[f"{host.address}:{host.port}"] = f"twin-{secrets.token_hex(8)}"
        reach = f"ssh {_ALONE}{fleet.known_hosts_path} -i {fleet.key_path} -p {host.port} root@{host.address}"
        command = [*shlex.split(reach), f"/usr/bin/python3 - {_PACKED} {name}"]
        starting.append(subprocess.Popen(command, stdin=subprocess.PIPE))
    for process in starting:
        process.communicate(source)
        assert process.returncode == 0, "a host does not keep Ansible's code loaded"
    return names


class Ansible:
    """A loaded Ansible. One run at a time: `begin`, then `finish`."""

    def __init__(self, interpreter: Path, folder: Path, fleet: Fleet) -> None:
        self.folder = folder
        (folder / "cp").mkdir(parents=True)
        config = folder / "ansible.cfg"
        ssh = f"{_SSH}{fleet.known_hosts_path}"
        config.write_text(_CONFIG.format(callbacks=HERE / "oracle/callback", folder=folder, ssh=ssh))
        packed = _packed(interpreter)
        self._environment = {
            "PATH": f"{interpreter.parent}:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
            "HOME": str(folder),
            "LANG": "C.UTF-8",
            "ANSIBLE_CONFIG": str(config),
            "ANSIBLE_HOME": str(folder / "home"),
            "PYTHONDONTWRITEBYTECODE": "1",
            "OBJC_DISABLE_INITIALIZE_FORK_SAFETY": "YES",
            "TWIN_PACKED": str(packed),
            "TWIN_RESIDENTS": json.dumps(_residents(fleet, packed / _MODULE_UTILS)),
        }
        if collections := os.environ.get("ANSIBLE_COLLECTIONS_PATH"):
            self._environment["ANSIBLE_COLLECTIONS_PATH"] = collections  # for recording: the tests need none
        self._interpreter = interpreter
        self._recap, self._log = folder / "recap.json", folder / "log"
        self._unfinished = False
        self.process = self._start()

    def _start(self) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [str(self._interpreter), str(HERE / "oracle/driver.py")],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=self._environment,
            cwd=self.folder,
            start_new_session=True,
        )

    def _start_again(self) -> None:
        """A run that nobody waited for, as its test was cut off, must not be taken for the next one."""
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.communicate()
        self.process = self._start()

    def begin(self, folder: Path, arguments: Sequence[str], environment: dict[str, str]) -> None:
        """Start `ansible-playbook ARGUMENTS` in this folder."""
        if self._unfinished:
            self._start_again()
        self._unfinished = True
        self._recap.unlink(missing_ok=True)
        request = {
            "cwd": str(folder),
            "arguments": list(arguments),
            "environment": {**environment, "TWIN_RECAP": str(self._recap)},
            "log": str(self._log),
        }
        assert self.process.stdin is not None
        print(json.dumps(request), file=self.process.stdin, flush=True)

    def finish(self) -> Outcome:
        """Wait for its end."""
        assert self.process.stdout is not None
        answer = self.process.stdout.readline()
        assert answer, "the process that runs Ansible has ended"
        self._unfinished = False
        log = self._log.read_text(errors="replace")
        if not self._recap.exists():
            return Outcome({}, refused=f"status {json.loads(answer)['status']}", log=log)
        told = json.loads(self._recap.read_text())
        return Outcome({host: _counts(one) for host, one in told["hosts"].items()}, _failed_in(told), log=log)

    def close(self) -> None:
        """End it."""
        if self._unfinished:
            os.killpg(self.process.pid, signal.SIGKILL)
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.close()
        self.process.wait(30)
        self.process.stdout.close()


def _counts(one: dict[str, int]) -> dict[str, int]:
    return {name: one["failures" if name == "failed" else name] for name in COUNTS}


def _failed_in(told: dict[str, Any]) -> dict[str, str]:
    """The last failure of each host that ended as failed."""
    return {
        end["host"]: end["task"]
        for end in told["ends"]
        if (end["status"] == "failed" and not end["ignored"] and told["hosts"][end["host"]]["failures"])
        or (end["status"] == "unreachable" and told["hosts"][end["host"]]["unreachable"])
    }
