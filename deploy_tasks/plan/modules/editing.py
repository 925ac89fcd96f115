"""The modules of the part `editing`: files read and edited beyond what the basics do."""

from __future__ import annotations

from deploy_tasks.plan.module_spec import ArgSpec, module_spec

SPECS = (module_spec("slurp", {"src": ArgSpec("path", required=True, aliases=("path",))}, part="editing"),)
