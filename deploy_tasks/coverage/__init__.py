"""What share of a folder of playbooks and roles compiles as it is, and what is missing, most wanted first."""

from __future__ import annotations

from deploy_tasks.coverage.measure import measure
from deploy_tasks.coverage.tally import Coverage, Missing, Share

__all__ = ["Coverage", "Missing", "Share", "measure"]
