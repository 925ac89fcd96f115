"""Starts test hosts: a script of its own, standard library only, so that it starts in milliseconds and forks safely.

Reads one JSON object on standard input: `{"pids": PATH, "hosts": [{name, argv, log, isolated, hostname, disk}]}`.
Every isolated host gets namespaces for mounts, processes, host name and IPC, an overlay over this machine's root whose
changes go to `disk`, and becomes process 1 of its own process namespace: ending it ends all that runs on the host.
Appends `name pid start-time` to the file of process ids before the host runs; prints what failed, one line each.
"""

import ctypes
import json
import os
import sys
from typing import Any

CLONE_NEWNS, CLONE_NEWUTS, CLONE_NEWIPC, CLONE_NEWPID = 0x00020000, 0x04000000, 0x08000000, 0x20000000
MS_RDONLY, MS_BIND, MS_REC, MS_PRIVATE, MNT_DETACH = 1, 4096, 16384, 1 << 18, 2
NAMESPACES = CLONE_NEWNS | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWPID
libc = ctypes.CDLL(None, use_errno=True)


def checked(name: str, *arguments: Any) -> None:
    """Call a function of the C library; raise OSError when it fails."""
    call = [argument.encode() if isinstance(argument, str) else argument for argument in arguments]
    if getattr(libc, name)(*call) != 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{name}{arguments}: {os.strerror(number)}")


def mount(source: str, target: str, kind: str, flags: int = 0, options: str = "") -> None:
    """mount(2)."""
    checked("mount", source, target, kind, ctypes.c_ulong(flags), options)


def enter_root(disk: str) -> None:
    """Make the overlay of this machine's root and `disk` the root of this process and forget the old one."""
    mount("none", "/", "", MS_REC | MS_PRIVATE)
    root = f"{disk}/root"
    mount("overlay", root, "overlay", 0, f"lowerdir=/,upperdir={disk}/upper,workdir={disk}/work")
    mount("proc", f"{root}/proc", "proc")
    mount("/dev", f"{root}/dev", "", MS_BIND | MS_REC)
    mount("/sys", f"{root}/sys", "", MS_BIND | MS_REC)
    os.chdir(root)
    checked("pivot_root", ".", ".")
    checked("umount2", ".", MNT_DETACH)
    os.chdir("/")


def become(host: dict[str, Any]) -> None:
    """Turn this process into the host's server; returns only by raising."""
    os.setsid()
    log = os.open(host["log"], os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    null = os.open(os.devnull, os.O_RDONLY)
    for source, target in ((null, 0), (log, 1), (log, 2)):
        os.dup2(source, target)
    if host["isolated"]:
        hostname = host["hostname"].encode()
        checked("sethostname", hostname, len(hostname))
        enter_root(host["disk"])
    environment = {"PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "LANG": "C.UTF-8"}
    os.execve(host["argv"][0], host["argv"], environment)  # noqa: S606 - the argument list is ours


def start_time(pid: int) -> str:
    """When the process began, in clock ticks since boot: with the pid it names a process for good."""
    with open(f"/proc/{pid}/stat", encoding="utf-8", errors="replace") as file:
        return file.read().rpartition(")")[2].split()[19]


def launch(host: dict[str, Any], pids: int) -> None:
    """Run in a child: give the host its namespaces and process 1, record it, let it go on."""
    if host["isolated"]:
        checked("unshare", NAMESPACES)
    go_read, go_write = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.close(go_write)
        if os.read(go_read, 1):
            become(host)
        os._exit(1)
    os.write(pids, f"{host['name']} {pid} {start_time(pid)}\n".encode())
    os.write(go_write, b"x")


def main() -> None:
    """Start every host of the request; each in a child of its own, all at once."""
    request = json.load(sys.stdin)
    pids = os.open(request["pids"], os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    read, write = os.pipe()
    for host in request["hosts"]:
        if os.fork() == 0:
            os.close(read)
            status = 0
            try:
                launch(host, pids)
            except BaseException as error:
                os.write(write, f"{host['name']}: {error}\n".encode()[:4000])
                status = 1
            os._exit(status)
    os.close(write)
    with os.fdopen(read) as failures:
        sys.stdout.write(failures.read())
    for _ in request["hosts"]:
        os.wait()


if __name__ == "__main__":
    main()
