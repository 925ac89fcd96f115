"""Look at cases closely: `python -m tests.twin [--ansible] NAME…` prints what each run did and left, and what differs.

With `--ansible` only Ansible runs, for writing a case; `-v` shows what it does even when it goes well. `--record` does
the same and writes it down (recorded.py).
"""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence

from tests.twin import cases, recorded, theirs, twins
from tests.twin.outcome import Outcome
from tests.twin.recorded import Seen


def main(arguments: Sequence[str]) -> int:
    """Run the named cases, or all; the status is 1 when any differs."""
    names = [name for name in arguments if not name.startswith("-")]
    chosen = [case for case in cases.load() if not names or case.name in names]
    interpreter = theirs.python()
    if interpreter is None:
        print("tools/setup tests makes the environment that ansible-core needs", file=sys.stderr)
        return 4
    differing = []
    with twins.running(interpreter) as made:
        for case in chosen:
            alone = {"--ansible", "--record"} & set(arguments)
            same = _alone(made, case, "-v" in arguments, "--record" in arguments) if alone else _both(made, case)
            differing += [] if same else [case.name]
    print(f"{len(chosen)} cases, {len(differing)} differ or are wrong: {' '.join(differing)}")
    return 1 if differing else 0


def _alone(made: twins.Twins, case: cases.Case, closely: bool, record: bool) -> bool:
    folder = made.theirs.lay_out(case)
    seen = [Seen(Outcome({}), {}, made.theirs.looks(case))]
    for number, options in enumerate(case.runs):
        began = time.monotonic()
        made.ansible.begin(folder, ["-i", "hosts.ini", "site.yml", *options], twins.ENVIRONMENT)
        told = made.ansible.finish()
        seen.append(Seen(told, made.theirs.trees(case), made.theirs.looks(case)))
        wrong = case.fails not in [None, *told.failed_in.values()] or (told.failed and not case.fails)
        wrong = bool(wrong or (told.refused and not case.refused))
        print(f"== {case.name} run {number + 1}: {time.monotonic() - began:.1f} s{' WRONG' if wrong else ''}")
        if closely or wrong:
            _show(seen[-1])
        if wrong:
            return False
    if record:
        recorded.write(case, seen)
    return True


def _both(made: twins.Twins, case: cases.Case) -> bool:
    play = made.play(case)
    for step in play.runs():
        found = [line for line in step.differences() if not any(word in line for word, _ in case.differs)]
        if step.got.refused and not case.refused:
            found = [f"refused: {step.got.refused}"]
        if step.number or found:
            print(f"== {case.name} run {step.number}: {f'{len(found)} differences' if found else 'alike'}")
        if found and not case.refused:
            print("\n".join(f"  {line}" for line in found))
            print(step.got.log)
            return False
        if step.wanted.failed and not case.fails and not case.refused:
            print(f"  WRONG: the case fails with Ansible\n{step.wanted.log}")
            return False
    return not case.undone or _undone(play)


def _undone(play: twins.Play) -> bool:
    left = play.undone()
    print(f"== {play.case.name} undone: {f'{len(left)} differences' if left else 'as before'}")
    print("".join(f"  {line}\n" for line in left), end="")
    return not left


def _show(seen: Seen) -> None:
    print(seen.outcome.log)
    for host, counts in seen.outcome.recap.items():
        print(host, {name: count for name, count in counts.items() if count})
    for host, entries in seen.trees.items():
        for path, entry in entries.items():
            print(f"{host} {entry.mode} {entry.owner}:{entry.group} {entry.kind} {path}")
            print("".join(f"    {line}\n" for line in entry.content.splitlines()), end="")
    for what, told in seen.looks.items():
        print(f"{what}: {told}")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
