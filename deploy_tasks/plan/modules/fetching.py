"""The modules of the part `fetching`: files of hosts handed to whoever deploys."""

from __future__ import annotations

from deploy_tasks.plan.module_spec import ArgSpec, module_spec
from deploy_tasks.plan.modules.shared import FALSE, TRUE

SPECS = (
    module_spec(
        "fetch",
        {
            "src": ArgSpec(required=True),
            "dest": ArgSpec(required=True),
            "flat": FALSE,
            "fail_on_missing": TRUE,
            "validate_checksum": TRUE,
        },
        check_supported=False,
        part="fetching",
    ),
)
