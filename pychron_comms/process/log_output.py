"""The standard output of a service, which may be read late, or never."""

from __future__ import annotations

import atexit
import io
import os
import sys
import threading
import time
from collections import deque
from typing import Protocol, TextIO

#: Characters that wait to be read; what is beyond them is dropped, and counted.
ROOM = 1_000_000

#: Seconds that the last of them have, together, when the process ends.
END = 1.0

#: Seconds until it is tried again where the other end has no room and does not let us wait.
_AGAIN = 0.05


class Output(Protocol):
    """Takes some bytes of those given and says how many; None for none now."""

    def write(self, data: bytes, /) -> int | None: ...


class LogOutput:
    """Written to by any thread, none of which ever waits.

    A terminal that was stopped by Ctrl-S, a window in which somebody marks text, an ssh whose other
    end sleeps, a pager: each takes a few thousand lines and then lets a writer wait, for hours.
    That must not be the loop that closes valves.
    """

    def __init__(self, output: Output) -> None:
        self._output = output
        self._changed = threading.Condition()
        self._texts: deque[str] = deque()
        self._held = 0
        self._lost = 0
        self._thread: threading.Thread | None = None
        # When nothing is waited for any more; None while nothing is.
        self._waits_until: float | None = None

    def end(self) -> None:
        """Nobody is held up any more: what is written from now on is waited for.

        ``twistd`` ends by the signal that it got, which leaves no time for what comes last.
        """
        self._waits_until = time.monotonic() + END

    def write(self, text: str) -> None:
        """Have it written when there is somebody to read it."""
        self._hold(text)
        if self._waits_until is not None:
            self.drain(max(self._waits_until - time.monotonic(), 0.0))

    def _hold(self, text: str) -> None:
        with self._changed:
            if self._held and self._held + len(text) > ROOM:
                self._lost += 1
                return
            self._texts.append(text)
            self._held += len(text)
            self._changed.notify_all()
            if self._thread is None:
                # It may never come back from a write, which must not keep the process from ending.
                self._thread = threading.Thread(target=self._work, name="log", daemon=True)
                self._thread.start()

    def flush(self) -> None:
        """Nothing is waited for."""

    def drain(self, seconds: float = END) -> None:
        """Wait until all of it is written, so long at most."""
        with self._changed:
            self._changed.wait_for(lambda: not self._held, seconds)

    def _work(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: bool(self._texts or self._lost))
                text = "".join(self._texts)
                self._texts.clear()
                if self._lost:
                    text += f"{self._lost} lines are lost here: nobody read them in time\n"
                    self._lost = 0
            self._write(text.encode("utf-8", "backslashreplace"))
            with self._changed:
                self._held = sum(map(len, self._texts))
                self._changed.notify_all()

    def _write(self, data: bytes) -> None:
        while data:
            try:
                written = self._output.write(data)
            except BlockingIOError:
                written = None
            except OSError:
                # Nobody is there any more, or a disk is full. The next lines may fare better.
                return
            if not written:
                time.sleep(_AGAIN)
            data = data[written or 0 :]


def standard_output(stream: TextIO | None = None) -> LogOutput | TextIO:
    """What writes to this stream, or to the standard output, and holds up nobody.

    The stream itself where it is no file of the system's.
    """
    stream = stream or sys.stdout
    try:
        number = os.dup(stream.fileno())
    except (OSError, ValueError, io.UnsupportedOperation):
        return stream
    stream.flush()
    # Raw, since the lock of a buffer that is held for good would break the interpreter's end.
    output = LogOutput(open(number, "wb", buffering=0))  # noqa: SIM115
    atexit.register(output.drain)
    return output
