"""``pychron-lab run``: the whole laboratory in the foreground, as two processes."""

from __future__ import annotations

import contextlib
import json
import re
import subprocess
import sys
import tempfile
import threading
import time
from collections import deque
from collections.abc import Sequence
from functools import lru_cache, partial
from pathlib import Path
from queue import Empty, SimpleQueue

from pychron_comms.config.here import FOLDER, JOURNAL, LABORATORY
from pychron_comms.operations.laboratory import Laboratory
from pychron_comms.process.log_output import standard_output
from pychron_comms.process.platform import HERE, Platform
from pychron_comms.process.terminal import ended_as_by_ctrl_c
from pychron_comms.process.typed import as_typed

#: Where the halves meet on systems without unix sockets.
LOOPBACK_PORT = 1059

#: What stands in the log in front of why a service does not start.
_CAUSE = ": cannot start: "

#: And in front of why it goes on without its page.
_NO_PAGE = "no status page: "

#: A line of a log that a person should see: of a level that stands in brackets.
_WARNS = re.compile(r"\[\S+#(?:warn|error|critical)\]")

#: Seconds that a half may take to be ready, on a computer that is busy.
_START = 120.0

#: Seconds in which a half ends by itself, as systemd's units have it: making safe may take 24.
STOP = 45.0

#: A processor that ends so many times in so many seconds is not started again: it would end again.
MOST_ENDS, IN_SECONDS = 3, 60.0
_PROGRAM = """
from pychron_comms.process.parent import end_with_parent
end_with_parent()
from twisted.scripts.twistd import run
run()
"""
_TWISTD = (sys.executable, "-c", _PROGRAM, "-n")


class Half:
    """One of the two processes; its log is passed on, line by line.

    Until it is ready and the laboratory is announced, only what is a warning or worse; all of it
    where it does not start. ``ended`` gets it when the process has ended.
    """

    def __init__(
        self,
        arguments: Sequence[str],
        ready: str,
        ended: SimpleQueue[Half],
        announced: threading.Event,
    ) -> None:
        self._ready = ready
        self._ended = ended
        self._announced = announced
        self._settled = threading.Event()
        self._is_ready = False
        self._why = ""
        #: Whether browsers see it.
        self.has_page = True
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
        settled = self._settled.wait(_START)
        if not self._is_ready:
            late = f": it was not ready within {_START:g} s; is this computer very busy?"
            why = self._why or ("" if settled else late)
            raise SystemExit(f"the laboratory could not be started{why}")

    def end(self) -> None:
        """End the process, by force if it takes longer than ``STOP`` seconds."""
        self.process.terminate()
        try:
            self.process.wait(STOP)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self._reader.join(STOP)

    def _pass_on(self) -> None:
        assert self.process.stdout is not None
        before: list[str] = []
        with self.process.stdout as lines:
            for line in lines:
                if (self._is_ready and self._announced.is_set()) or _WARNS.search(line):
                    _tell(line)
                elif not self._is_ready:
                    before.append(line)
                _, cause, text = line.rstrip("\n").partition(_CAUSE)
                self._why = f": {text}" if cause else self._why
                if _NO_PAGE in line:
                    self.has_page = False
                if self._ready in line:
                    self._is_ready = True
                    self._settled.set()
        if not self._is_ready:
            _tell("".join(before))
        self._settled.set()
        self._ended.put(self)


def _tell(text: str) -> None:
    # A terminal that stands still must keep no processor from being started again.
    output = _output(sys.stdout)
    output.write(text)
    output.flush()


_output = lru_cache(maxsize=1)(standard_output)


def welcome(laboratory: Laboratory, *, has_page: bool = True) -> str:
    """Where the server listens, and one line to try."""
    which = "" if laboratory.file else " It is the built-in one."
    lines = ["", f"The laboratory runs: a server and a processor.{which} It listens at"]
    for listener in laboratory.server.listeners:
        lines.append(f"  {listener.request_type:12} {'  '.join(listener.listen)}")
    if laboratory.page and not has_page:
        lines.append(f"No page: another has {laboratory.page}; [http] server names another port.")
    elif laboratory.page:
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
    return as_typed("\n".join(lines))


def lost(processor: Half) -> str:
    """What a person must know of one that has ended by itself."""
    status = processor.process.wait()
    how = f"was killed by signal {-status}" if status < 0 else f"ended with status {status}"
    return f"\nTHE PROCESSOR {how}. What it had moved stays as it is: a laser may be on.\n"


def run(laboratory: Laboratory, platform: Platform, options: Sequence[str] = ()) -> int:
    """Both processes, until the server ends or Ctrl-C; the exit status.

    A processor that ends by itself is started again, as systemd would do. SystemExit where it ends
    too often, or a process cannot be started.

    They meet where the file says; where it says nothing, in a folder that is gone afterwards, and
    with it the journal of the built-in laboratory. ``options`` are the processor's.
    """
    settings = laboratory.server
    ended: SimpleQueue[Half] = SimpleQueue()
    ends: deque[float] = deque(maxlen=MOST_ENDS)
    announced = threading.Event()
    running: dict[str, Half] = {}
    with tempfile.TemporaryDirectory(prefix=FOLDER) as folder, contextlib.ExitStack() as halves:
        listen, processor = platform.link(folder, LOOPBACK_PORT)

        def end(name: str) -> None:
            running[name].end()

        def start(name: str, meeting: Sequence[str], ready: str, more: Sequence[str] = ()) -> Half:
            words = [*([] if settings.processor else meeting), *laboratory.arguments, *more]
            if name not in running:
                # The server ends first, whichever processor runs by then.
                halves.callback(end, name)
            half = Half([f"--pidfile={folder}/{name}.pid", name, *words], ready, ended, announced)
            running[name] = half
            half.wait_ready()
            return half

        try:
            owns = ["--listen", listen]
            written = _built_in(Path(folder)) if laboratory.file is None else []
            more = [*written, *options]
            start_processor = partial(
                start, "pychron-processor", owns, "CommandProcessor starting on", more
            )
            start_processor()
            repeats = ["--processor", processor]
            server = start("pychron-server", repeats, "connected to the processor")
            _tell(welcome(laboratory, has_page=server.has_page))
            announced.set()
            while (gone := _next(ended)) is not server:
                _tell(lost(gone))
                ends.append(time.monotonic())
                if len(ends) == MOST_ENDS and ends[-1] - ends[0] < IN_SECONDS:
                    raise SystemExit(f"the processor has ended {MOST_ENDS} times: see above why")
                _tell("Another one is started; then look, and disable what should not be on.\n\n")
                start_processor()
            return server.process.wait()
        except KeyboardInterrupt:
            return 0


def _next(ended: SimpleQueue[Half]) -> Half:
    """The next that ends. Looked for again and again: on Windows nothing else hears Ctrl-C."""
    while True:
        with contextlib.suppress(Empty):
            return ended.get(timeout=1.0)


def _built_in(folder: Path) -> list[str]:
    """What has the processor of the built-in laboratory write its journal there."""
    file = folder / LABORATORY
    journal = json.dumps(str(folder / JOURNAL))
    file.write_text(f"[processor]\nsimulated_lab = true\n\n[journal]\nfile = {journal}\n", "utf-8")
    return ["--config", str(file)]


def in_foreground(laboratory: Laboratory, options: Sequence[str] = ()) -> int:
    """Both processes until Ctrl-C, or until the terminal closes; the exit status."""
    with ended_as_by_ctrl_c():
        return run(laboratory, HERE, options)
