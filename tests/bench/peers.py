"""A playbook of 100 file, template and command tasks on one warm host: ours, Ansible with pipelining, and Mitogen.

All three are timed as a user sees them, from the command to its end, one after the other in every round, each in a
folder of its own on the same host, so that every task changes something. Connections stay open between rounds as each
of them has it: ControlPersist, the warm connections of our workers, and Mitogen's for one command. Ratios are of one
round; the median of the rounds is what counts. The peers come from PyPI into `.state/peers`, as `peers.txt` pins them.

Cold is a host that never saw us: no connection is open, and the runner, which is in the cache, has to be sent.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from statistics import median

from tests.bench import hundred
from tests.bench.site import Site, a_site

ROOT = Path(__file__).resolve().parents[2]
PEERS = ROOT / ".state" / "peers"
PINS = Path(__file__).with_name("peers.txt")
LIMITS = {"ansible": 20.0, "mitogen": 5.0}
_TIMEOUT_S = 900.0
_CONFIG = """\
[defaults]
retry_files_enabled = False
host_key_checking = True
{strategy}
[connection]
pipelining = True

[ssh_connection]
pipelining = True
control_path_dir = {folder}/cp
ssh_args = -F /dev/null -C -o ControlMaster=auto -o ControlPersist=60s -o UserKnownHostsFile={known_hosts}
"""
_STRATEGY = "strategy = mitogen_linear\nstrategy_plugins = {plugins}\n"


def environment() -> Path:
    """The folder of the peers' executables, made anew when its pins have changed."""
    ready, pins = PEERS / ".ready", PINS.read_text()
    if not ready.exists() or ready.read_text() != pins:
        print(f"peers          into {PEERS}", file=sys.stderr, flush=True)
        subprocess.run([sys.executable, "-m", "venv", "--clear", str(PEERS)], check=True)
        pip = [str(PEERS / "bin/python"), "-m", "pip", "install", "-q", "--disable-pip-version-check"]
        subprocess.run([*pip, "-r", str(PINS)], check=True)
        ready.write_text(pins)
    return PEERS / "bin"


class Race:
    """The competitors on one host."""

    def __init__(self, site: Site, folder: Path) -> None:
        self.playbook = hundred.playbook(folder)
        self.inventory = folder / "hosts.ini"
        (host,) = site.fleet.hosts.values()
        self.inventory.write_text(
            f"web ansible_host={host.address} ansible_port={host.port} ansible_user=root "
            f'deploy_tasks_host_key="{host.seat.key}" ansible_ssh_private_key_file={site.fleet.key_path} '
            "ansible_python_interpreter=/usr/bin/python3\n"
        )
        peers = environment()
        (plugins,) = PEERS.glob("lib/python*/site-packages/ansible_mitogen/plugins/strategy")
        strategies = {"ansible": "", "mitogen": _STRATEGY.format(plugins=plugins)}
        self._commands = {"ours": [str(Path(sys.executable).with_name("deploy-tasks")), "deploy"]}
        self._environments = {"ours": {**os.environ, **_our_settings(site)}}
        for name, strategy in strategies.items():
            home = folder / name
            home.mkdir()
            known_hosts = site.fleet.known_hosts_path
            config = home / "ansible.cfg"
            config.write_text(_CONFIG.format(strategy=strategy, folder=home, known_hosts=known_hosts))
            self._commands[name] = [str(peers / "ansible-playbook")]
            self._environments[name] = {
                "PATH": f"{peers}:{os.environ['PATH']}",
                "HOME": str(home),
                "LANG": "C.UTF-8",
                "ANSIBLE_CONFIG": str(config),
            }

    def seconds(self, who: str, folder: str) -> float:
        """From the command to its end; all tasks change something in this folder, which the host does not have yet."""
        arguments = [str(self.playbook), "-i", str(self.inventory), "-e", f"root=/srv/{folder}"]
        return self._timed(who, arguments, hundred.COUNT)

    def _timed(self, who: str, arguments: Sequence[str], changed: int) -> float:
        start = time.perf_counter()
        done = subprocess.run(
            [*self._commands[who], *arguments],
            env=self._environments[who],
            capture_output=True,
            text=True,
            timeout=_TIMEOUT_S,
            check=False,
        )
        took = time.perf_counter() - start
        said = done.stdout + done.stderr
        assert done.returncode == 0, said
        found = re.search(r"changed=(\d+)|(\d+) changes", said)
        assert found is not None, said
        assert int(found[1] or found[2]) == changed, said
        return took


def _our_settings(site: Site) -> dict[str, str]:
    return {
        "DEPLOY_TASKS_STATE_DIR": str(site.settings.state_dir),
        "DEPLOY_TASKS_CACHE_DIR": str(site.settings.cache_dir),
        "DEPLOY_TASKS_KNOWN_HOSTS": str(site.fleet.known_hosts_path),
    }


def main(rounds: int = 3) -> bool:
    """Print every round and the medians; true when the limits hold."""
    cache = Path.home() / ".cache" / "deploy-tasks-bench"
    found: list[dict[str, float]] = []
    with a_site(1, cache=cache) as site, tempfile.TemporaryDirectory(prefix="dt-peers-") as name:
        race = Race(site, Path(name))
        with a_site(1, cache=cache) as other, tempfile.TemporaryDirectory(prefix="dt-peers-") as built:
            Race(other, Path(built)).seconds("ours", "built")  # the runner is in the cache now
        cold = race.seconds("ours", "cold")
        for who in LIMITS:
            race.seconds(who, f"{who}-warm")
        for number in range(rounds):
            found.append({who: race.seconds(who, f"{who}-{number}") for who in ("ours", *LIMITS)})
            print(
                f"round {number + 1}: " + ", ".join(f"{who} {took:.2f} s" for who, took in found[-1].items()),
                flush=True,
            )
    middle = {who: median(each[who] for each in found) for who in found[0]}
    ratios = {who: median(each[who] / each["ours"] for each in found) for who in LIMITS}
    print(f"ours           {middle['ours']:.2f} s for {hundred.COUNT} tasks on a warm host, {cold:.2f} s on a new one")
    for who, limit in LIMITS.items():
        print(f"{who:14} {middle[who]:.2f} s, {ratios[who]:.1f} times as long as ours (at least {limit:g})")
    return all(ratios[who] >= limit for who, limit in LIMITS.items())


if __name__ == "__main__":
    raise SystemExit(0 if main() else 1)
