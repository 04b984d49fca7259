"""How records come to a journal: at once, or by those who wait for the disk together."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from pychron_comms.errors import JournalError
from pychron_comms.interfaces import Happened
from pychron_comms.journal.group import Group, Told
from pychron_comms.journal.moments import seconds_of
from pychron_comms.journal.record import Event, event_of, time_text


class WritingJournal:
    """The part of ``IJournal`` that writes what acts: by its ``_group``, where it has one, else by
    ``_append``, which raises 214."""

    _now: Callable[[], float]
    _append: Callable[[Sequence[Event]], int]
    _group: Group | None

    @property
    def groups(self) -> bool:
        return self._group is not None

    def write(self, event: str, fields: Mapping[str, Any], before: Sequence[Happened] = ()) -> int:
        assert self._group is None, "it would wait for the disk"
        at = time_text(self._now())
        events = [event_of(at, *each) for each in before]
        events.append(event_of(at, event, fields))
        return self._append(events)

    def write_soon(self, event: str, fields: Mapping[str, Any], told: Told) -> None:
        try:
            made = event_of(time_text(self._now()), event, fields)
            if self._group is not None:
                self._group.add(made, told)
                return
            outcome: int | JournalError = self._append([made])
        except JournalError as error:
            outcome = error
        told(outcome)

    def _counted_from(self, since: float, last: str) -> float:
        """``since``, where time after the ``last`` record counts for nothing; 0 for all."""
        if since <= 0 or not last:
            return since
        return max(since - max(self._now() - seconds_of(last), 0.0), 0.0)
