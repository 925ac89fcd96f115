"""Every error a user can meet, each with one sentence, a hint and an exit status.

The statuses of the command line: 0 succeeded, 1 the deployment failed or was rolled back, 2 bad input and nothing
enqueued, 3 refused because another deployment holds the hosts, 4 our own failure, 130 interrupted.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any, ClassVar


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing wrong in a document: where, what, and what to write instead.

    `path` is the place in the document, for example `plays[0].batches[0].tasks[2].args.mode`; `line` and `column`
    count from 1 and are set where the format has them.
    """

    path: str
    message: str
    hint: str | None = None
    file: str | None = None
    line: int | None = None
    column: int | None = None

    def __str__(self) -> str:
        place = ":".join(str(part) for part in (self.file, self.line, self.column) if part is not None)
        text = ": ".join(part for part in (place, self.path, self.message) if part)
        return f"{text} ({self.hint})" if self.hint else text

    def to_json(self) -> dict[str, Any]:
        """The problem as a JSON object, for editors: `excerpt` is the line of the text with a caret below it."""
        message, _, shown = self.message.partition("\n")
        excerpt = "\n".join(line.removeprefix("    ") for line in shown.split("\n")) or None
        return asdict(self) | {"message": message, "excerpt": excerpt}


class DeployError(Exception):
    """Root of the tree. `hint` says what to do next, `exit_status` is what the command line ends with."""

    exit_status: ClassVar[int] = 4

    def __init__(self, message: str, *, hint: str | None = None) -> None:
        super().__init__(message)
        self.hint = hint


class BadInput(DeployError):
    """Something given to us is wrong; nothing was enqueued."""

    exit_status = 2


class DocumentError(BadInput):
    """A document has problems; all of them are in `problems`."""

    noun: ClassVar[str] = "document"

    def __init__(self, problems: Iterable[Problem], *, hint: str | None = None) -> None:
        self.problems = tuple(problems)
        count = len(self.problems)
        head = f"{count} problem{'s' if count != 1 else ''} in the {self.noun}"
        super().__init__("\n".join([head, *(f"  {problem}" for problem in self.problems)]), hint=hint)


class PlanError(DocumentError):
    """The plan is not valid."""

    noun = "plan"


class PasswordError(PlanError):
    """The file of a vault's password is not usable."""

    noun = "vault's password"


class InventoryError(DocumentError):
    """The inventory is not valid."""

    noun = "inventory"


class SettingsError(BadInput):
    """A setting is not valid."""


class CompileError(BadInput):
    """The plan cannot be compiled, although it is well formed (for example: too large, unknown target)."""


class Refused(DeployError):
    """Another deployment holds some of the hosts."""

    exit_status = 3


class NotTakenBack(DeployError):
    """A deployment could not be taken back, and what was to follow was left alone."""

    exit_status = 1


class NotFound(BadInput):
    """No deployment, host or file of that name."""


class BrokerLost(DeployError):
    """Redis cannot be reached. Says whether anything was enqueued."""


class StoreError(DeployError):
    """The artifact store failed or holds something else than it should."""


class BuildError(DeployError):
    """The runner could not be built."""
