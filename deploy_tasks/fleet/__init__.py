"""Real SSH servers on this machine, to try deployments on and to test them with."""

from deploy_tasks.fleet.errors import FleetError, FleetUnavailable
from deploy_tasks.fleet.fleet import MOST_HOSTS, Fleet, down, isolation, load, missing, up
from deploy_tasks.fleet.host import Host

__all__ = [
    "MOST_HOSTS",
    "Fleet",
    "FleetError",
    "FleetUnavailable",
    "Host",
    "down",
    "isolation",
    "load",
    "missing",
    "up",
]
