"""By what a copy of a plain command is told: servers and processors reckon with the same."""

from __future__ import annotations

#: Seconds after its end in which it may be in doubt whether its reply was read. A datagram's copies
#: come sooner.
KEEP = 5.0
KEEP_DATAGRAM = 2.1

# Stands for the connection of a datagram, which has none.
_DATAGRAM = "udp"


def connection_of(ask: str) -> str:
    """The connection by which that ask came; empty for a datagram, which shares none."""
    connection = ask.rpartition(".")[0]
    return "" if connection == _DATAGRAM else connection
