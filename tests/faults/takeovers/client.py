"""A client of a real server: asks by one connection, and is told when that is lost."""

from __future__ import annotations

import contextlib
import socket
from collections.abc import Callable
from typing import Any

from tests.faults.model.words import REQUEST_TYPE
from tests.faults.takeovers.turns import Turns

Answered = Callable[[str], object]

#: Where each server listens, at an address of its own.
PORT = 1061

_READ = 65536
_UNSENT = "ERROR 011 : there is no server"
_LOST = "ERROR 201 : its server is dead"


class Client:
    """Connects when it has something to ask. Its replies may come in any order."""

    def __init__(self, turns: Turns, host: str) -> None:
        self._turns = turns
        self._host = host
        self._connection: socket.socket | None = None
        self._received = b""
        self._number = 0
        self._waiting: dict[str, Answered] = {}

    def ask(self, command: str, answered: Answered, **tags: object) -> None:
        """``answered`` is told the reply, or that there will be none."""
        self._number += 1
        number = str(self._number)
        more = "".join(f";{name}={value}" for name, value in tags.items())
        line = f"@id={number}{more} {REQUEST_TYPE}|{command}\n"
        try:
            connection = self._connected()
        except OSError:
            # Not at once: whoever asks again would do so for ever.
            self._turns.later(0, lambda: answered(_UNSENT))
            return
        self._waiting[number] = answered
        try:
            connection.sendall(line.encode())
        except OSError:
            self.close()

    def close(self) -> None:
        """Who waits is told that the connection is lost."""
        if self._connection is not None:
            self._turns.forget(self._connection)
            self._connection.close()
            self._connection = None
        self._received = b""
        waiting, self._waiting = self._waiting, {}
        for answered in waiting.values():
            self._turns.later(0, _telling(answered, _LOST))

    def _connected(self) -> socket.socket:
        if self._connection is None:
            self._connection = socket.create_connection((self._host, PORT), 5.0)
            self._connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._turns.reading(self._connection, self._came)
        return self._connection

    def _came(self) -> None:
        data = b""
        if self._connection is not None:
            with contextlib.suppress(OSError):
                data = self._connection.recv(_READ)
        if not data:
            self.close()
            return
        *lines, self._received = (self._received + data).split(b"\r\n")
        for line in lines:
            head, _, text = line.decode().partition(" ")
            answered = self._waiting.pop(head.removeprefix("@id="), None)
            if answered is not None:
                answered(text)


def _telling(answered: Answered, text: str) -> Callable[[], Any]:
    return lambda: answered(text)
