"""Where it is told what happens to alarms: in the state stream, in the journal, to people."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IDelayedCall, IReactorTime
from twisted.logger import Logger

from pychron_comms.alarms.alarm import Alarm
from pychron_comms.alarms.notice import Notice, is_news, notice_of
from pychron_comms.alarms.roster import PLACE
from pychron_comms.errors import JournalError
from pychron_comms.interfaces import IJournal, Severity
from pychron_comms.journal.facts import ALARM
from pychron_comms.journal.group import Told
from pychron_comms.journal.watched import PATH as JOURNAL
from pychron_comms.journal.watched import SILENT
from pychron_comms.observability.state.items import Item
from pychron_comms.observability.state.stream import StateStream

#: What a record of the journal is called.
EVENT = ALARM

#: Seconds of the journal that are recalled: nobody shelves an alarm for longer.
RECALL = 31 * 86400.0

#: Told of what is news, with the notifiers that its rule names; None for all.
Tell = Callable[[Notice, Sequence[str] | None], None]


class AlarmLedger:
    """``now`` is Unix time in seconds. ``tell`` hears what people are to be told of."""

    _log = Logger()

    def __init__(
        self,
        stream: StateStream,
        journal: IJournal,
        tell: Tell,
        now: Callable[[], float],
        clock: IReactorTime,
    ) -> None:
        self._stream = stream
        self._journal = journal
        self._tell = tell
        self._now = now
        self._clock = clock
        # Records that wait for the disk, and when it is told that this takes too long.
        self._waiting = 0
        self._silence: IDelayedCall | None = None

    def show(self, alarm: Alarm) -> None:
        """Publish it as an item, as it stands."""
        now = self._now()
        details = alarm.shown()
        for told_as_such in ("state", "sev", "reason"):
            del details[told_as_such]
        item = Item(
            path=f"{PLACE}/{alarm.name}",
            value=alarm.state,
            severity=alarm.current,
            reason=alarm.reason,
            obtained=now,
            confirmed=now,
            details=details,
        )
        self._stream.publish(item)

    def is_shown(self, alarm: Alarm) -> bool:
        return self._stream.get(f"{PLACE}/{alarm.name}") is not None

    def hide(self, alarm: Alarm) -> None:
        """There is no such alarm any more."""
        self._stream.withdraw(f"{PLACE}/{alarm.name}")

    def happened(self, alarm: Alarm, what: str, **fields: Any) -> None:
        """It has happened, and cannot be kept from it: a journal that fails is logged."""

        def written(outcome: int | JournalError) -> None:
            if isinstance(outcome, int):
                self._show_journal("")
                return
            self._show_journal(str(outcome))
            self._log.error(
                "not written down: alarm {alarm} {what}: {error}",
                alarm=alarm.name,
                what=what,
                error=outcome,
            )

        self._write(alarm, what, fields, written)
        self.told(alarm, what, **fields)

    def write(self, alarm: Alarm, what: str, **fields: Any) -> Deferred[None]:
        """Fires when it is written down, at once where nobody waits for the disk.

        Errors: 214, and then it must not be.
        """
        done: Deferred[None] = Deferred()

        def written(outcome: int | JournalError) -> None:
            if isinstance(outcome, int):
                done.callback(None)
            else:
                done.errback(outcome)

        self._write(alarm, what, fields, written)
        return done

    def close(self) -> None:
        """Write no more."""
        self._journal.close()
        self._hear()

    def _write(self, alarm: Alarm, what: str, fields: Mapping[str, Any], told: Told) -> None:
        def heard(outcome: int | JournalError) -> None:
            self._waiting -= 1
            self._hear()
            told(outcome)

        self._waiting += 1
        self._journal.write_soon(EVENT, {"what": what, **fields, **_kept(alarm)}, heard)
        self._listen()

    def _hear(self) -> None:
        """The disk has said something."""
        silence, self._silence = self._silence, None
        if silence is not None and silence.active():
            silence.cancel()
        self._listen()

    def _listen(self) -> None:
        """For as long as the disk may be silent, where anything waits for it."""
        if self._waiting and self._silence is None:
            self._silence = self._clock.callLater(SILENT, self._tell_of_silence)

    def _tell_of_silence(self) -> None:
        self._show_journal(f"the disk has not answered for {SILENT:g} s")

    def told(self, alarm: Alarm, what: str, **fields: Any) -> None:
        """Tell all but the journal."""
        at = self._now()
        self.show(alarm)
        self._stream.happened(
            f"{PLACE}/{alarm.name}",
            what=what,
            sev=alarm.current.value,
            reason=alarm.reason,
            item=alarm.path,
            **fields,
        )
        by = f" by {fields['by']}" if fields.get("by") else ""
        why = f": {alarm.reason}" if alarm.reason else ""
        self._log.info("alarm {alarm} {what}{by}{why}", alarm=alarm.name, what=what, by=by, why=why)
        if is_news(alarm, what):
            self._tell(notice_of(alarm, what, at), alarm.rule.notify)

    def _show_journal(self, trouble: str) -> None:
        path = f"{JOURNAL}/alarms"
        if not trouble and self._stream.get(path) is None:
            return
        now = self._now()
        item = Item(
            path=path,
            value="not written" if trouble else "written",
            severity=Severity.MAJOR if trouble else Severity.OK,
            reason=trouble,
            obtained=now,
            confirmed=now,
        )
        self._stream.publish(item)

    # -- what outlives the process

    def recalled(self) -> Iterator[Mapping[str, Any]]:
        """Each alarm as an earlier process left it: its ``alarm``, ``item`` and ``state``."""
        since = self._now() - RECALL
        last = {
            str(record["alarm"]): record
            for record in self._journal.recall(since)
            if record["event"] == EVENT
        }
        return iter(last.values())

    def carry(self, alarms: Iterable[Alarm]) -> None:
        """Have what is not at rest written again where older files are dropped."""
        self._journal.carry(lambda: _carried(alarms))


def _carried(alarms: Iterable[Alarm]) -> Iterator[Mapping[str, Any]]:
    return ({"event": EVENT, **_kept(each)} for each in alarms if not each.is_at_rest)


def _kept(alarm: Alarm) -> dict[str, Any]:
    return {"alarm": alarm.name, "item": alarm.path, "state": alarm.kept()}
