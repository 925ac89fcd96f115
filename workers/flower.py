"""Flower for operators: loopback and password by default, looking only. `python -m workers.flower` is its process."""

from __future__ import annotations

import argparse
import secrets
import socket
import sys
from pathlib import Path
from typing import Any

from deploy_tasks.errors import SettingsError
from deploy_tasks.settings import Settings, settings
from workers import process
from workers.children import Child
from workers.redis import write_private

_CONFIG = Path(__file__).resolve().parent.parent / "config" / "flowerconfig.py"


def child(settings: Settings, environment: dict[str, str], log_dir: Path | None = None) -> Child:
    """Flower as a process of the tree."""
    log = log_dir / "flower.log" if log_dir else None
    return Child("flower", [sys.executable, "-m", "workers.flower"], environment, log=log)


def password(settings: Settings) -> str:
    """The password of the setting, or one made once and kept in STATE_DIR/flower.password."""
    if settings.flower_password is not None:
        return settings.flower_password.get_secret_value()
    kept = settings.state_dir / "flower.password"
    if not kept.exists():
        settings.state_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
        write_private(kept, secrets.token_urlsafe(18))
    return kept.read_text().strip()


def url(settings: Settings) -> str:
    """Where the running Flower is to be found, without the password."""
    try:
        return _url_file(settings).read_text().strip()
    except OSError:
        return f"http://{settings.flower_address}:{settings.flower_port}/"


def _url_file(settings: Settings) -> Path:
    return settings.state_dir / "flower.url"


def _port(settings: Settings) -> int:
    """The configured port; a free one when the default is taken and nobody insisted on it."""
    family = socket.AF_INET6 if ":" in settings.flower_address else socket.AF_INET
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((settings.flower_address, settings.flower_port))
            return settings.flower_port
        except OSError as error:
            if "flower_port" in settings.model_fields_set:
                raise SettingsError(
                    f"Flower cannot listen on {settings.flower_address}:{settings.flower_port}: {error.strerror}",
                    hint="set DEPLOY_TASKS_FLOWER_PORT to a free port",
                ) from None
            probe.bind((settings.flower_address, 0))
            return int(probe.getsockname()[1])


def application(settings: Settings) -> Any:
    """Flower's web application, listening."""
    from flower.app import Flower
    from flower.options import options
    from flower.urls import settings as web_settings

    from deploy_tasks import broker

    if not hasattr(options, "read_only"):
        raise SettingsError("this Flower cannot be made read-only", hint="install flower 2.2 or later")
    options.parse_config_file(str(_CONFIG), final=False)
    options.read_only = True
    options.basic_auth = [f"{settings.flower_user}:{password(settings)}"]
    options.address, options.port = settings.flower_address, _port(settings)
    web_settings["cookie_secret"] = secrets.token_urlsafe(32)
    celery = broker.make_celery(settings)
    # Flower asks workers from many threads, each with one connection for the answers and one more for the question:
    # with a small pool all would have the first and wait for the second, and it would show nothing.
    celery.conf.broker_pool_limit = None
    made = Flower(capp=celery, options=options, **web_settings)
    port = made.start_http_server()
    settings.state_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
    write_private(_url_file(settings), f"http://{settings.flower_address}:{port}/")
    return made


def main() -> int:
    """Serve Flower until told to stop."""
    parser = argparse.ArgumentParser(prog="python -m workers.flower", description=__doc__)
    parser.add_argument("--ready-fd", type=int)
    parser.add_argument("--parent", type=int)
    arguments = parser.parse_args()
    if arguments.parent is not None:
        process.die_unless_child_of(arguments.parent)
    if arguments.ready_fd is not None:
        process.ready_on(arguments.ready_fd)
    served = application(settings())
    served.io_loop.add_callback(process.tell_ready)
    try:
        served.start()
    except KeyboardInterrupt:
        served.stop()
    return 0


if __name__ == "__main__":
    sys.exit(main())
