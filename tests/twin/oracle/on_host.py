"""Runs on a twin host: performs Ansible's modules in forks of one process that has loaded what they load.

Nearly all that a short module costs is the start of Python and the reading of Ansible's own code. Started over SSH as a
module is, `python3 - PACKED NAME` with this source; everything but the start is the module's own: the same code, under
the same account, in the environment of an SSH session. It listens on the abstract socket NAME; whoever asks sends three
descriptors (the module, its output, its errors) and is told the exit status.
"""

import atexit
import gc
import importlib
import os
import signal
import socket
import sys

LOADED = (
    "ansible.module_utils.basic",
    "ansible.module_utils.common.dict_transformations",
    "ansible.module_utils.facts.ansible_collector",
    "ansible.module_utils.facts.default_collectors",
    "ansible.module_utils.facts.namespace",
    "ansible.module_utils.service",
    "ansible.module_utils.splitter",
    "ansible.module_utils.urls",
    "runpy",
    "zipfile",
)
#: Packages that a module brings with it: what it imports from them, and is not loaded, is its own.
BROUGHT = ("ansible", "ansible.module_utils")


def load(packed: str) -> None:
    """Import what modules import, from Ansible's code in this zip file."""
    sys.path.insert(0, packed)
    for name in LOADED:
        importlib.import_module(name)
    sys.path.remove(packed)
    for name in BROUGHT:
        del sys.modules[name]
    gc.collect()
    gc.freeze()


def serve(listening: socket.socket) -> None:
    """Fork for each who asks; returns in the fork never."""
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    while True:
        asking, _ = listening.accept()
        if os.fork() == 0:
            listening.close()
            perform(asking)
        asking.close()


def perform(asking: socket.socket) -> None:
    """Be the module; tell its exit status."""
    status = 1
    try:
        os.setsid()
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        _, given, _, _ = socket.recv_fds(asking, 1, 3)
        for target, source in enumerate(given):
            os.dup2(source, target)
            os.close(source)
        status = run(sys.stdin.buffer.read())
        atexit._run_exitfuncs()
        sys.stdout.flush()
        sys.stderr.flush()
    finally:
        asking.send(bytes([status & 255]))
        os._exit(status)


def run(source: bytes) -> int:
    """What `python3 -c` does with it, up to its end."""
    sys.argv = ["-c"]
    try:
        exec(compile(source, "<stdin>", "exec"), vars(sys.modules["__main__"]))
    except SystemExit as ended:
        if isinstance(ended.code, str):
            print(ended.code, file=sys.stderr)
            return 1
        return int(ended.code or 0)
    except BaseException:
        sys.excepthook(*sys.exc_info())
        return 1
    return 0


def main(packed: str, name: str) -> None:
    """Load, then serve in a process that outlives the SSH session."""
    load(packed)
    listening = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    listening.bind(f"\0{name}")
    listening.listen()
    if os.fork() == 0:
        os.setsid()
        null = os.open(os.devnull, os.O_RDWR)
        for target in range(3):
            os.dup2(null, target)
        serve(listening)
    os._exit(0)


if __name__ == "__main__":
    main(*sys.argv[1:])
