"""``pychron-lab run``: the whole laboratory in the foreground, as two processes."""

from __future__ import annotations

import contextlib
import json
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Sequence
from pathlib import Path
from types import FrameType

from pychron_comms.config.here import FOLDER, JOURNAL, LABORATORY
from pychron_comms.operations.laboratory import Laboratory
from pychron_comms.process.platform import HERE, Platform, ending_signals

#: Where the halves meet on systems without unix sockets.
LOOPBACK_PORT = 1059

#: What stands in the log in front of why a service does not start.
_CAUSE = ": cannot start: "

_START = 30.0
_STOP = 10.0
_TWISTD = (sys.executable, "-c", "from twisted.scripts.twistd import run; run()", "-n")


class Half:
    """One of the two processes; its log is passed on, line by line, to ``output``."""

    def __init__(self, arguments: Sequence[str], ready: str) -> None:
        self._ready = ready
        self._settled = threading.Event()
        self._is_ready = False
        self._why = ""
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
            raise SystemExit(f"the laboratory could not be started{self._why}")

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
                _, cause, text = line.rstrip("\n").partition(_CAUSE)
                self._why = f": {text}" if cause else self._why
                if self._ready in line:
                    self._is_ready = True
                    self._settled.set()
        self._settled.set()


def welcome(laboratory: Laboratory) -> str:
    """Where the server listens, and one line to try."""
    which = "" if laboratory.file else " It is the built-in one."
    lines = ["", f"The laboratory runs: a server and a processor.{which} It listens at"]
    for listener in laboratory.server.listeners:
        lines.append(f"  {listener.request_type:12} {'  '.join(listener.listen)}")
    if laboratory.page:
        lines.append(f"See it at  {laboratory.page}  in a browser.")
    if laboratory.file is not None:
        ways = [*laboratory.server_endpoints()]
        # What a person asks most comes before what wants a type in front of each command.
        ways.sort(key=lambda way: way[0] != "System")
        endpoint = ways[0][1] if ways else ""
        lines += [f"Try  pychron-ask -s {endpoint} Help"] if endpoint else []
    else:
        lines.append("Try  telnet 127.0.0.1 1061  and type  Open A")
        lines.append("Who did what:  pychron-journal show --target A")
    lines.append("Ctrl-C ends it all.\n")
    return "\n".join(lines)


def run(laboratory: Laboratory, platform: Platform, options: Sequence[str] = ()) -> int:
    """Both processes, until the server ends or Ctrl-C; the exit status.

    They meet where the file says; where it says nothing, in a folder that is gone afterwards, and
    with it the journal of the built-in laboratory. ``options`` are the processor's.
    """
    settings = laboratory.server
    with tempfile.TemporaryDirectory(prefix=FOLDER) as folder, contextlib.ExitStack() as halves:
        listen, processor = platform.link(folder, LOOPBACK_PORT)

        def start(name: str, meeting: Sequence[str], ready: str, more: Sequence[str] = ()) -> Half:
            words = [*([] if settings.processor else meeting), *laboratory.arguments, *more]
            half = Half([f"--pidfile={folder}/{name}.pid", name, *words], ready)
            halves.callback(half.end)
            half.wait_ready()
            return half

        try:
            owns = ["--listen", listen]
            written = _built_in(Path(folder)) if laboratory.file is None else []
            more = [*written, *options]
            start("pychron-processor", owns, "CommandProcessor starting on", more)
            repeats = ["--processor", processor]
            server = start("pychron-server", repeats, "connected to the processor")
            sys.stdout.write(welcome(laboratory))
            sys.stdout.flush()
            return server.process.wait()
        except KeyboardInterrupt:
            return 0


def _built_in(folder: Path) -> list[str]:
    """What has the processor of the built-in laboratory write its journal there."""
    file = folder / LABORATORY
    journal = json.dumps(str(folder / JOURNAL))
    file.write_text(f"[processor]\nsimulated_lab = true\n\n[journal]\nfile = {journal}\n", "utf-8")
    return ["--config", str(file)]


def in_foreground(laboratory: Laboratory, options: Sequence[str] = ()) -> int:
    """Both processes until Ctrl-C, or until the terminal closes; the exit status."""
    # SIGHUP, where there is one, tells that the terminal was closed.
    for number in ending_signals():
        signal.signal(number, _interrupt)
    return run(laboratory, HERE, options)


def _interrupt(number: int, frame: FrameType | None) -> None:
    raise KeyboardInterrupt
