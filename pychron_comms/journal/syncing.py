"""How a journal writes, and waits for the disk, without holding up the reactor: in a thread."""

from __future__ import annotations

import errno
import threading
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from functools import partial
from queue import Empty, SimpleQueue
from typing import Any, NamedTuple, Protocol

#: Asks the disk for something, and may stand for as long as that does.
Work = Callable[[], Any]

#: Is told of what a work gave, or of the error that it raised.
Done = Callable[[Any], None]


class Syncing(Protocol):
    """Asks the disk elsewhere: one thing after another, in their order."""

    def begin(self, work: Work, done: Done) -> None:
        """``done`` is told in a later turn of the reactor."""

    def wait(self, seconds: float) -> None:
        """Until the next one is over and told of, so long at most; nothing else runs meanwhile."""

    def stop(self) -> None:
        """None will come; what was begun is done, if the disk lets it."""


#: Is in while many are told, as a cork.
Together = AbstractContextManager[Any]

#: Calls a function soon, but not at once: in the next turn of the reactor.
Later = Callable[[Callable[[], None]], object]


#: Of those that are told nothing leaves by connections.
_EACH: Together = nullcontext()


class Turns(NamedTuple):
    """What a journal needs so that nobody waits for the disk in the reactor's thread.

    ``together``: what is told in it leaves in one write for each connection.
    """

    later: Later
    syncing: Syncing
    together: Together = _EACH


def turns_of(reactor: Any, together: Together = _EACH) -> Turns:
    """Those of this reactor, with a thread of its own; ``together`` as ``Turns`` has it."""
    return Turns(partial(reactor.callLater, 0), SyncThread(reactor.callFromThread), together)


class SyncThread:
    """A thread that is there from the first work on. ``call`` calls from it in the reactor's.

    It is a daemon: a disk that hangs must not keep the process from ending.
    """

    def __init__(self, call: Callable[[Callable[[], None]], object]) -> None:
        self._call = call
        self._begun: SimpleQueue[tuple[Work, Done] | None] = SimpleQueue()
        self._ended: SimpleQueue[tuple[Done, Any]] = SimpleQueue()
        self._thread: threading.Thread | None = None

    def begin(self, work: Work, done: Done) -> None:
        if self._thread is None:
            thread = threading.Thread(target=self._run, name="journal", daemon=True)
            try:
                thread.start()
            except RuntimeError:
                # The system has no more of them: who waits must be told, and the next one tries.
                self._over(done, OSError(errno.EAGAIN, "no thread can be begun to write it"))
                return
            self._thread = thread
        self._begun.put((work, done))

    def wait(self, seconds: float) -> None:
        self._take(seconds)

    def stop(self) -> None:
        self._begun.put(None)

    def _take(self, seconds: float = 0.0) -> None:
        try:
            ended = self._ended.get(timeout=max(seconds, 0.0))
        except Empty:  # who waited has told of it
            return
        done, outcome = ended
        done(outcome)

    def _run(self) -> None:
        while (begun := self._begun.get()) is not None:
            work, done = begun
            try:
                outcome = work()
            except Exception as error:
                outcome = error
            self._over(done, outcome)

    def _over(self, done: Done, outcome: Any) -> None:
        self._ended.put((done, outcome))
        self._call(self._take)
