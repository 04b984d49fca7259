"""Ports for what must be told one before it starts; whatever else can, lets the system choose."""

from __future__ import annotations

import itertools
import os
import random
import socket

# Below those that systems give to connections and to who asks for any: between this look and the
# start of what shall listen there, seconds later, nobody else is given it.
_FIRST, _OF_ONE, _WORKERS = 20_000, 1_000, 12

# Nor does a test that runs beside this one choose it: each of pytest's workers has a thousand of
# its own, and takes one after the other.
_WORKER = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw")) % _WORKERS
_OFFSETS = itertools.count(random.randrange(_OF_ONE))


def free_port() -> int:
    """One of this computer's own address where nothing listens."""
    while True:
        port = _FIRST + _WORKER * _OF_ONE + next(_OFFSETS) % _OF_ONE
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
