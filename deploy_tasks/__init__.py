"""deploy-tasks: compile a plan into one executable per platform, push it to many hosts, verify it, undo it exactly.

>>> from deploy_tasks import deploy
>>> result = deploy("web.json", "hosts.ini", verify=True).wait()
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from deploy_tasks.producer import Handle, Result, cancel, deploy, deployments, rollback, status

__version__ = "0.1.0"
__all__ = ["Handle", "Result", "__version__", "cancel", "deploy", "deployments", "rollback", "status"]


def __getattr__(name: str) -> Any:
    """Load the producer on first use, so that `import deploy_tasks` costs nothing."""
    if name in __all__:
        from deploy_tasks import producer

        return getattr(producer, name)
    raise AttributeError(f"module 'deploy_tasks' has no attribute {name!r}")
