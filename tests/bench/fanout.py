"""First deploy and redeploy of 100 hosts, side by side with bare Fabric in one run.

Bare Fabric connects, sends some bytes, runs one command and closes, with 16 threads. Ours validates, records, compiles
(the runner is in the cache), sends the runner, a file of 1 MB and a program of ten tasks, runs it, reports every host.

There are two floors. One sends the same bytes: the parts of the same artifact, packed, as few as can travel. The limits
hold against it. The other sends the 1 MB file alone, as somebody would who needs no runner; it is shown beside.
Each round has hosts that never saw us; ratios are of one round, and the median of the rounds is what counts.
"""

from __future__ import annotations

from pathlib import Path
from statistics import median

from deploy_tasks.compiler import compile_plan
from deploy_tasks.plan.files import files as plan_files
from deploy_tasks.plan.load import read_plan
from tests.bench import plans
from tests.bench.floor import bare_fabric
from tests.bench.site import Site, a_site

FIRST_LIMIT, AGAIN_LIMIT = 1.6, 0.6


def one_round(site: Site, plan: Path, size: int) -> dict[str, float]:
    """The floors, a first deploy, the lower floor again, three redeploys. `size` is bytes of the packed artifact."""
    same = bare_fabric(site.addresses, plans.payload(size))
    small = bare_fabric(site.addresses, plans.payload())
    first, result = site.deploy(plan)
    assert result.ok, result.to_json()
    small_after = bare_fabric(site.addresses, plans.payload())
    again = []
    for _ in range(3):
        seconds, redone = site.deploy(plan)
        assert redone.ok
        assert redone.totals["changed"] == 0
        again.append(seconds)
    sent = result.totals["bytes_sent"] / len(result.hosts)
    small = median([small, small_after])
    runner = max(host.max_rss_kb for host in result.hosts.values()) / 1024
    return {
        "same": same,
        "small": small,
        "first": first,
        "again": median(again),
        "first_ratio": first / same,
        "again_ratio": median(again) / same,
        "first_small": first / small,
        "again_small": median(again) / small,
        "sent_mb": sent / 1e6,
        "again_sent": redone.totals["bytes_sent"] / len(result.hosts),
        "worker_mb": site.worker_mb("push"),
        "runner_mb": runner,
    }


def warm(site: Site, plan: Path) -> int:
    """Have the runner in the cache, as after the first deployment anybody made; hosts see nothing of it.

    Returns the bytes of the artifact's parts as they are packed.
    """
    read, folder = read_plan(str(plan))
    artifact = compile_plan(read, plan_files(read, folder), "x86_64-linux", cache=site.settings.cache)
    return sum(part.sent for part in (artifact.runner, *artifact.parts))


def main(rounds: int = 3, count: int = 100) -> bool:
    """Print every round and the medians; true when the limits hold."""
    cache = Path.home() / ".cache" / "deploy-tasks-bench"
    found = []
    for number in range(rounds):
        with a_site(count, cache=cache) as site:
            plan = plans.ten_tasks(site.folder)
            size = warm(site, plan)
            found.append(one_round(site, plan, size))
        print(
            "round {}: bare Fabric {same:.2f} s with {mb:.1f} MB, {small:.2f} s with 1 MB; "
            "first {first:.2f} s ({first_ratio:.2f}x, {first_small:.2f}x; {sent_mb:.2f} MB a host), "
            "again {again:.2f} s ({again_ratio:.2f}x, {again_small:.2f}x; {again_sent:.0f} bytes a host), "
            "push worker {worker_mb:.0f} MB, runner {runner_mb:.1f} MB".format(number + 1, mb=size / 1e6, **found[-1]),
            flush=True,
        )
    middle = {name: median(each[name] for each in found) for name in found[0]}
    first, again = middle["first_ratio"], middle["again_ratio"]
    memory = max(each["worker_mb"] for each in found), max(each["runner_mb"] for each in found)
    print(f"first deploy   {first:.2f} x bare Fabric sending the same bytes (at most {FIRST_LIMIT})")
    print(f"redeploy       {again:.2f} x bare Fabric sending the same bytes (at most {AGAIN_LIMIT})")
    print(f"beside 1 MB    {middle['first_small']:.2f} x first, {middle['again_small']:.2f} x again")
    print(f"push worker    {memory[0]:.0f} MB with {count} open connections (below 300)")
    print(f"runner         {memory[1]:.1f} MB on a host (below 30)")
    return first <= FIRST_LIMIT and again <= AGAIN_LIMIT and memory[0] < 300 and memory[1] < 30
