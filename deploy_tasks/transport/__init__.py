"""The way to the hosts: SSH by Fabric, or this machine; what hosts lack, the dialogue with the runner, deadlines."""

from deploy_tasks.transport.dialogue import Answer, nobody
from deploy_tasks.transport.endpoint import Endpoint
from deploy_tasks.transport.errors import (
    AuthRefused,
    Cancelled,
    ConnectionLost,
    DeadlineExceeded,
    HostKeyRefused,
    HostRefused,
    HostSilent,
    ProtocolError,
    TransportError,
    Unreachable,
)
from deploy_tasks.transport.events import BadOutput
from deploy_tasks.transport.greeting import greets
from deploy_tasks.transport.options import ConnectOptions
from deploy_tasks.transport.pool import Pool
from deploy_tasks.transport.push import OnQuestion, Question, Report, ask, push, undo
from deploy_tasks.transport.shipment import Part, Piece, Shipment

__all__ = [
    "Answer",
    "AuthRefused",
    "BadOutput",
    "Cancelled",
    "ConnectOptions",
    "ConnectionLost",
    "DeadlineExceeded",
    "Endpoint",
    "HostKeyRefused",
    "HostRefused",
    "HostSilent",
    "OnQuestion",
    "Part",
    "Piece",
    "Pool",
    "ProtocolError",
    "Question",
    "Report",
    "Shipment",
    "TransportError",
    "Unreachable",
    "ask",
    "greets",
    "nobody",
    "push",
    "undo",
]
