"""How a listener treats its connections."""

from __future__ import annotations

from dataclasses import dataclass, field

from pychron_comms.config.table import Table
from pychron_comms.wire.frames import FrameFormat


@dataclass(frozen=True, kw_only=True)
class ConnectionLimits:
    """How many connections a listener bears, and how long one may be silent.

    ``connections``: at once at the whole listener; ``connections_per_host``: from one host.
    ``idle``: seconds without a byte after which one that waits for nothing is closed; 0 for never.
    """

    connections: int = 1000
    connections_per_host: int = 250
    idle: float = 86400.0


@dataclass(frozen=True, kw_only=True)
class WireOptions:
    """How a listener treats its connections.

    ``line_length``: bytes in a line. ``in_flight``: commands of one connection that may wait for
    their replies before it is read no further. ``stall``: seconds that a client may leave its
    replies unread before it is dropped. ``close_after_reply``: for clients that read to the end
    of file. ``unterminated_after``: seconds of silence after which a line without its end is taken
    for whole; None for never. ``frame``: for clients that want frames. ``datagram_reply``: bytes
    of a reply over UDP; 0 for what its way can carry.
    """

    line_length: int = 65536
    in_flight: int = 256
    stall: float = 60.0
    close_after_reply: bool = False
    unterminated_after: float | None = None
    frame: FrameFormat | None = None
    datagram_reply: int = 0
    limits: ConnectionLimits = field(default_factory=ConnectionLimits)


def read_connection_limits(table: Table) -> ConnectionLimits:
    """From the table of a listener, or of a processor. Raises ConfigError."""
    default = ConnectionLimits()
    return ConnectionLimits(
        connections=table.integer("connections", default.connections, minimum=1),
        connections_per_host=table.integer(
            "connections_per_host", default.connections_per_host, minimum=1
        ),
        idle=table.number("idle", default.idle, minimum=0.0),
    )
