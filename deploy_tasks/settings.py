"""The settings: the only reader of the environment.

Every setting is an environment variable `DEPLOY_TASKS_<NAME>`; `config/example.env` documents them all.
"""

from __future__ import annotations

import os
from functools import cache
from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, ValidationError, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from deploy_tasks.errors import SettingsError

# 30 days are the most: beyond, clocks of hosts and brokers overflow.
_LONGEST_S = 2_592_000.0
_SCHEMES = frozenset({"redis", "rediss", "unix"})
Seconds = Annotated[float, Field(gt=0, le=_LONGEST_S)]


def _state_default() -> Path:
    if hasattr(os, "geteuid") and os.geteuid() == 0:
        return Path("/var/lib/deploy-tasks-control")
    return Path(os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state") / "deploy-tasks-control"


class Settings(BaseSettings):
    """All settings with their types, units and defaults."""

    model_config = SettingsConfigDict(env_prefix="DEPLOY_TASKS_", extra="ignore", env_file=None)

    redis_url: SecretStr | None = Field(
        None, description="Broker and ledger, redis://[:password@]host:port/db. Unset: an embedded Redis is used."
    )
    state_dir: Path = Field(
        default_factory=_state_default,
        description="Where this machine keeps its store, its embedded Redis and its local fleet.",
    )
    cache_dir: Path | None = Field(None, description="Built runners and linked artifacts; default STATE_DIR/cache.")
    store_url: str | None = Field(
        None,
        description="Where bundles and artifacts are kept: a folder (default STATE_DIR/store) or s3://bucket/prefix.",
    )
    known_hosts: Path | None = Field(
        None, description="The known_hosts file that host keys are checked against; default ~/.ssh/known_hosts."
    )
    key_file: Path | None = Field(None, description="Private key for hosts whose inventory names none.")
    use_agent: bool = Field(True, description="Whether the SSH agent may be asked when no key file is given.")
    parallel: Annotated[int, Field(ge=1, le=512)] = Field(16, description="Hosts a push worker handles at once.")
    timeout_s: Seconds = Field(120.0, description="Seconds one host may take.")
    connect_timeout_s: Seconds = Field(10.0, description="Seconds a connection may take.")
    silence_s: Seconds = Field(20.0, description="Seconds without a byte until a host is silent.")
    lease_s: Annotated[float, Field(ge=1, le=_LONGEST_S)] = Field(
        10.0, description="Seconds until the hosts of a worker that died are given to another."
    )
    max_attempts: Annotated[int, Field(ge=1)] = Field(3, description="How often a host is given to a worker.")
    deployment_timeout_s: Seconds = Field(
        7200.0, description="Seconds a whole deployment may take until it is ended and rolled back."
    )
    warm_connections: Annotated[int, Field(ge=0)] = Field(256, description="Idle SSH connections a worker keeps.")
    warm_s: Annotated[float, Field(ge=0, le=_LONGEST_S)] = Field(
        300.0, description="Seconds an idle SSH connection is kept."
    )
    keep: Annotated[int, Field(ge=1)] = Field(5, description="Good deployments kept on a host for rollback.")
    size_limit_mb: Annotated[float, Field(gt=0, allow_inf_nan=False)] = Field(
        50.0, description="Largest artifact, in MB of 10^6 bytes."
    )
    fetch_limit_mb: Annotated[float, Field(gt=0, allow_inf_nan=False)] = Field(
        1000.0, description="What the module fetch takes from one host in a deployment, in MB of 10^6 bytes."
    )
    build_jobs: Annotated[int, Field(ge=1)] | None = Field(None, description="Parallel builds; default: CPU cores.")
    build_timeout_s: Seconds = Field(600.0, description="Seconds one build may take.")
    record_days: Annotated[float, Field(gt=0, le=36_500)] = Field(
        30.0, description="Days the ledger remembers a deployment."
    )
    flower_address: str = Field("127.0.0.1", description="Address Flower listens on.")
    flower_port: Annotated[int, Field(ge=1, le=65535)] = Field(5555, description="Port Flower listens on.")
    flower_user: str = Field("operator", description="Flower's user name.")
    flower_password: SecretStr | None = Field(
        None, description="Flower's password; unset: one is made and kept in STATE_DIR/flower.password."
    )
    plans_dir: Path | None = Field(
        None, description="Folder whose plans and inventories bare Celery messages may name; unset: they may not."
    )
    vault_password_file: Path | None = Field(
        None, description="Password of ansible-vault: a file that holds it, or an executable that prints it."
    )
    worker_lookups: str = Field(
        "env,file,lines,password,pipe,url", description="Which lookups plans may have workers perform, with commas."
    )
    schedules: Path | None = Field(None, description="The schedules beat reads; default config/schedules.yml.")
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = Field("INFO", description="How much workers log.")
    log_format: Literal["text", "json"] = Field("text", description="Form of the workers' log lines.")

    @field_validator("redis_url")
    @classmethod
    def _is_of_redis(cls, url: SecretStr | None) -> SecretStr | None:
        """What a client of Redis would break off at; the address itself is not shown, it may hold a password."""
        if url is not None:
            try:
                parts = urlsplit(url.get_secret_value())
                known = parts.scheme in _SCHEMES and parts.port != 0
            except ValueError:
                known = False
            if not known:
                raise ValueError("is no address of a Redis: write redis://[:password@]host:port/db")
        return url

    @property
    def lookups(self) -> frozenset[str]:
        """The kinds of lookups that workers may perform."""
        return frozenset(part.strip() for part in self.worker_lookups.split(",")) - {""}

    @property
    def cache(self) -> Path:
        """The folder of built runners and artifacts."""
        return (self.cache_dir or self.state_dir / "cache").expanduser().absolute()

    @property
    def vault_password_files(self) -> tuple[Path, ...]:
        """The password file of ansible-vault, where one is set."""
        return () if self.vault_password_file is None else (self.vault_password_file.expanduser(),)

    @property
    def store(self) -> str:
        """The store's folder or URL."""
        return self.store_url or str(self.state_dir / "store")


def load(**overrides: object) -> Settings:
    """Read the environment. Keyword arguments beat it. Raises `SettingsError` naming each bad variable."""
    try:
        return Settings(**overrides)  # type: ignore[arg-type]
    except ValidationError as error:
        lines = [
            f"DEPLOY_TASKS_{str(item['loc'][0]).upper()}: {item['msg'].removeprefix('Value error, ')}"
            for item in error.errors()
        ]
        raise SettingsError("\n".join(lines), hint="config/example.env documents every setting") from None


@cache
def settings() -> Settings:
    """The process's settings, read once."""
    return load()
