"""What a running program asks, answered: whose turn it is to perform a task once for all, what others have done.

A host's word is data. It may ask only about tasks of the plan that are of the kind it asks for; anything else is no
question of our program, and ends the conversation. Answers that take their time are made in threads of their own, so
that the conversation itself never waits.
"""

from __future__ import annotations

import json
import logging
import re
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from redis.exceptions import RedisError

from deploy_tasks.errors import DeployError
from deploy_tasks.plan.reach import otherwise, refusal
from deploy_tasks.rollout import keys
from deploy_tasks.rollout.once import OnceBook
from deploy_tasks.rollout.pulse import Held
from deploy_tasks.rollout.views import HostRow
from deploy_tasks.secret import Masker
from deploy_tasks.tasks.added import missing
from deploy_tasks.tasks.context import Context
from deploy_tasks.tasks.delegated import LOCALHOST, Delegation, place
from deploy_tasks.tasks.errands import Errand
from deploy_tasks.tasks.fetching import Fetching
from deploy_tasks.tasks.gathering import Gathering
from deploy_tasks.tasks.inquiring import Inquiry
from deploy_tasks.tasks.material import Material
from deploy_tasks.tasks.restarting import LOCAL, Note, Restart
from deploy_tasks.tasks.said import Said, foreseen, said, says
from deploy_tasks.tasks.slots import Asked, Slots
from deploy_tasks.tasks.telling import Telling
from deploy_tasks.transport import Answer, BadOutput, nobody

log = logging.getLogger(__name__)
_LONGEST_KEY = 1000
_RUN = re.compile(r"[0-9a-f]{1,32}")
#: How often a host that waits looks, seconds; after so many looks it waits for no host that has no worker.
_FIRST_LOOK_S, _LAST_LOOK_S, _IMPATIENT = 0.05, 0.5, 12
_ONLY_HERE = (
    ", and only the run knows its name: add it to the inventory, or name it by what is known before anything runs"
)

Fields = Mapping[str, Any]


class Answers:
    """Answers one host in one conversation. `close` when it is over: whatever is still looked for is given up. The
    `masker` learns every secret that the host is told, before it is told."""

    def __init__(
        self,
        here: Context,
        deployment: Material,
        held: Held,
        deadline_s: float,
        masker: Masker | None = None,
        restart: Restart | None = None,
    ) -> None:
        self._restart = restart
        self._until = time.monotonic() + deadline_s
        self._here = here
        self._deployment = deployment
        self._held = held
        self._over = threading.Event()
        self._threads: list[threading.Thread] = []
        self._kinds: dict[str, Callable[[Fields], Answer]] = {
            "once": self._once,
            "performed": self._performed,
            "delegate": self._delegate,
            "hostvars": self._hostvars,
            "others": self._others,
            "slot": self._slot,
            "done": self._done,
            "passed": self._passed,
            "lookup": self._lookup,
            "fetch": self._fetch,
            "restart": self._restarts,
            "back": self._back,
        }
        self._masker = masker or Masker()
        self._inquiry = Inquiry(here, deployment, held.grant, self._masker, self._over.wait)
        self._slots = Slots(here, deployment, held, self._over.wait)
        self._fetching = Fetching(here, deployment, held.grant, self._over.wait, self._stopped)
        self._delegation: Delegation | None = None
        self._telling = Telling(here, deployment, held)

    def ask(self, question: Fields) -> Answer:
        """The answer to a question, looked for from now on. Raises `BadOutput` when it is none of our program's."""
        kind = self._kinds.get(str(question.get("kind")))
        if kind is None:
            raise BadOutput(f"it asks for {question.get('kind')!r:.60}, which no program does")
        return kind(question)

    def close(self) -> None:
        """Give up what is still looked for, and wait a moment for it to end."""
        self._over.set()
        for thread in self._threads:
            thread.join(timeout=5)
        self._fetching.close()

    def _task(self, question: Fields, what: str, fits: Callable[[Errand], bool]) -> str:
        """The id of the task asked about."""
        name = question.get("task")
        errand = self._deployment.errands(self._here.store).get(name) if isinstance(name, str) else None
        if errand is None or not fits(errand):
            raise BadOutput(f"it asks for {what} of the task {name!r:.80}, which the plan does not have")
        return str(name)

    def _performance(self, question: Fields, what: str, fits: Callable[[Errand], bool]) -> tuple[str, str]:
        """The id of the task asked about, and what names this performance of it."""
        task, key = self._task(question, what, fits), question.get("key")
        if not isinstance(key, str) or len(key) > _LONGEST_KEY or not key.startswith(task):
            raise BadOutput(f"it asks for {what} of {task} under the key {key!r:.80}")
        return task, key

    def _key(self, question: Fields) -> tuple[str, str]:
        """The id of a task that is performed once, and what names this performance of it."""
        task, key = self._performance(question, "the turn", lambda errand: errand.run_once)
        return task, f"{self._batch()} {key}"

    def _batch(self) -> int:
        grant = self._held.grant
        raw = self._here.redis.hget(keys.hosts(grant.deployment), grant.host)
        return HostRow.parse(str(raw)).batch if raw else 0

    def _once(self, question: Fields) -> Answer:
        task, key = self._key(question)
        return self._later(lambda: self._turn(task, key))

    def _turn(self, task: str, key: str) -> Fields:
        """Wait until it is this host's turn, or another host has performed the task."""
        grant, book = self._held.grant, OnceBook(self._here.redis)
        absent = self._deployment.absent(self._here, grant)
        candidates = self._deployment.peers(task, self._batch(), self._here.store, absent)
        pause = _FIRST_LOOK_S
        looks = 0
        while True:
            try:
                if looks == 0:
                    self._slots.leave()
                turn = book.ask(
                    grant.deployment,
                    key,
                    grant.host,
                    grant.attempt,
                    candidates,
                    expire_s=self._deployment.lifetime_s,
                    impatient=looks >= _IMPATIENT,
                )
                if turn.what == "perform":
                    return {"do": "perform"}
                if turn.what == "done":
                    self._inquiry.learn_all()  # what others have been told may be in it
                    return {"outcome": json.loads(self._here.seal.open(turn.sealed, self._about(key)))}
                looks += 1
            except RedisError as error:
                log.warning("%s: %s waits for its turn without Redis (%s)", grant.deployment, grant.host, error)
            if self._over.wait(pause):
                return {"error": "the conversation is over"}
            pause = min(pause * 1.5, _LAST_LOOK_S)

    def _performed(self, question: Fields) -> Answer:
        _, key = self._key(question)
        outcome = question.get("outcome")
        if not isinstance(outcome, dict):
            raise BadOutput("it tells of a performance without an outcome")
        return self._later(lambda: self._keep(key, outcome))

    def _keep(self, key: str, outcome: Fields) -> Fields:
        """Keep what the other hosts of the batch wait for."""
        grant = self._held.grant
        data = json.dumps(outcome, separators=(",", ":")).encode()
        while True:
            try:
                sealed = self._here.seal.seal(data, self._about(key))
                book = OnceBook(self._here.redis)
                expire_s = self._deployment.lifetime_s
                book.tell(grant.deployment, key, grant.host, grant.attempt, sealed, expire_s=expire_s)
                return {}
            except RedisError as error:
                log.warning("%s: what %s has done cannot be kept yet (%s)", grant.deployment, grant.host, error)
            if self._over.wait(_LAST_LOOK_S):
                return {"error": "the conversation is over"}

    def _limited(self, question: Fields) -> Asked:
        task, key = self._performance(question, "a slot", lambda errand: errand.limited)
        return Asked(task, key, self._batch())

    def _slot(self, question: Fields) -> Answer:
        asked = self._limited(question)
        errand = self._deployment.errands(self._here.store)[asked.task]
        limit, hosts = self._slots.limit(asked, errand, question.get("most"))
        return self._later(lambda: self._slots.take(asked, limit, hosts))

    def _done(self, question: Fields) -> Answer:
        asked, failed = self._limited(question), question.get("failed") is True
        return self._later(lambda: self._slots.done(asked, failed=failed))

    def _passed(self, question: Fields) -> Answer:
        asked = self._limited(question)
        return self._later(lambda: self._slots.passed(asked))

    def _delegate(self, question: Fields) -> Answer:
        name, to = self._task(question, "delegation", lambda errand: errand.delegates), question.get("to")
        errand = self._deployment.errands(self._here.store)[name]
        if not isinstance(to, str) or not isinstance(question.get("given"), dict):
            raise BadOutput(f"it delegates {name} without saying to whom and with what")
        if not isinstance(question.get("run"), str) or not _RUN.fullmatch(question["run"]):
            raise BadOutput(f"it delegates {name} in the run {question.get('run')!r:.40}")
        if errand.delegate_to not in (None, to):
            raise BadOutput(f"it delegates {name} to {to!r:.80}, which is for {errand.delegate_to}")
        return self._later(lambda: self._elsewhere(errand, question, to))

    def _elsewhere(self, errand: Errand, question: Fields, name: str) -> Fields:
        """Have another host perform a task."""
        if self._delegation is None:
            self._delegation = Delegation(self._here, self._deployment, self._held.grant, self._batch())
        to = place(self._here, self._deployment, name, self._absent())
        left = max(self._until - time.monotonic(), 0.1)
        ask = self._fetch if errand.module == "fetch" else nobody
        return self._delegation.perform(errand, question, to, deadline_s=left, cancelled=self._stopped, on_question=ask)

    def _absent(self) -> frozenset[str]:
        """The hosts that no `add_host` has added by now, this play's included."""
        inventory = self._deployment.inventory
        if not inventory.added:
            return frozenset()
        return missing(inventory, said(self._here, self._held.grant.deployment), None)

    def _restarting(self, question: Fields) -> Restart:
        self._task(question, "a restart", lambda errand: errand.module == "reboot")
        if self._restart is None:
            raise BadOutput("it restarts where nobody waits for it")
        return self._restart

    def _restarts(self, question: Fields) -> Answer:
        restart = self._restarting(question)
        note = Note.of(self._masker.data(question))  # before anything is cut, or half a secret would stay
        if note is None:
            raise BadOutput(f"it restarts in {question.get('task')!r:.80} without saying how long that takes")
        if restart.local:
            return lambda: {"error": LOCAL}
        return self._later(lambda: self._noted(lambda: restart.note(note)))

    def _back(self, question: Fields) -> Answer:
        restart = self._restarting(question)
        return self._later(lambda: self._noted(restart.forget))

    def _noted(self, write: Callable[[], None]) -> Fields:
        """Have the ledger know of a restart before the host goes on."""
        while True:
            try:
                write()
                return {}
            except RedisError as error:
                log.warning("%s: a host's restart cannot be noted yet (%s)", self._held.grant.deployment, error)
            if self._over.wait(_LAST_LOOK_S):
                return {"error": "the conversation is over"}

    def _hostvars(self, _: Fields) -> Answer:
        batch = self._batch()
        subsets = self._deployment.foreign_facts(batch, self._here.store)
        if not subsets:
            raise BadOutput("it asks for the facts of other hosts, which the plan does not read")
        gathering = Gathering(self._here, self._deployment, self._held.grant, subsets)
        return self._later(lambda: {"facts": gathering.facts(batch, self._stopped)})

    def _lookup(self, question: Fields) -> Answer:
        """A lookup whose arguments the host has worked out."""
        asked = self._inquiry.read(question)
        return self._later(lambda: self._inquiry.answer(asked))

    def _fetch(self, question: Fields) -> Answer:
        """A file that the host hands over, or another host that performs the task for it."""
        if question.get("kind") != "fetch":
            return nobody(question)
        self._task(question, "the taking", lambda errand: errand.module == "fetch")
        match question.get("do"):
            case "offer":
                return self._later(self._fetching.offer(question))
            case "piece":
                known = self._fetching.piece(question)
                return lambda: known
            case "end":
                return self._later(self._fetching.end(question))
        raise BadOutput(f"it does {question.get('do')!r:.40} with a file, which no program does")

    def _others(self, question: Fields) -> Answer:
        """What a task says of a host: groups it joins, variables, facts."""
        name, host = self._task(question, "what is said", lambda errand: says(errand) is not None), question.get("host")
        errand, told = self._deployment.errands(self._here.store)[name], Said.of(question)
        allowed = says(errand)
        if told is not None:
            told = foreseen(told, self._deployment.inventory)
        if not isinstance(host, str) or told is None or (allowed == "itself" and host != self._held.grant.host):
            raise BadOutput(f"it says of {host!r:.80} in {name} what no task says")
        if errand.delegate_to not in (None, host) and allowed == "target":
            raise BadOutput(f"it says of {host!r:.80} in {name} what is for {errand.delegate_to}")
        known = self._deployment.inventory.hosts.get(str(host))
        if known is None and (host not in LOCALHOST or allowed == "any"):
            why = f"{host!r:.80} is no host of the inventory{_ONLY_HERE if allowed == 'any' else ''}"
            return lambda: {"error": why}
        added = known is not None and known.name in self._deployment.inventory.added
        if known is not None and (differing := otherwise(known, told.variables)):
            why = "; ".join(refusal(known.name, differing, added=added))
            return lambda: {"error": why}
        if added and allowed == "any":
            told = replace(told, added=self._held.grant.batch)
        return self._later(lambda: self._telling.hear(name, str(host), told))

    def _stopped(self) -> bool:
        return self._over.is_set() or self._held.cancelled()

    def _about(self, key: str) -> str:
        return f"{self._held.grant.deployment} once {key}"

    def _later(self, work: Callable[[], Fields]) -> Answer:
        """The answer that a thread of its own makes."""
        made: list[Fields] = []

        def run() -> None:
            try:
                made.append(work())
            except DeployError as error:
                made.append({"error": str(error)})
            except Exception as error:  # a host that waits must be told, whatever broke
                log.exception("%s: a question of %s", self._held.grant.deployment, self._held.grant.host)
                made.append({"error": f"internal error: {type(error).__name__}"})

        thread = threading.Thread(target=run, name=f"answer {self._held.grant.host}", daemon=True)
        self._threads = [*(old for old in self._threads if old.is_alive()), thread]
        thread.start()
        return lambda: made[0] if made else None
