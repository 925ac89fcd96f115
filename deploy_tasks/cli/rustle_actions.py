"""What each option of `rustle-deploy` does."""

from __future__ import annotations

import os
import shlex
from collections.abc import Mapping
from typing import TYPE_CHECKING

from deploy_tasks.cli import doctor as doctor_command
from deploy_tasks.cli import executables, follow, inputs, render, request, targets, units
from deploy_tasks.cli.rustle_config import Config
from deploy_tasks.compiler.targets import TARGETS, Target, normalise, this_machine
from deploy_tasks.errors import BadInput
from deploy_tasks.plan.load import Given
from deploy_tasks.settings import settings

if TYPE_CHECKING:
    from deploy_tasks.producer import Handle, Result

_PREFIX = "DEPLOY_TASKS_"


def apply(config: Config) -> None:
    """Make the configuration the settings of this process and of the workers it starts."""
    chosen: Mapping[str, object] = {
        "CACHE_DIR": config.cache_dir,
        "SIZE_LIMIT_MB": config.size_limit_mb,
        "TIMEOUT_S": config.timeout,
        "BUILD_JOBS": config.parallel,
    }
    for name, value in chosen.items():
        if value is not None:
            os.environ[_PREFIX + name] = str(value)
    settings.cache_clear()
    for wrong, what in (
        (not config.static_linking, "static_linking = false: executables are always static"),
        (not config.strip_symbols, "strip_symbols = false: executables are always stripped"),
        (config.optimization_level != "release", f"optimization_level = {config.optimization_level}: always release"),
        (config.use_docker or config.use_zigbuild, "[cross_compilation]: the toolchain cross-compiles by itself"),
    ):
        if wrong:
            render.warning(what)


def deploy(config: Config) -> int:
    """Compile, deploy, verify when asked to; with an output folder the executables are written there too."""
    ready = request.prepared(
        str(config.plan),
        config.inventory,
        target=config.target[0] if config.target else None,
        timeout_s=config.timeout,
        verify=config.verify,
        parallel=config.parallel,
        rebuild=config.rebuild,
        vault_password_files=settings().vault_password_files,
    )
    _supported(config, [normalise(triple) for triple in ready.record.triples])
    if config.deploy_only:
        _require_compiled(config)
    if config.output_dir is not None and config.plan != "-":
        _write(config)
    redo = shlex.join(["rustle-deploy", str(config.plan), *(["-i", config.inventory] if config.inventory else [])])
    view = follow.View(redo=redo.replace("rustle-deploy", "deploy-tasks deploy", 1), verbose=config.verbose > 0)
    return follow.deployed(ready, view)


def compile_only(config: Config) -> int:
    """Write the executables, deploy nothing."""
    _write(config)
    return 0


def dry_run(config: Config) -> int:
    """Say what would be compiled and deployed."""
    found = _inputs(config)
    out = render.out()
    tasks = found.plan.written
    out.print(render.row("plan", found.plan.name, units.count(tasks, "task"), units.count(len(found.hosts), "host")))
    builder, parts = executables.compiler_here().builder, executables.parts(found)
    for target in _targets(config, found):
        state = "would be linked" if builder.find(target, parts) and not config.rebuild else "would be compiled"
        hosts = [host for host in found.hosts if found.target(host) == target]
        out.print(render.row("compile", target.triple, state, units.names(hosts)))
    if not config.compile_only:
        verb = "would deploy and verify" if config.verify else "would deploy"
        out.print(render.row("deploy", f"{verb} to {units.count(len(found.hosts), 'host')}", units.names(found.hosts)))
    render.note("dry run: nothing was compiled and no host was contacted")
    return 0


def rollback(config: Config, identity: str) -> int:
    """Take a deployment back; without an id the last one that succeeded."""

    def start() -> Handle:
        from deploy_tasks.producer import Producer

        producer = Producer()
        return producer.rollback(identity or _last(producer.deployments()))

    return follow.carry_out(start, follow.View(wanted="rolled_back", verbose=config.verbose > 0))


def list_deployments(config: Config) -> int:
    """Deployments on the inventory's hosts, or all that are known here."""
    if config.inventory:
        return targets.list_(inventory=config.inventory)
    from deploy_tasks.cli.state import status

    return status(None)


def cleanup(config: Config) -> int:
    """Remove every deployed executable from the inventory's hosts, with what is kept to take it back."""
    if not config.inventory:
        raise BadInput("--cleanup needs hosts", hint="rustle-deploy --cleanup -i INVENTORY")
    return targets.cleanup(inventory=config.inventory, everything=True, yes=True)


def check_capabilities(config: Config) -> int:
    """What this machine can compile, and whether it can deploy."""
    supported = [normalise(name) for name in config.supported_targets] or list(TARGETS)
    for target in TARGETS:
        word = "yes" if target in supported else "not in supported_targets"
        render.out().print(render.row("target", target.triple.ljust(16), word, width=7))
    return doctor_command.doctor()


def setup(config: Config) -> int:
    """Build the runner of every supported target now."""
    builder = executables.compiler_here().builder
    wanted = [normalise(name) for name in config.target or config.supported_targets] or list(TARGETS)
    for target in dict.fromkeys(wanted):
        runner = builder.runner(target, rebuild=config.rebuild)
        how = "cached" if runner.cached else units.seconds(runner.build_s)
        render.out().print(render.row("runner", target.triple.ljust(16), f"{units.size(runner.size)} ({how})", width=7))
    return 0


def _inputs(config: Config) -> inputs.Inputs:
    given = Given({}, settings().vault_password_files)
    if config.compile_only:
        return inputs.for_compiling(str(config.plan), config.inventory, given=given)
    return inputs.read(str(config.plan), config.inventory, given=given)


def _targets(config: Config, found: inputs.Inputs) -> list[Target]:
    named = [normalise(name) for name in config.target]
    default = [normalise(config.default_target)] if config.default_target and not found.hosts else []
    wanted = named or default or list(found.targets) or [this_machine()]
    _supported(config, wanted)
    return wanted


def _supported(config: Config, wanted: list[Target]) -> None:
    allowed = {normalise(name) for name in config.supported_targets}
    outside = [target.triple for target in wanted if allowed and target not in allowed]
    if outside:
        raise BadInput(
            f"{', '.join(outside)}: not in supported_targets", hint="the [targets] table of the configuration"
        )


def _write(config: Config) -> None:
    found = _inputs(config)
    wanted = _targets(config, found)
    written = executables.write(
        found, wanted, config.folder, rebuild=config.rebuild, suffix=config.binary_suffix, compress=config.compress
    )
    for each in written:
        how = "cached" if each.cached else units.seconds(each.build_s)
        render.out().print(render.row("compiled", str(each.path), f"{each.triple} {units.size(each.size)} ({how})"))


def _require_compiled(config: Config) -> None:
    found = _inputs(config)
    builder, parts = executables.compiler_here().builder, executables.parts(found)
    missing = [target.triple for target in _targets(config, found) if builder.find(target, parts) is None]
    if missing:
        raise BadInput(f"not compiled yet: {', '.join(missing)}", hint=f"rustle-deploy {config.plan} --compile-only")


def _last(deployments: list[Result]) -> str:
    for each in deployments:
        if each.ok:
            return each.deployment_id
    raise BadInput("no deployment that succeeded is known here", hint="rustle-deploy --list-deployments")
