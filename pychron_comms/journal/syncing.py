"""How a journal waits for the disk without holding up the reactor: in a thread of its own."""

from __future__ import annotations

import threading
from collections.abc import Callable
from queue import Empty, SimpleQueue
from typing import NamedTuple, Protocol

#: Waits for the disk. It raises OSError.
Sync = Callable[[], None]

#: Is told that a sync is over, with its error where it has failed.
Done = Callable[[Exception | None], None]


class Syncing(Protocol):
    """Waits for the disk elsewhere: one sync at a time."""

    def begin(self, sync: Sync, done: Done) -> None:
        """``done`` is told in a later turn of the reactor."""

    def wait(self, seconds: float) -> None:
        """Until the one that is under way is over and told of, so long at most; nothing else runs
        meanwhile."""

    def stop(self) -> None:
        """None will come."""


#: Calls a function soon, but not at once: in the next turn of the reactor.
Later = Callable[[Callable[[], None]], object]


class Turns(NamedTuple):
    """What a journal needs so that nobody waits for the disk in the reactor's thread."""

    later: Later
    syncing: Syncing


class SyncThread:
    """A thread that is there from the first sync on. ``call`` calls from it in the reactor's.

    It is a daemon: a disk that hangs must not keep the process from ending.
    """

    def __init__(self, call: Callable[[Callable[[], None]], object]) -> None:
        self._call = call
        self._syncs: SimpleQueue[Sync | None] = SimpleQueue()
        self._ended: SimpleQueue[Exception | None] = SimpleQueue()
        self._done: Done | None = None
        self._thread: threading.Thread | None = None

    def begin(self, sync: Sync, done: Done) -> None:
        self._done = done
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name="journal sync", daemon=True)
            self._thread.start()
        self._syncs.put(sync)

    def wait(self, seconds: float) -> None:
        self._take(seconds)

    def stop(self) -> None:
        self._syncs.put(None)

    def _take(self, seconds: float = 0.0) -> None:
        try:
            error = self._ended.get(timeout=seconds) if seconds > 0 else self._ended.get_nowait()
        except Empty:  # who waited has told of it
            return
        done, self._done = self._done, None
        if done is not None:
            done(error)

    def _run(self) -> None:
        while (sync := self._syncs.get()) is not None:
            try:
                sync()
            except Exception as error:
                self._ended.put(error)
            else:
                self._ended.put(None)
            self._call(self._take)
