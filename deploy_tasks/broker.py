"""What producers and workers agree on: exchange, queues, routes, serializer, and how Redis is reached.

Why the numbers are what they are:

- A worker that dies is noticed by our own leases (seconds), not by the broker. `visibility_timeout` is therefore only
  the broom for messages that a dead worker left unacknowledged: after 30 s they come back, find in the ledger that
  their host is done or in other hands, and are acknowledged. A host that takes longer than 30 s meets such copies too;
  they are refused by the ledger in a millisecond.
- kombu sweeps every `unacked_restore_interval` x `unacked_restore_throttle` seconds; its defaults make 30 s last 115 s.
- `result_expires` must outlive the slowest member of a chord, or the chord never fires: twice the longest deadline.
- `queue_order_strategy`: queues are served in the order a worker lists them, so `urgent` goes before `push`.
- `retry_on_timeout` stays off: with it kombu would not send the messages of a chord in batches.
- Every socket has a timeout and a health check: a dead connection must not be waited for.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from kombu.entity import Exchange, Queue
from redis import Redis
from redis.backoff import ExponentialBackoff
from redis.exceptions import ConnectionError, TimeoutError
from redis.retry import Retry

from deploy_tasks.errors import BrokerLost
from deploy_tasks.settings import Settings

if TYPE_CHECKING:
    from celery import Celery

CONTROL, BUILD, PUSH, URGENT = "control", "build", "push", "urgent"
EXCHANGE: Any = Exchange("deploy_tasks", type="direct", durable=True)  # type: ignore[no-untyped-call]
QUEUES: tuple[Any, ...] = tuple(
    Queue(name, EXCHANGE, routing_key=name)  # type: ignore[no-untyped-call]
    for name in (CONTROL, BUILD, PUSH, URGENT)
)

START, COMPILE, PUSH_HOST, CONCLUDE, UNDO_HOST, CANARY, SCHEDULED, PREVIEW = (
    f"deploy_tasks.{name}"
    for name in ("start", "compile", "push", "conclude", "undo", "canary", "scheduled", "preview")
)
ROUTES = {
    START: {"queue": CONTROL},
    COMPILE: {"queue": BUILD},
    PUSH_HOST: {"queue": PUSH},
    CONCLUDE: {"queue": CONTROL},
    UNDO_HOST: {"queue": URGENT},
    PREVIEW: {"queue": PUSH},
    SCHEDULED: {"queue": CONTROL},
}

VISIBILITY_S = 30
SOCKET_TIMEOUT_S = 5.0
CONNECT_TIMEOUT_S = 3.0


def result_expires_s(settings: Settings) -> int:
    """How long results live: twice the longest deadline there is."""
    longest = max(settings.deployment_timeout_s, settings.timeout_s, settings.build_timeout_s)
    return int(2 * longest) + 60


def transport_options() -> dict[str, Any]:
    """Options of the Redis transport of kombu."""
    return {
        "visibility_timeout": VISIBILITY_S,
        # Our bodies are JSON, which needs no base64 inside the JSON of the envelope: a quarter of the bytes.
        "body_encoding": None,
        "unacked_restore_interval": 5,
        "unacked_restore_throttle": 1,
        "queue_order_strategy": "priority",
        "socket_connect_timeout": CONNECT_TIMEOUT_S,
        "socket_timeout": SOCKET_TIMEOUT_S * 2,
        "socket_keepalive": True,
        "health_check_interval": 10,
    }


def celery_options(settings: Settings, url: str) -> dict[str, Any]:
    """The Celery configuration of producers and workers."""
    return {
        "broker_url": url,
        "result_backend": url,
        "broker_transport_options": transport_options(),
        "broker_connection_retry_on_startup": True,
        "broker_connection_max_retries": None,
        "broker_pool_limit": 4,
        "redis_socket_timeout": SOCKET_TIMEOUT_S,
        "redis_socket_connect_timeout": CONNECT_TIMEOUT_S,
        "redis_socket_keepalive": True,
        "redis_backend_health_check_interval": 10,
        "result_expires": result_expires_s(settings),
        "result_serializer": "json",
        "task_serializer": "json",
        "event_serializer": "json",
        "accept_content": ["json"],
        "result_accept_content": ["json"],
        "task_queues": QUEUES,
        "task_default_exchange": EXCHANGE.name,
        "task_default_queue": CONTROL,
        "task_default_routing_key": CONTROL,
        "task_create_missing_queues": False,
        "task_routes": ROUTES,
        "task_acks_late": True,
        "task_reject_on_worker_lost": True,
        "task_acks_on_failure_or_timeout": True,
        "worker_prefetch_multiplier": 1,
        "worker_send_task_events": True,
        "worker_hijack_root_logger": False,
        "worker_cancel_long_running_tasks_on_connection_loss": False,
        "event_queue_ttl": 5,
        "event_queue_expires": 60,
        "control_queue_ttl": 60,
        "control_queue_expires": 60,
        "timezone": "UTC",
        "enable_utc": True,
    }


def make_celery(settings: Settings, url: str | None = None) -> Celery:
    """A Celery application that speaks to this broker. It knows no tasks by itself."""
    from celery import Celery

    application = Celery("deploy_tasks", set_as_current=False, amqp="deploy_tasks.messages:LeanAMQP")
    application.conf.update(celery_options(settings, url or redis_url(settings)))
    return application


def url_file(settings: Settings) -> Path:
    """Where the embedded Redis of this machine leaves its URL, readable by its user only."""
    return settings.state_dir / "redis" / "url"


def redis_url(settings: Settings) -> str:
    """The URL of Redis: the setting, or the embedded one of this machine. Raises `BrokerLost` when there is neither."""
    if settings.redis_url is not None:
        return settings.redis_url.get_secret_value()
    try:
        return url_file(settings).read_text().strip()
    except OSError:
        raise BrokerLost(
            "no Redis: DEPLOY_TASKS_REDIS_URL is not set and no embedded one runs here; nothing was enqueued",
            hint="start one with: deploy-tasks up",
        ) from None


def connect(url: str, *, patience: int = 8, timeout_s: float = SOCKET_TIMEOUT_S) -> Redis:
    """A client of Redis that gives up on a dead socket, and tries again `patience` times with growing pauses.

    redis-py tries again both to connect and to ask, so the longest wait is about `timeout_s * (patience + 1) ** 2`.
    """
    return Redis.from_url(
        url,
        decode_responses=True,
        socket_timeout=timeout_s,
        socket_connect_timeout=min(timeout_s, CONNECT_TIMEOUT_S),
        socket_keepalive=True,
        health_check_interval=15,
        retry=Retry(ExponentialBackoff(cap=2.0, base=0.05), patience),
        retry_on_error=[ConnectionError, TimeoutError],
    )
