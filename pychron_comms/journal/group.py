"""Records that wait for each other, so that the disk is waited for once for all of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress

from twisted.internet.defer import Deferred
from twisted.python.failure import Failure

from pychron_comms.errors import JournalError
from pychron_comms.journal.record import Event

#: Calls a function soon, but not at once: in the next turn of the reactor.
Later = Callable[[Callable[[], None]], object]

_Waiting = list[tuple[Event, Deferred[int]]]


class Group:
    """Gathers the records of one turn of the reactor; ``append`` writes several, or none.

    A Deferred fires in a turn of its own, never within a call of these methods.
    """

    def __init__(self, append: Callable[[Sequence[Event]], int], later: Later) -> None:
        self._append = append
        self._later = later
        self._waiting: _Waiting = []
        self._told: list[tuple[Deferred[int], int | Failure]] = []
        self._is_called = False

    def add(self, event: Event) -> Deferred[int]:
        """Fires with its number once it is on the disk. Errors: 214, and then it is not."""
        waits: Deferred[int] = Deferred()
        self._waiting.append((event, waits))
        self._call()
        return waits

    def write(self, event: Event) -> int:
        """At once, behind those that wait, and all of them with it. Errors: 214."""
        return self._write([event])

    @property
    def is_waiting(self) -> bool:
        """Whether there are records to be written, or writers to be told."""
        return bool(self._waiting or self._told)

    def flush(self) -> None:
        """Write what waits, and tell all who do."""
        self._is_called = False
        if self._waiting:
            with suppress(JournalError):  # each is told
                self._write([])
        told, self._told = self._told, []
        for waits, outcome in told:
            waits.callback(outcome)

    def _write(self, more: Sequence[Event]) -> int:
        waiting, self._waiting = self._waiting, []
        try:
            last = self._append([*(event for event, _ in waiting), *more])
        except JournalError:
            failure = Failure()
            self._told += [(waits, failure) for _, waits in waiting]
            raise
        first = last - len(more) - len(waiting) + 1
        self._told += [(waits, first + index) for index, (_, waits) in enumerate(waiting)]
        return last

    def _call(self) -> None:
        if not self._is_called:
            self._is_called = True
            self._later(self.flush)
