"""The names of everything the ledger keeps in Redis. No other file spells a key."""

from __future__ import annotations

PREFIX = "dt:"
#: Sorted set: deployment id by creation time, for listing.
INDEX = PREFIX + "deployments"
#: Sorted set: unfinished deployment id by its last heartbeat.
ACTIVE = PREFIX + "active"
#: Sorted set: `id host` by the time its lease ends.
LEASES = PREFIX + "leases"
#: Sorted set: `id target` by the time the lease of its build ends.
BUILDS = PREFIX + "builds"
#: Hash: what is locked (address of a host) to the deployment that holds it.
LOCKS = PREFIX + "locks"
#: The last sequence number given out.
SEQUENCE = PREFIX + "sequence"
#: Present as long as this Redis has kept its data since the ledger was last reconciled.
EPOCH = PREFIX + "epoch"
#: The one sweeper at work.
SWEEPER = PREFIX + "sweeper"
#: Prefix of keys that remember which slots of a schedule were already used.
SLOT = PREFIX + "slot:"
#: Digest of the blob in the store that values in Redis are sealed with.
SEAL = PREFIX + "seal"
#: Prefix of the keys by which canaries answer.
CANARY = PREFIX + "canary:"


def head(deployment: str) -> str:
    """Hash: record, status, counters of batches, artifacts."""
    return f"{PREFIX}d:{deployment}"


def hosts(deployment: str) -> str:
    """Hash: host to `state attempt batch owner`."""
    return f"{PREFIX}d:{deployment}:hosts"


def outcomes(deployment: str) -> str:
    """Hash: host to its outcome as JSON."""
    return f"{PREFIX}d:{deployment}:outcomes"


def shared(deployment: str) -> str:
    """Hash: host to what later stages read of it, sealed."""
    return f"{PREFIX}d:{deployment}:shared"


def lane(deployment: str) -> str:
    """List: hosts of the open batch that wait for room, see `Options.parallel`."""
    return f"{PREFIX}d:{deployment}:lane"


def once(deployment: str) -> str:
    """Hash: what one host performs for its batch, see `once.lua`. It expires."""
    return f"{PREFIX}d:{deployment}:once"


def slots(deployment: str) -> str:
    """Hash: who performs what only so many may at a time, see `slots.lua`. It expires."""
    return f"{PREFIX}d:{deployment}:slots"


def said(deployment: str) -> str:
    """Hash: host, who says it and in which task, to what it says of the host, sealed. It expires."""
    return f"{PREFIX}d:{deployment}:said"


def sayings(deployment: str) -> str:
    """Hash: host to how many bytes it has said of hosts. It expires."""
    return f"{PREFIX}d:{deployment}:sayings"


def facts(deployment: str) -> str:
    """Hash: host to the facts that others read of it, sealed. It expires."""
    return f"{PREFIX}d:{deployment}:facts"


def gathering(deployment: str, host: str) -> str:
    """Present as long as some worker gathers the facts of a host."""
    return f"{PREFIX}d:{deployment}:gathering:{host}"


def delegated(deployment: str) -> str:
    """Hash: id of a task that a host performed for another to a note of it as JSON. It expires."""
    return f"{PREFIX}d:{deployment}:delegated"


def restarts(deployment: str) -> str:
    """Hash: host that restarts in the middle of its run to a note of it as JSON. It expires."""
    return f"{PREFIX}d:{deployment}:restarts"


def lookups(deployment: str) -> str:
    """What the plan's lookups found on the worker, sealed. It expires."""
    return f"{PREFIX}d:{deployment}:lookups"


def asked(deployment: str) -> str:
    """Hash: name of a lookup that hosts asked for while they ran to what it found, sealed. It expires."""
    return f"{PREFIX}d:{deployment}:asked"


def asked_by(deployment: str, host: str) -> str:
    """Set: the names of the lookups that a host has asked for. It expires."""
    return f"{PREFIX}d:{deployment}:asked:{host}"


def receiver(deployment: str) -> str:
    """Present as long as somebody follows who puts fetched files in place."""
    return f"{PREFIX}d:{deployment}:receiver"


def mail(deployment: str) -> str:
    """List: what workers ask of the receiver, see `fetched`. It expires."""
    return f"{PREFIX}d:{deployment}:mail"


def reply(deployment: str, number: str) -> str:
    """List: the receiver's one answer. It expires."""
    return f"{PREFIX}d:{deployment}:reply:{number}"


def taken(deployment: str, number: str) -> str:
    """Present as long as a receiver is busy with what a worker asked under that number."""
    return f"{PREFIX}d:{deployment}:taken:{number}"


def fetched(deployment: str) -> str:
    """Hash: name of a file that a host has handed over to the answer it was given, as JSON. It expires."""
    return f"{PREFIX}d:{deployment}:fetched"


def events(deployment: str) -> str:
    """Stream of what happened, bounded."""
    return f"{PREFIX}d:{deployment}:events"


def member(deployment: str, host: str) -> str:
    """How the set of leases names one host of one deployment. Ids hold no space; host names may."""
    return f"{deployment} {host}"


def split(member: str) -> tuple[str, str]:
    """Deployment and host of a member."""
    deployment, _, host = member.partition(" ")
    return deployment, host
