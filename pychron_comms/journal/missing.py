"""What a disk did not take, of the records that nobody waits for."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from twisted.logger import Logger

from pychron_comms.errors import JournalError
from pychron_comms.journal.group import Told
from pychron_comms.journal.record import bounded

#: Refusals that wait for the disk at most; what is beyond them is counted.
ROOM = 1000


def nobody() -> None:
    """Nobody waits for it."""


class Missing:
    """Counts what could not be written, and has the next record that can be tell of it."""

    _log = Logger()

    def __init__(self) -> None:
        self._count = 0
        # Whether the log knows that some could not be written.
        self._is_told = False
        self._waiting = 0

    def write(
        self, write: Callable[[Mapping[str, Any]], object], fields: Mapping[str, Any]
    ) -> None:
        """``write`` raises 214 for what it cannot; the first such in a row is logged."""
        try:
            write(self._told_of(fields))
        except JournalError as error:
            self._missed(1, error)
        else:
            self._count, self._is_told = 0, False

    def write_soon(
        self,
        write: Callable[[Mapping[str, Any], Told], object],
        fields: Mapping[str, Any],
        over: Callable[[], None],
    ) -> None:
        """The same, where ``write`` tells later what has become of it; then ``over`` is called."""
        if self._waiting >= ROOM:
            self._missed(1, JournalError("the disk does not answer"))
            over()
            return
        self._waiting += 1
        fields, told_of, self._count = self._told_of(fields), self._count, 0

        def told(outcome: int | JournalError) -> None:
            self._waiting -= 1
            if isinstance(outcome, JournalError):
                self._missed(1 + told_of, outcome)
            else:
                self._is_told = False
            over()

        try:
            write(fields, told)
        except JournalError as error:
            told(error)

    def _told_of(self, fields: Mapping[str, Any]) -> dict[str, Any]:
        return bounded(fields) | ({"missing": self._count} if self._count else {})

    def _missed(self, count: int, error: JournalError) -> None:
        self._count += count
        if not self._is_told:
            self._is_told = True
            self._log.error("what is refused is not written down: {error}", error=error)
