"""What a disk did not take, of the records that nobody waits for."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from twisted.logger import Logger

from pychron_comms.errors import JournalError
from pychron_comms.journal.record import bounded


class Missing:
    """Counts what could not be written, and has the next record that can be tell of it."""

    _log = Logger()

    def __init__(self) -> None:
        self._count = 0

    def write(
        self, write: Callable[[Mapping[str, Any]], object], fields: Mapping[str, Any]
    ) -> None:
        """``write`` raises 214 for what it cannot; the first such in a row is logged."""
        missing = {"missing": self._count} if self._count else {}
        try:
            write(bounded(fields) | missing)
        except JournalError as error:
            if not self._count:
                self._log.error("what is refused is not written down: {error}", error=error)
            self._count += 1
        else:
            self._count = 0
