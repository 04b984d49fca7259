"""ZeroMQ's REQ and REP, whose core is C++."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from typing import Any

from benchmarks.peers import COMMAND, REPLY, Say, Times
from benchmarks.peers.loads import Ask, in_threads

# Any: it is installed only for this.
zmq: Any = import_module("zmq")


def serve(say: Say) -> None:
    sock = zmq.Context().socket(zmq.REP)
    port = sock.bind_to_random_port("tcp://127.0.0.1")
    say(f"tcp://127.0.0.1:{port}")
    while True:
        sock.recv()
        sock.send(REPLY.encode())


def load(address: str, clients: int, seconds: float) -> Times:
    context = zmq.Context()

    @contextmanager
    def connected() -> Iterator[Ask]:
        with context.socket(zmq.REQ) as sock:
            sock.connect(address)
            command = COMMAND.encode()

            def ask() -> bytes:
                sock.send(command)
                reply: bytes = sock.recv()
                return reply

            yield ask

    return in_threads(connected, clients, seconds)
