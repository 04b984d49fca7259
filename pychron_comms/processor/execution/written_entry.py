"""One command that acts, as the gate remembers it, where a journal is kept."""

from __future__ import annotations

from pychron_comms.processor.execution.entry import Ended, Entry, Outcome


class WrittenEntry(Entry):
    """Its begin is written before its manager is told of it; its end before its reply leaves."""

    __slots__ = ()

    def begin(self) -> None:
        self._number = self._audit.begin(self.request, self.call.safe)
        super().begin()

    def _end(self, ended: Ended, outcome: Outcome) -> None:
        self._audit.end(self._number, self.request, ended.reply)
        super()._end(ended, outcome)
