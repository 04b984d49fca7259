"""``python -m benchmarks.turns FILE -n ...``: twistd that keeps how long each thing took.

While the reactor does one thing, an event of a socket or a call that was due, everybody else waits.
Its time is the processor's where it did nothing but work, so that a busy machine does not spoil
it, and the clock's where it slept. At the end FILE has pairs of numbers: when it began, and its
seconds.
"""

from __future__ import annotations

import sys
import time
from array import array
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from resource import RUSAGE_THREAD, getrusage
from typing import Any, NamedTuple

from twisted.internet.base import DelayedCall
from twisted.internet.epollreactor import EPollReactor
from twisted.internet.main import installReactor


class Took(NamedTuple):
    """When something began, by ``time.perf_counter``, and how many seconds it took."""

    began: float
    seconds: float


def taken(file: Path) -> list[Took]:
    """What was kept there."""
    numbers = array("d")
    numbers.frombytes(file.read_bytes())
    return [Took(*pair) for pair in zip(numbers[::2], numbers[1::2], strict=True)]


class TimedReactor(EPollReactor):
    """Keeps it."""

    def __init__(self) -> None:
        self.took = array("d")
        super().__init__()

    def callLater(
        self,
        delay: float,
        callable: Any,  # noqa: A002
        *args: object,
        **kw: object,
    ) -> DelayedCall:
        return super().callLater(delay, self._called, callable, args, kw)

    def _called(self, function: Any, arguments: Any, named: Any) -> None:
        with self._kept():
            function(*arguments, **named)

    def _doReadOrWrite(self, selectable: Any, fd: Any, event: Any) -> None:
        with self._kept():
            super()._doReadOrWrite(selectable, fd, event)

    @contextmanager
    def _kept(self) -> Iterator[None]:
        slept, worked, began = _slept(), time.thread_time(), time.perf_counter()
        try:
            yield
        finally:
            seconds = time.perf_counter() - began
            if _slept() == slept:
                seconds = time.thread_time() - worked
            self.took.extend((began, seconds))


def _slept() -> int:
    """How often this thread waited for something."""
    return getrusage(RUSAGE_THREAD).ru_nvcsw


def main() -> None:
    file = Path(sys.argv.pop(1))
    reactor = TimedReactor()
    installReactor(reactor)
    from twisted.scripts.twistd import run  # noqa: PLC0415

    reactor.addSystemEventTrigger("after", "shutdown", lambda: file.write_bytes(reactor.took))
    run()


if __name__ == "__main__":
    main()
