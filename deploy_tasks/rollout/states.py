"""The life of a host in a deployment, drawn once.

```
            ┌──────────────────────────── waiting ─► cancelled, undoing
            ▼                                ▲
 queued ─► connecting ─► sending ─► running ─┤
   │            ├─► untouched│          │    └─► verifying ─► succeeded
   │            └────────────┴──────────┴───────────┴─► failed, unreachable, cancelled
   └─► cancelled                                                │
                              succeeded, failed, unreachable, cancelled ─► undoing ─► rolled_back
                                                                              ▲  │
                                                                              │  └──► undo_failed
                                                                              └──────────┘  (a rollback asked for again)
```

A host is `waiting` between two stages of a deployment: it has done its part of one, and the next has not begun.

A host that only `add_host` names and that none has added is `untouched` at its end: nobody has been there.

A phase may be so short that nobody sees it, so a host in flight may move to any later phase. It never moves back:
a host whose worker died goes to `connecting` again only with a higher attempt number, which is the fence, and a host
that waits only for the batch of the next stage, which is the other half of the fence.
"""

from __future__ import annotations

from deploy_tasks.outcome import HostState as S

#: Phases in which a worker holds the host, in order.
IN_FLIGHT: tuple[S, ...] = (S.CONNECTING, S.SENDING, S.RUNNING, S.VERIFYING)
#: Ends of the way forward.
ENDED: frozenset[S] = frozenset({S.SUCCEEDED, S.FAILED, S.UNREACHABLE, S.CANCELLED})
#: States in which nobody works on the host.
FINAL: frozenset[S] = ENDED | {S.UNTOUCHED, S.ROLLED_BACK, S.UNDO_FAILED}
#: States in which a host waits for a worker to come; there is nothing to interrupt.
PAUSED: frozenset[S] = frozenset({S.QUEUED, S.WAITING})
#: Ends that count against the failure budget of a batch.
BAD: frozenset[S] = frozenset({S.FAILED, S.UNREACHABLE, S.ROLLED_BACK, S.UNDO_FAILED})


def _edges() -> dict[S, frozenset[S]]:
    table: dict[S, frozenset[S]] = {S.QUEUED: frozenset({S.CONNECTING, S.CANCELLED})}
    for place, state in enumerate(IN_FLIGHT):
        later = {S.WAITING} if state is not S.VERIFYING else set()
        table[state] = frozenset(IN_FLIGHT[place + 1 :]) | ENDED | later
    table[S.CONNECTING] |= {S.UNTOUCHED}
    table[S.UNTOUCHED] = frozenset()
    table[S.WAITING] = frozenset({S.CONNECTING, S.CANCELLED, S.UNDOING})
    for state in ENDED:
        table[state] = frozenset({S.UNDOING})
    table[S.UNDOING] = frozenset({S.ROLLED_BACK, S.UNDO_FAILED})
    table[S.ROLLED_BACK] = frozenset()
    table[S.UNDO_FAILED] = frozenset({S.UNDOING})
    return table


#: Every move there is: from a state to the states it may become.
EDGES: dict[S, frozenset[S]] = _edges()


def allowed(old: S, new: S) -> bool:
    """Whether a host may go from one state to the other within one attempt."""
    return new in EDGES[old]


def lua_tables() -> str:
    """The same table for the ledger's scripts, so that it is written down only once."""
    rows = ",".join(f"{old.value}={{{','.join(f'{new.value}=true' for new in sorted(EDGES[old]))}}}" for old in EDGES)
    final = ",".join(f"{state.value}=true" for state in sorted(FINAL))
    bad = ",".join(f"{state.value}=true" for state in sorted(BAD))
    paused = ",".join(f"{state.value}=true" for state in sorted(PAUSED))
    return f"local EDGES={{{rows}}}\nlocal FINAL={{{final}}}\nlocal BAD={{{bad}}}\nlocal PAUSED={{{paused}}}\n"
