"""What can go wrong with a local fleet."""

from deploy_tasks.errors import DeployError, NotFound


class FleetError(DeployError):
    """The local hosts cannot be started, reached or changed."""


class NoFleet(FleetError, NotFound):
    """There are no local hosts in that folder."""


class FleetUnavailable(FleetError):
    """This machine lacks what a fleet needs; the message names it."""
