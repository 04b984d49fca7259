"""Ports for what must be told one before it starts; whatever else can, lets the system choose."""

from __future__ import annotations

import random
import socket

# Below those that systems give to connections and to who asks for any: between this look and the
# start of what shall listen there, seconds later, nobody else is given it.
_FREE = range(20_000, 32_000)


def free_port() -> int:
    """One of this computer's own address where nothing listens."""
    while True:
        port = random.choice(_FREE)
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
