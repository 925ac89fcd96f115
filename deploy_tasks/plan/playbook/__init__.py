"""Ansible playbooks: from YAML to the normalised plan."""

from __future__ import annotations

from deploy_tasks.plan.playbook.loading import Loaded, load_playbook

__all__ = ["Loaded", "load_playbook"]
