"""From what a host answered, or how its session ended, to the error and the hint an operator can use."""

from __future__ import annotations

from deploy_tasks.transport.channel import ByteChannel
from deploy_tasks.transport.dialogue import Progress
from deploy_tasks.transport.endpoint import Endpoint
from deploy_tasks.transport.errors import ConnectionLost, HostRefused, TransportError

_HINTS = {
    "no_space": "free some space there, or set deploy_tasks_state_dir to a folder on a larger disk",
    "noexec": "set deploy_tasks_state_dir to a folder on a file system that allows execution",
    "wrong_target": "set target_triple of the host in the inventory to what it is",
    "read_only": "the login user must be able to write there: set ansible_become, or deploy_tasks_state_dir",
    "busy": "another deployment runs on the host; wait for it or cancel it",
    "covered": "the later ones were not recorded here: undo them first by deploy-tasks rollback, or on the host itself",
    "superseded": "a later deployment has been there already; nothing was changed",
    "digest": "what arrived is not what was sent; try again",
}
# A session's error stream, a word of it, the reason it stands for, and what helps.
_LAST_WORDS = (
    ("a password is required", "sudo", "allow it without a password (NOPASSWD in sudoers), or log in as root"),
    ("a terminal is required", "sudo", "allow it without a password (NOPASSWD in sudoers), or log in as root"),
    ("must have a tty", "sudo", "remove requiretty from sudoers"),
    ("not in the sudoers", "sudo", "the login user must be in sudoers"),
    ("may not run sudo", "sudo", "the login user must be in sudoers"),
    ("sudo: not found", "sudo", "install sudo there, or log in as root"),
    ("sudo: command not found", "sudo", "install sudo there, or log in as root"),
    ("No space left", "no_space", _HINTS["no_space"]),
    ("Exec format error", "wrong_target", _HINTS["wrong_target"]),
    ("Permission denied", "noexec", _HINTS["noexec"]),
)


def refused(endpoint: Endpoint, progress: Progress, reason: str, message: str) -> HostRefused:
    """The host's own refusal."""
    words = message or f"refused: {reason}"
    return HostRefused(endpoint.name, progress.phase, reason, words, hint=_HINTS.get(reason), touched=progress.began)


def ended_early(endpoint: Endpoint, progress: Progress, channel: ByteChannel, noise: str) -> TransportError:
    """The session ended without an answer: by its exit status and its last words, a refusal or a lost connection."""
    status = channel.exit_status(1.0)
    words = channel.stderr or noise
    name, phase, touched = endpoint.name, progress.phase, progress.touched
    if status is None:
        message = f"connection lost in phase {phase}"
        return ConnectionLost(name, phase, message, touched=touched)
    last = words.splitlines()[-1][:300] if words else "no message"
    for word, reason, remedy in _LAST_WORDS:
        if word in words and not touched:
            subject = "needs sudo" if reason == "sudo" else "refused"
            return HostRefused(name, phase, reason, f"{subject}: {last}", hint=remedy)
    message = f"the session ended with status {status} and no answer: {last}"
    hint = "the login shell must start commands without printing or asking" if noise else None
    return HostRefused(name, phase, "ended", message, hint=hint, touched=touched)
