"""Those who get a laboratory's messages: a mail server and a webhook, each in a thread."""

from __future__ import annotations

import http.server
import json
import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, ClassVar

_HOST = "127.0.0.1"


class _Server(socketserver.ThreadingTCPServer):
    daemon_threads = True
    allow_reuse_address = True
    received: list[Any]

    @property
    def port(self) -> int:
        return int(self.server_address[1])


class _Mail(socketserver.StreamRequestHandler):
    """Takes any mail, with no questions asked."""

    timeout = 20

    def handle(self) -> None:
        self._say("220 here")
        for line in self.rfile:
            word = line.decode().strip().upper()
            if word == "DATA":
                self._say("354 go on")
                self._take_mail()
            elif word == "QUIT":
                self._say("221 bye")
                return
            else:
                self._say("250 yes")

    def _take_mail(self) -> None:
        lines = []
        for line in self.rfile:
            if line == b".\r\n":
                break
            lines.append(line.decode())
        self.server.received.append("".join(lines))  # type: ignore[attr-defined]
        self._say("250 taken")

    def _say(self, text: str) -> None:
        self.wfile.write(f"{text}\r\n".encode())


class _Hook(http.server.BaseHTTPRequestHandler):
    protocol_version: ClassVar[str] = "HTTP/1.0"

    def do_POST(self) -> None:
        length = int(self.headers["Content-Length"])
        self.server.received.append(json.loads(self.rfile.read(length)))  # type: ignore[attr-defined]
        self.send_response(200)
        self.end_headers()

    def log_message(self, *words: Any) -> None:
        """Nothing."""


@contextmanager
def _serving(handler: type[socketserver.BaseRequestHandler]) -> Iterator[_Server]:
    with _Server((_HOST, 0), handler) as server:
        server.received = []
        thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join(20)


@contextmanager
def receivers() -> Iterator[tuple[_Server, _Server]]:
    """A mail server and a webhook; ``received`` of each are the mails, and what was posted."""
    with _serving(_Mail) as mail, _serving(_Hook) as hook:
        yield mail, hook
