"""The modules of the part `python`."""

from __future__ import annotations

from deploy_tasks.plan.module_spec import ArgSpec, module_spec
from deploy_tasks.plan.modules.shared import FALSE, PATH, STR

SPECS = (
    module_spec(
        "pip",
        {
            "state": ArgSpec(choices=("absent", "forcereinstall", "latest", "present"), default="present"),
            "name": ArgSpec("list"),
            "version": STR,
            "requirements": STR,
            "virtualenv": PATH,
            "virtualenv_site_packages": FALSE,
            "virtualenv_command": ArgSpec(default="virtualenv"),
            "virtualenv_python": STR,
            "extra_args": STR,
            "editable": FALSE,
            "chdir": PATH,
            "executable": PATH,
            "umask": STR,
            "break_system_packages": FALSE,
        },
        exclusive=(("name", "requirements"), ("executable", "virtualenv")),
        required_one_of=(("name", "requirements"),),
        part="python",
    ),
)
