"""Plain clients: what the laboratory's programs do with a socket, and no more.

Each sends its command up to three times, at 0, 1.03 and 1.55 s, and takes what one ``recv`` gives
for the whole reply. ``ask`` returns None after 2.08 s of silence, and an empty text where the
connection was closed instead of answered.
"""

from __future__ import annotations

import contextlib
import socket
import time
from collections.abc import Callable
from types import TracebackType
from typing import Protocol, Self

from tests.integration.processes import PATIENCE

#: Host and port, or the path of a unix socket.
Address = tuple[str, int] | str

_READ = 4096
_TIMEOUTS = (1.0, 0.5, 0.5)
_PAUSE = 0.025
_A_MOMENT = 2.0


class PlainClient(Protocol):
    """Each is made with the address that it asks."""

    def __init__(self, address: Address) -> None: ...

    def ask(self, command: str) -> str | None:
        """The reply without the blanks around it."""

    def close(self) -> None:
        """Leave nothing open."""


def connect(address: Address, timeout: float = PATIENCE) -> socket.socket:
    if isinstance(address, tuple):
        return socket.create_connection(address, timeout)
    connection = socket.socket(socket.AF_UNIX)
    connection.settimeout(timeout)
    try:
        connection.connect(address)
    except OSError:
        connection.close()
        raise
    return connection


def _connect_in_a_moment(path: str) -> socket.socket:
    """The same to who has said that he starts: Twisted says so before there is a socket."""
    end = time.monotonic() + _A_MOMENT
    while True:
        try:
            return connect(path)
        except (FileNotFoundError, ConnectionRefusedError):
            if time.monotonic() > end:
                raise
            time.sleep(_PAUSE)


class ConnectingClient:
    """One connection for each command, which ends with CR: the valve client."""

    def __init__(self, address: Address) -> None:
        self._address = address

    def ask(self, command: str) -> str | None:
        return _up_to_three_times(lambda timeout: self._ask_once(command, timeout))

    def close(self) -> None:
        """Nothing stays open."""

    def _ask_once(self, command: str, timeout: float) -> bytes:
        with connect(self._address, timeout) as connection:
            connection.sendall(f"{command}\r".encode())
            return _read_or_pause(lambda: connection.recv(_READ))


class PersistentClient:
    """One connection for all commands, each of which ends with LF: the laser client."""

    def __init__(self, address: Address) -> None:
        self._address = address
        self._connection: socket.socket | None = None

    def ask(self, command: str) -> str | None:
        return _up_to_three_times(lambda timeout: self._ask_once(command, timeout))

    def close(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _ask_once(self, command: str, timeout: float) -> bytes:
        if self._connection is None:
            self._connection = connect(self._address, timeout)
        connection = self._connection
        try:
            connection.settimeout(timeout)
            connection.sendall(f"{command}\n".encode())
            return _read_or_pause(lambda: connection.recv(_READ))
        except OSError:
            self.close()
            raise


class ScriptClient(ConnectingClient):
    """Ends its command with CRLF and reads until a CRLF comes: the script runner."""

    def _ask_once(self, command: str, timeout: float) -> bytes:
        with connect(self._address, timeout) as connection:
            connection.sendall(f"{command}\r\n".encode())
            return _read_or_pause(lambda: _read_to_line_end(connection))


class DatagramClient:
    """One datagram out, one back to the port that it came from, a new one for each command."""

    def __init__(self, address: Address) -> None:
        self._address = address

    def ask(self, command: str) -> str | None:
        return _up_to_three_times(lambda timeout: self._ask_once(command, timeout))

    def close(self) -> None:
        """Nothing stays open."""

    def _ask_once(self, command: str, timeout: float) -> bytes:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as connection:
            connection.settimeout(timeout)
            connection.sendto(f"{command}\r".encode(), self._address)
            return _read_or_pause(lambda: connection.recvfrom(_READ)[0])


def _up_to_three_times(attempt: Callable[[float], bytes]) -> str | None:
    for timeout in _TIMEOUTS:
        try:
            return attempt(timeout).decode().strip()
        except OSError:
            continue
    return None


def _read_or_pause(read: Callable[[], bytes]) -> bytes:
    """What comes; where nothing does, the connection ends only when the next one begins."""
    try:
        return read()
    except OSError:
        time.sleep(_PAUSE)
        raise


def _read_to_line_end(connection: socket.socket) -> bytes:
    data = b""
    while not data.endswith(b"\r\n"):
        received = connection.recv(_READ)
        if not received:
            break
        data += received
    return data


class Wire:
    """A bare connection: bytes out as a test chooses them, whole lines back."""

    def __init__(self, address: Address) -> None:
        if isinstance(address, str):
            self.socket = _connect_in_a_moment(address)
        else:
            self.socket = connect(address)
            self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._buffer = b""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.socket.close()

    def send(self, data: bytes) -> None:
        self.socket.sendall(data)

    def line(self) -> str:
        """The next reply; fail where the connection ends before it, or nothing comes in time."""
        while b"\r\n" not in self._buffer:
            received = self.socket.recv(_READ)
            assert received, f"the connection ended after {self._buffer!r}"
            self._buffer += received
        line, _, self._buffer = self._buffer.partition(b"\r\n")
        return line.decode()

    def lines(self, count: int) -> list[str]:
        return [self.line() for _ in range(count)]

    def replies(self, *numbers: str) -> dict[str, str]:
        """Those to the requests with these ids, which may overtake each other, and what comes
        between."""
        wanted, replies = set(numbers), {}
        while wanted:
            number, _, reply = self.line().removeprefix("@id=").partition(" ")
            replies[number] = reply
            wanted.discard(number)
        return replies

    def ask(self, command: str) -> str:
        self.send(f"{command}\r\n".encode())
        return self.line()

    def stop_sending(self) -> None:
        # The other end may have gone already.
        with contextlib.suppress(OSError):
            self.socket.shutdown(socket.SHUT_WR)

    def rest(self, sure: int = 0) -> list[str]:
        """Say that nothing more will be sent, and read all the replies that still come.

        That is said only after so many that are ``sure`` to come: where a busy machine has stood
        still, nobody acts for who seems to have gone.
        """
        while self._buffer.count(b"\r\n") < sure:
            received = self.socket.recv(_READ)
            assert received, f"the connection ended after {self._buffer!r}"
            self._buffer += received
        self.stop_sending()
        data = self._buffer
        while received := self.socket.recv(_READ):
            data += received
        lines = data.decode().split("\r\n")
        assert lines.pop() == "", f"the last reply has no end: {data!r}"
        return lines
