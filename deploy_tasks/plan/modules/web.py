"""The modules of the part `web`: requests over HTTP."""

from __future__ import annotations

from deploy_tasks.plan.module_spec import ArgSpec, module_spec
from deploy_tasks.plan.modules.shared import FALSE, FILE_ARGS, PATH, RAW, TRUE

_OUT = "leave it out"

# What every module that speaks HTTP takes.
_URL_ARGS = {
    "url": ArgSpec(required=True),
    "force": FALSE,
    "http_agent": ArgSpec(default="ansible-httpget"),
    "use_proxy": TRUE,
    "validate_certs": TRUE,
    "force_basic_auth": FALSE,
    "client_cert": PATH,
    "client_key": PATH,
    "use_gssapi": ArgSpec("bool", default=False, fixed=True, instead=_OUT),
    "headers": ArgSpec("pairs"),
    "unredirected_headers": ArgSpec("list", default=()),
    "decompress": TRUE,
    "ciphers": ArgSpec("list", fixed=True, instead=_OUT),
    "use_netrc": TRUE,
}

SPECS = (
    module_spec(
        "get_url",
        {
            **_URL_ARGS,
            "dest": ArgSpec("path", required=True),
            "backup": FALSE,
            "checksum": ArgSpec(default=""),
            "timeout": ArgSpec("int", default=10),
            "tmp_dest": PATH,
            "url_username": ArgSpec(aliases=("username",)),
            "url_password": ArgSpec(aliases=("password",)),
            **FILE_ARGS,
        },
        part="web",
    ),
    module_spec(
        "uri",
        {
            **_URL_ARGS,
            "dest": PATH,
            "url_username": ArgSpec(aliases=("user",)),
            "url_password": ArgSpec(aliases=("password",)),
            "body": RAW,
            "body_format": ArgSpec(choices=("form-urlencoded", "json", "raw"), default="raw"),
            "src": PATH,
            "method": ArgSpec(default="GET"),
            "return_content": FALSE,
            "follow_redirects": ArgSpec(choices=("all", "no", "none", "safe", "urllib2", "yes"), default="safe"),
            "creates": PATH,
            "removes": PATH,
            "status_code": ArgSpec("list", default=(200,)),
            "timeout": ArgSpec("int", default=30),
            "unix_socket": PATH,
            "remote_src": FALSE,
            "ca_path": PATH,
            **FILE_ARGS,
        },
        exclusive=(("body", "src"),),
        file_args=("src",),
        check_supported=False,
        part="web",
    ),
)
