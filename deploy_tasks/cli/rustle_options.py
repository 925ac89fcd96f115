"""The options of `rustle-deploy`, as its users know them."""

from __future__ import annotations

import argparse
from typing import NoReturn

from deploy_tasks import __version__
from deploy_tasks.errors import BadInput

_EPILOG = """\
examples:
  rustle-deploy plan.json -i hosts.ini --verify      compile, deploy to every host, verify, roll back on failure
  rustle-plan site.yml | rustle-deploy - -i hosts.ini
  rustle-deploy plan.json -i hosts.ini --dry-run     say what would be compiled and deployed
  rustle-deploy plan.json --compile-only -t aarch64-unknown-linux-musl -o dist
  rustle-deploy --list-deployments -i hosts.ini
  rustle-deploy --rollback                           take the last deployment back

environment (beaten by options, beats the file):
  RUSTLE_DEPLOY_CACHE_DIR  RUSTLE_BINARY_SIZE_LIMIT (50MB)  RUSTLE_DEPLOYMENT_TIMEOUT (seconds)
  RUSTLE_PARALLEL_JOBS     RUSTLE_VERIFY_DEPLOYMENTS (true, false)

configuration file ~/.rustle/config.toml:
  [deployment] cache_dir output_dir parallel_jobs default_timeout_secs verify_deployments
  [compilation] optimization_level strip_symbols static_linking compression binary_size_limit_mb
  [targets] default_arch supported_targets   [cross_compilation] use_docker use_zigbuild toolchain_auto_install

exit status: 0 succeeded, 1 failed or rolled back, 2 bad input, 3 hosts held by another deployment, 4 our own failure,
  130 interrupted
"""


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        raise BadInput(message, hint=f"{self.prog} --help")


def parser() -> argparse.ArgumentParser:
    """The parser; what the user does not give is absent from the namespace, so that other sources can supply it."""
    made = _Parser(
        prog="rustle-deploy",
        description="Compile an execution plan into self-contained executables and deploy them over SSH.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        argument_default=argparse.SUPPRESS,
        allow_abbrev=False,
    )
    made.add_argument("plan", nargs="?", metavar="EXECUTION_PLAN", help="path of the plan, or - for standard input")
    _where(made)
    _compiling(made)
    _deploying(made)
    _actions(made)
    made.add_argument("-V", "--version", action="version", version=f"rustle-deploy {__version__}")
    return made


def _where(made: argparse.ArgumentParser) -> None:
    add = made.add_argument
    add("-i", "--inventory", metavar="FILE", help="inventory: INI, YAML, JSON, or a list of hosts a,b,")
    add("-c", "--config", metavar="FILE", help="configuration file instead of ~/.rustle/config.toml")
    add("-v", "--verbose", action="count", help="say more: what every host did")


def _compiling(made: argparse.ArgumentParser) -> None:
    add = made.add_argument_group("compiling").add_argument
    add(
        "-o", "--output-dir", metavar="DIR", help="write the executables here too (default with --compile-only: target)"
    )
    add(
        "-t",
        "--target",
        metavar="TRIPLE",
        action="append",
        help="target of hosts whose inventory names none; may repeat",
    )
    add("--cache-dir", metavar="DIR", help="where built runners and linked executables are kept")
    add("--incremental", action="store_true", help="reuse what is cached and unchanged (always done without --rebuild)")
    add("--rebuild", action="store_true", help="build everything anew")
    add("--compile-only", action="store_true", help="write the executables, deploy nothing")
    add("--binary-suffix", metavar="SUFFIX", help="end of the executables' file names, for example .run")
    add("--strip-symbols", action="store_true", help="leave symbols out (always done: executables are smaller)")
    add("--compress", action="store_true", help="write a packed copy (.gz) beside each executable")


def _deploying(made: argparse.ArgumentParser) -> None:
    add = made.add_argument_group("deploying").add_argument
    add("--deploy-only", action="store_true", help="deploy what is compiled already; compile nothing")
    add(
        "--parallel", metavar="NUM", type=int, help="builds and hosts at once (default: CPU cores for builds, 16 hosts)"
    )
    add("--timeout", metavar="SECONDS", type=float, help="seconds one host may take (default: 120)")
    add("--verify", action="store_true", help="check digest and effect on every host; roll back when it is not right")
    add("--dry-run", action="store_true", help="say what would be compiled and deployed; change nothing")


def _actions(made: argparse.ArgumentParser) -> None:
    group = made.add_argument_group("other actions (instead of deploying)").add_mutually_exclusive_group()
    add = group.add_argument
    add(
        "--rollback",
        metavar="DEPLOYMENT_ID",
        nargs="?",
        const="",
        help="take a deployment back; without ID the last one",
    )
    add("--list-deployments", action="store_true", help="deployments on the inventory's hosts, or all that are known")
    add(
        "--cleanup",
        action="store_true",
        help="remove all deployed executables, and with them the way back, from the inventory's hosts",
    )
    add("--check-capabilities", action="store_true", help="what this machine can compile and whether it can deploy")
    add("--setup", action="store_true", help="build the runner of every target now, so that later compiles are quick")
    add("--localhost-test", action="store_true", help="compile, run and undo a small plan on this machine")


ACTIONS = ("rollback", "list_deployments", "cleanup", "check_capabilities", "setup", "localhost_test")
