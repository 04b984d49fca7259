"""Bad browsers over real sockets: many, deaf, slow, with huge or broken requests."""

from __future__ import annotations

import re
import selectors
import socket
import threading
from contextlib import ExitStack, closing
from pathlib import Path

import pytest

from tests.integration.clients import Wire
from tests.integration.laboratories import ANY_PORT, HOST, server_address
from tests.integration.pages import get, page_of
from tests.integration.processes import PATIENCE, Processes, RunningProcess, wait_until

BROWSERS = 500
DEAF = 20

#: Begins the message that tells of a command's end.
MARK = b"event: event\n"

#: Moves of a valve while all of them watch, and megabytes that the server may grow meanwhile.
MOVES = 60
ROOM = 160


@pytest.fixture
def server(processes: Processes) -> RunningProcess:
    started = processes.twistd("pychron-server", f"--listen=System={ANY_PORT}", "--http", ANY_PORT)
    page_of(started)
    return started


def port_of(server: RunningProcess) -> int:
    return int(page_of(server).rpartition(":")[2])


def megabytes(server: RunningProcess) -> float:
    text = Path(f"/proc/{server.pid}/smaps_rollup").read_text()
    found = re.search(r"^Rss:\s+(\d+) kB$", text, re.MULTILINE)
    assert found is not None
    return int(found[1]) / 1024


class Browsers:
    """Connections that follow the stream, and read it in a thread of their own."""

    def __init__(self, port: int, count: int, stack: ExitStack) -> None:
        self.changes = dict.fromkeys(range(count), 0)
        self.heard: set[int] = set()
        # What came last of each, which may be the beginning of a mark.
        self._ends = dict.fromkeys(range(count), b"")
        self._over = threading.Event()
        self._selector = stack.enter_context(selectors.DefaultSelector())
        for number in range(count):
            sock = stack.enter_context(follow(port))
            self._selector.register(sock, selectors.EVENT_READ, number)
        self._thread = threading.Thread(target=self._read)
        self._thread.start()
        stack.callback(self._stop)

    def _stop(self) -> None:
        self._over.set()
        self._thread.join(PATIENCE)

    def _read(self) -> None:
        while not self._over.is_set():
            for key, _ in self._selector.select(0.1):
                data = self._ends[key.data] + key.fileobj.recv(1 << 16)  # type: ignore[union-attr]
                self.heard.add(key.data)
                self.changes[key.data] += data.count(MARK)
                self._ends[key.data] = data[max(0, len(data) - len(MARK) + 1) :]


def follow(port: int, room: int = 0) -> socket.socket:
    sock = socket.socket()
    if room:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, room)
    sock.settimeout(PATIENCE)
    sock.connect((HOST, port))
    sock.sendall(b"GET /events HTTP/1.1\r\nHost: localhost\r\n\r\n")
    return sock


def test_five_hundred_browsers_of_which_twenty_never_read(server: RunningProcess) -> None:
    before = megabytes(server)
    with ExitStack() as stack:
        port = port_of(server)
        for _ in range(DEAF):
            stack.enter_context(follow(port, room=2048))
        browsers = Browsers(port, BROWSERS - DEAF, stack)
        # Who comes in between commands is told of those that come.
        wait_until(lambda: len(browsers.heard) == BROWSERS - DEAF, "each watches")
        line = stack.enter_context(Wire(server_address(server)))
        for number in range(MOVES):
            assert line.ask(f"{'Close' if number % 2 else 'Open'} H") == "OK"
        wait_until(lambda: min(browsers.changes.values()) >= MOVES, "each told of each command")
        assert megabytes(server) - before < ROOM
        assert get(f"{page_of(server)}/livez")[0] == 200


@pytest.mark.parametrize(
    "request_bytes",
    [
        b"GET / HTTP/1.1\r\nHost: localhost\r\nX: " + b"x" * 100_000 + b"\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: localhost\r\n" + b"X: y\r\n" * 10_000 + b"\r\n",
        b"GET /" + b"a" * 100_000 + b" HTTP/1.1\r\nHost: localhost\r\n\r\n",
        b"\xff\xfe\x00 nonsense\r\n\r\n",
        b"GET /events HTTP/9.9\r\n\r\n",
        b"POST /events HTTP/1.1\r\nHost: localhost\r\nContent-Length: 999999999\r\n\r\n",
        b"GET /history?path=%00%ff<script> HTTP/1.1\r\nHost: localhost\r\n\r\n",
        b"GET /journal?since=" + b"9" * 5000 + b" HTTP/1.1\r\nHost: localhost\r\n\r\n",
    ],
    ids=["header", "headers", "path", "bytes", "version", "body", "history", "journal"],
)
def test_a_bad_request_harms_nobody(server: RunningProcess, request_bytes: bytes) -> None:
    with closing(socket.create_connection((HOST, port_of(server)), PATIENCE)) as sock:
        try:
            sock.sendall(request_bytes)
            reply = sock.recv(65536)
        except ConnectionError:
            reply = b""
    assert b"<script>" not in reply
    assert re.match(rb"$|HTTP/1\.[01] (200|4\d\d|505) ", reply), reply[:100]
    with Wire(server_address(server)) as line:
        assert line.ask("GetValveState A") == "False"
    assert get(f"{page_of(server)}/livez")[0] == 200


def test_a_client_that_dawdles_over_its_request_delays_nobody(server: RunningProcess) -> None:
    with ExitStack() as stack:
        for _ in range(50):
            sock = stack.enter_context(socket.create_connection((HOST, port_of(server)), PATIENCE))
            sock.sendall(b"GET / HTTP/1.1\r\nHo")
        assert get(f"{page_of(server)}/livez")[0] == 200
