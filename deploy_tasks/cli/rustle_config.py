"""The configuration of `rustle-deploy`: options beat the environment, that beats the file, that beats the defaults."""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from deploy_tasks.errors import BadInput

DEFAULT_FILE = Path("~/.rustle/config.toml")
_LARGEST_FILE = 1 << 20
_UNITS = {"": 1.0, "B": 1e-6, "KB": 1e-3, "MB": 1.0, "GB": 1e3, "KIB": 1.024e-3, "MIB": 1.048576, "GIB": 1073.741824}

#: (table, key) of the file → field.
FILE_KEYS = {
    ("deployment", "cache_dir"): "cache_dir",
    ("deployment", "output_dir"): "output_dir",
    ("deployment", "parallel_jobs"): "parallel",
    ("deployment", "default_timeout_secs"): "timeout",
    ("deployment", "verify_deployments"): "verify",
    ("compilation", "optimization_level"): "optimization_level",
    ("compilation", "strip_symbols"): "strip_symbols",
    ("compilation", "static_linking"): "static_linking",
    ("compilation", "compression"): "compress",
    ("compilation", "binary_size_limit_mb"): "size_limit_mb",
    ("targets", "default_arch"): "default_target",
    ("targets", "supported_targets"): "supported_targets",
    ("cross_compilation", "use_docker"): "use_docker",
    ("cross_compilation", "use_zigbuild"): "use_zigbuild",
    ("cross_compilation", "toolchain_auto_install"): "toolchain_auto_install",
}
#: Environment variable → field.
ENVIRONMENT = {
    "RUSTLE_DEPLOY_CACHE_DIR": "cache_dir",
    "RUSTLE_BINARY_SIZE_LIMIT": "size_limit_mb",
    "RUSTLE_DEPLOYMENT_TIMEOUT": "timeout",
    "RUSTLE_PARALLEL_JOBS": "parallel",
    "RUSTLE_VERIFY_DEPLOYMENTS": "verify",
}


def megabytes(value: object) -> object:
    """`"50MB"`, `"1.5 GiB"` or a plain number of megabytes, as megabytes of 10^6 bytes."""
    if not isinstance(value, str):
        return value
    match = re.fullmatch(r"\s*([0-9]+(?:\.[0-9]+)?)\s*([A-Za-z]*)\s*", value)
    if match is None or match[2].upper() not in _UNITS:
        raise ValueError('is not a size like "50MB"')
    return float(match[1]) * _UNITS[match[2].upper()]


def _home(value: object) -> object:
    return os.path.expanduser(value) if isinstance(value, str) else value


Folder = Annotated[Path, BeforeValidator(_home)]


class Config(BaseModel):
    """Everything `rustle-deploy` can be told, with its defaults. Times are seconds, sizes megabytes of 10^6 bytes."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    plan: str | None = None
    inventory: str | None = None
    output_dir: Folder | None = None
    cache_dir: Folder | None = None
    target: tuple[str, ...] = ()
    default_target: str | None = None
    supported_targets: tuple[str, ...] = ()
    rebuild: bool = False
    incremental: bool = True
    deploy_only: bool = False
    compile_only: bool = False
    parallel: Annotated[int, Field(ge=1, le=512)] | None = None
    timeout: Annotated[float, Field(gt=0)] = 120.0
    binary_suffix: str = ""
    strip_symbols: bool = True
    static_linking: bool = True
    compress: bool = False
    optimization_level: Literal["debug", "release", "minimal-size", "min_size", "s", "z", "0", "1", "2", "3"] = (
        "release"
    )
    size_limit_mb: Annotated[float, BeforeValidator(megabytes), Field(gt=0)] = 50.0
    use_docker: bool = False
    use_zigbuild: bool = False
    toolchain_auto_install: bool = True
    verify: bool = False
    verbose: int = 0
    dry_run: bool = False

    @property
    def folder(self) -> Path:
        """Where executables are written."""
        return self.output_dir or Path("target")


def load(options: Mapping[str, Any], environment: Mapping[str, str], file: Path | None = None) -> Config:
    """Merge all sources. `file` is the one given with `-c`; without it `~/.rustle/config.toml` is read if it exists.

    Raises `BadInput` naming every value that is wrong and where it stands.
    """
    path = (file or DEFAULT_FILE).expanduser()
    origin: dict[str, str] = {}
    values: dict[str, Any] = {}
    for key, value in _file_values(path, required=file is not None).items():
        values[FILE_KEYS[key]] = value
        origin[FILE_KEYS[key]] = f"{path}: {'.'.join(key)}"
    for name, field in ENVIRONMENT.items():
        if environment.get(name):
            values[field], origin[field] = environment[name], name
    for field, value in options.items():
        values[field], origin[field] = value, "--" + field.replace("_", "-")
    try:
        return Config.model_validate(values)
    except ValidationError as error:
        raise BadInput("\n".join(_sentence(item, origin) for item in error.errors())) from None


def _sentence(item: Any, origin: Mapping[str, str]) -> str:
    field = str(item["loc"][0])
    message = str(item["msg"]).removeprefix("Value error, ")
    return f"{origin.get(field, field)}: {message[:1].lower()}{message[1:]}"


def _file_values(path: Path, *, required: bool) -> dict[tuple[str, str], Any]:
    """The keys of the file that mean something to us; unknown ones are left alone, as in other versions' files."""
    try:
        if path.stat().st_size > _LARGEST_FILE:
            raise BadInput(f"{path}: larger than 1 MiB")
        document = tomllib.loads(path.read_text())
    except FileNotFoundError:
        if required:
            raise BadInput(f"{path}: no such file") from None
        return {}
    except OSError as error:
        raise BadInput(f"{path}: {error.strerror}") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise BadInput(f"{path}: {error}") from None
    return {(table, key): document[table][key] for table, key in FILE_KEYS if key in _table(document, table, path)}


def _table(document: Mapping[str, Any], name: str, path: Path) -> Mapping[str, Any]:
    table = document.get(name, {})
    if not isinstance(table, dict):
        raise BadInput(f"{path}: {name} must be a table: [{name}]")
    return table
