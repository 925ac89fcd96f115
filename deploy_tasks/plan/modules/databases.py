"""The modules of the part `databases`."""

from __future__ import annotations

from deploy_tasks.plan.module_spec import ArgSpec, module_spec
from deploy_tasks.plan.modules.shared import BOOL, FALSE, PATH, STR, TRUE

_SQL = "write it as SQL for psql, in a command with undo:"
_CLIENT = "write it into the file that config_file names"

SPECS = (
    module_spec(
        "mysql_db",
        {
            "name": ArgSpec("list", required=True, aliases=("db",)),
            "state": ArgSpec(choices=("absent", "dump", "import", "present"), default="present"),
            "encoding": STR,
            "collation": STR,
            "target": PATH,
            "single_transaction": FALSE,
            "quick": TRUE,
            "ignore_tables": ArgSpec("list", default=()),
            "hex_blob": FALSE,
            "force": FALSE,
            "skip_lock_tables": FALSE,
            "dump_extra_args": STR,
            "config_file": ArgSpec("path", default="~/.my.cnf"),
            "restrict_config_file": FALSE,
            "login_user": STR,
            "login_password": STR,
            "login_host": ArgSpec(default="localhost"),
            "login_port": ArgSpec("int", default=3306),
            "login_unix_socket": STR,
            # Nothing goes through a shell, and no end of a pipe is overlooked.
            "use_shell": BOOL,
            "pipefail": BOOL,
            "ca_cert": ArgSpec(fixed=True, aliases=("ssl_ca",), instead=_CLIENT),
            "client_cert": ArgSpec(fixed=True, aliases=("ssl_cert",), instead=_CLIENT),
            "client_key": ArgSpec(fixed=True, aliases=("ssl_key",), instead=_CLIENT),
            "master_data": ArgSpec("int", default=0, fixed=True, instead="write --master-data=… into dump_extra_args"),
            "chdir": ArgSpec(fixed=True, instead="write target as an absolute path"),
            "check_implicit_admin": ArgSpec(
                "bool",
                default=False,
                fixed=True,
                instead="leave login_user and login_password out for root's own access",
            ),
            "sql_log_bin": ArgSpec("bool", default=True, fixed=True, instead=_CLIENT),
        },
        required_if=(("state", "dump", ("target",)), ("state", "import", ("target",))),
        part="databases",
    ),
    module_spec(
        "postgresql_db",
        {
            "name": ArgSpec(required=True, aliases=("db",)),
            "state": ArgSpec(choices=("absent", "dump", "present", "restore"), default="present"),
            "owner": STR,
            "template": STR,
            "encoding": STR,
            "lc_collate": STR,
            "lc_ctype": STR,
            "conn_limit": STR,
            "target": PATH,
            "target_opts": STR,
            "dump_extra_args": STR,
            "force": FALSE,
            "maintenance_db": ArgSpec(default="postgres"),
            "trust_input": TRUE,
            "login_host": ArgSpec(default="", aliases=("host",)),
            "login_port": ArgSpec("int", default=5432, aliases=("port",)),
            "login_unix_socket": ArgSpec(default="", aliases=("unix_socket",)),
            "login_user": ArgSpec(default="postgres", aliases=("login",)),
            "login_password": STR,
            "comment": ArgSpec(fixed=True, instead=_SQL),
            "icu_locale": ArgSpec(fixed=True, instead=_SQL),
            "locale_provider": ArgSpec(fixed=True, instead=_SQL),
            "session_role": ArgSpec(fixed=True, instead="log in as that role, with login_user"),
            "tablespace": ArgSpec(fixed=True, instead=_SQL),
        },
        part="databases",
    ),
)
