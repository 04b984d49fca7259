"""``python -m pychron_comms``: the whole laboratory in the foreground, as two processes."""

from __future__ import annotations

import argparse
import contextlib
import os
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Sequence
from pathlib import Path
from types import FrameType

from pychron_comms.config.table import ConfigError, Table
from pychron_comms.server.settings import ServerSettings, read_server_settings

#: Where the halves meet on systems without unix sockets.
LOOPBACK_PORT = 1059

_START = 30.0
_STOP = 10.0
_TWISTD = (sys.executable, "-c", "from twisted.scripts.twistd import run; run()", "-n")


class Half:
    """One of the two processes; its log is passed on, line by line, to ``output``."""

    def __init__(self, arguments: Sequence[str], ready: str) -> None:
        self._ready = ready
        self._settled = threading.Event()
        self._is_ready = False
        # In a session of its own: Ctrl-C at the terminal is for us, and we end it.
        self.process = subprocess.Popen(
            [*_TWISTD, *arguments],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        self._reader = threading.Thread(target=self._pass_on, daemon=True)
        self._reader.start()

    def wait_ready(self) -> None:
        """Until the log says so; SystemExit where the process ends before, or takes too long."""
        self._settled.wait(_START)
        if not self._is_ready:
            raise SystemExit("the laboratory could not be started")

    def end(self) -> None:
        """End the process, by force if it takes longer than 10 s."""
        self.process.terminate()
        try:
            self.process.wait(_STOP)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self._reader.join(_STOP)

    def _pass_on(self) -> None:
        assert self.process.stdout is not None
        with self.process.stdout as lines:
            for line in lines:
                sys.stdout.write(line)
                sys.stdout.flush()
                if self._ready in line:
                    self._is_ready = True
                    self._settled.set()
        self._settled.set()


def link_in(folder: str, unix: bool) -> tuple[str, str]:
    """The endpoint strings of the processor's listener, and of the server's way to it."""
    if unix:
        socket = str(Path(folder) / "processor.sock").replace(":", r"\:")
        return f"unix:{socket}", f"unix:{socket}"
    return f"tcp:{LOOPBACK_PORT}:interface=127.0.0.1", f"tcp:127.0.0.1:{LOOPBACK_PORT}"


def welcome(settings: ServerSettings) -> str:
    """Where the server listens, and one line to try."""
    lines = ["", "The laboratory runs: a server and a processor. It listens at"]
    for listener in settings.listeners:
        lines.append(f"  {listener.request_type:12} {'  '.join(listener.listen)}")
    if settings == ServerSettings():
        lines.append("Try  telnet 127.0.0.1 1061  and type  Open A")
    lines.append("Ctrl-C ends it all.\n")
    return "\n".join(lines)


def run(arguments: Sequence[str], settings: ServerSettings, unix: bool) -> int:
    """Both processes, until the server ends or Ctrl-C; the exit status."""
    with tempfile.TemporaryDirectory(prefix="pychron-") as folder, contextlib.ExitStack() as halves:
        listen, processor = link_in(folder, unix)

        def start(name: str, option: str, endpoint: str, ready: str) -> Half:
            half = Half(
                [f"--pidfile={folder}/{name}.pid", name, option, endpoint, *arguments], ready
            )
            halves.callback(half.end)
            half.wait_ready()
            return half

        try:
            start("pychron-processor", "--listen", listen, "CommandProcessor starting on")
            server = start("pychron-server", "--processor", processor, "connected to the processor")
            sys.stdout.write(welcome(settings))
            sys.stdout.flush()
            return server.process.wait()
        except KeyboardInterrupt:
            return 0


def _interrupt(number: int, frame: FrameType | None) -> None:
    raise KeyboardInterrupt


def main(argv: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m pychron_comms", description=__doc__)
    parser.add_argument("--config", help="a TOML file that describes the laboratory")
    config = parser.parse_args(argv).config
    try:
        settings = (
            read_server_settings(Table.load(config).table("server")) if config else ServerSettings()
        )
    except ConfigError as error:
        raise SystemExit(f"configuration: {error}") from None
    # SIGHUP, where there is one, tells that the terminal was closed.
    for number in {signal.SIGTERM, getattr(signal, "SIGHUP", signal.SIGTERM)}:
        signal.signal(number, _interrupt)
    return run(["--config", config] if config else [], settings, hasattr(os, "fork"))


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
