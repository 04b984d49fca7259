"""What earlier processes wrote down of commands, known again at the start."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any, NamedTuple

from pychron_comms.errors import OutcomeUnknownError, error_from_line, error_line
from pychron_comms.interfaces import ICall, Move, Part
from pychron_comms.processor.execution.audit import ALL_SAFE
from pychron_comms.processor.execution.changes import ChangeLog
from pychron_comms.processor.execution.copies import PLAIN_COMMAND, CopyMemory, Times
from pychron_comms.processor.execution.entry import Ended, State
from pychron_comms.processor.execution.keys import (
    KEY,
    KeyMemory,
    KnownKey,
    known_as_carried,
    known_as_written,
)
from pychron_comms.processor.execution.shares import Kept

#: Seconds for which a command may have run whose copies may still come.
LONGEST_RUN = 60.0

#: By what all is made safe when a processor is stopped.
THE_STOP = "the stop"

#: Events after which a part is not what a command had made of it.
_MADE_SAFE = frozenset({"lapse", "override", "safe"})


class Laboratory(NamedTuple):
    """What the names of records stand for today; None for what is not there any more."""

    call: Callable[[str, str, str], ICall | None]
    part: Callable[[str], Part | None]


class Now(NamedTuple):
    """The time: on the clock; as text, from which on plain commands may be asked again; and what
    turns a record's text into the clock's, and seconds of Unix time into seconds that are left.
    """

    clock: float
    recent: str
    when: Callable[[str], float]
    left: Callable[[float], float]


class _Begun(NamedTuple):
    """``moves``: of what began just now, with the number of that ``change``; ``times_safe``: how
    often everything had been made safe by then.
    """

    record: Mapping[str, Any]
    moves: tuple[Move, ...] | None = None
    change: int = 0
    times_safe: int = 0


class Recall:
    """Takes the records in, oldest first; ``close`` after the last of them, and then what was
    ``refused``."""

    def __init__(
        self,
        keys: KeyMemory,
        copies: CopyMemory,
        changes: ChangeLog,
        laboratory: Laboratory,
        now: Now,
    ) -> None:
        self._keys = keys
        self._copies = copies
        self._changes = changes
        self._laboratory = laboratory
        self._now = now
        # A start asks for these with each record.
        self._clock, self._recent, self._keep = now.clock, now.recent, keys.keep
        self._begun: dict[int, _Begun] = {}
        # The last of each key, in their order; there may be more than there is room for.
        self._known: Kept[str, KnownKey] = {}
        # How often everything was made safe, and by what at last.
        self._times_safe = 0
        self._made_safe_by = ""
        # The latest that was written, and by how many seconds it is later than now.
        self._at = ""
        self._ahead = 0.0
        # Plain commands whose copies may still come, and when each ended; empty for not before now.
        self._plain: list[tuple[_Begun, Ended, str]] = []
        self._takes: Mapping[str, Callable[[Mapping[str, Any]], None]] = {
            "begin": self._begin,
            "end": self._end,
            "stop": self._stop,
            ALL_SAFE: self._all_safe,
            KEY: self._carried_key,
            PLAIN_COMMAND: self._carried_plain,
            **dict.fromkeys(_MADE_SAFE, self._made_safe),
        }

    def take(self, record: Mapping[str, Any]) -> None:
        self._at = max(self._at, record.get("at", ""))
        take = self._takes.get(record["event"])
        if take is not None:
            take(record)

    def close(self) -> None:
        """What had begun and not ended is unknown."""
        for begun in self._begun.values():
            record = begun.record
            lost = OutcomeUnknownError(f"the processor stopped during {record['command']}")
            self._ended(begun, Ended(State.UNKNOWN, error_line(lost)), "")
        self._keys.recall(self._known)
        when = self._now.when
        # Where the computer's clock was set back, what it tells is as if the latest had been now.
        self._ahead = ahead = max(when(self._at) - self._clock, 0.0) if self._at else 0.0
        for begun, ended, at in self._plain:
            ended_at = when(at) - ahead if at else self._clock
            times = Times(when(begun.record["at"]) - ahead, ended_at, begun.change)
            self._copies.recall(begun.record, begun.moves or (), ended, times)

    def refused(self, record: Mapping[str, Any]) -> None:
        """A command that was not begun; its copies are not either, as long as they may come."""
        if "ask" in record:
            at = min(self._now.when(record["at"]) - self._ahead, self._clock)
            ended = Ended(State.DONE, record["reply"], refused=True)
            self._copies.recall(record, (), ended, Times(at, at, 0))

    def _begin(self, record: Mapping[str, Any]) -> None:
        if "key" in record or record["at"] >= self._recent:
            self._begun[record["n"]] = self._moved(record)

    def _end(self, record: Mapping[str, Any]) -> None:
        # One whose begin could not be written stands for itself.
        begun = self._begun.pop(record["of"], None) if "of" in record else self._moved(record)
        if begun is not None:
            self._ended(begun, _outcome(record["reply"]), record["at"])

    def _stop(self, record: Mapping[str, Any]) -> None:
        self._undo(THE_STOP)

    def _all_safe(self, record: Mapping[str, Any]) -> None:
        """It is from now on: also where what had begun before ends later, or nothing is heard."""
        self._times_safe += 1
        self._made_safe_by = by = str(record.get("why"))
        self._undo(by)

    def _undo(self, by: str) -> None:
        """All was made safe then. A copy is not told that it is done, and does not do it again."""
        self._plain = [
            (begun, ended.undone(begun.record["command"], by), at)
            for begun, ended, at in self._plain
        ]

    def _made_safe(self, record: Mapping[str, Any]) -> None:
        part = self._laboratory.part(record["part"])
        if part is not None:
            self._changes.note((Move(part.manager, part.target),))

    def _carried_key(self, record: Mapping[str, Any]) -> None:
        # The computer's clock may have been set forward since. Before 0.1 it did not say this.
        left = record.get("left") or self._now.left(record["until"])
        if left > 0:
            self._remember(record, known_as_carried(record), left)

    def _carried_plain(self, record: Mapping[str, Any]) -> None:
        begun = self._moved(record)
        ended = Ended(State(record["state"]), record["reply"])
        # Before 0.1 it did not say when that was.
        ended_at = record.get("ended", record["at"])
        self._at = max(self._at, ended_at)
        self._ended(begun, ended, ended_at)

    def _moved(self, record: Mapping[str, Any]) -> _Begun:
        """With what it moved, where that was just now."""
        if record["at"] < self._recent:
            return _Begun(record)
        call = self._laboratory.call(record["type"], record["command"], record["sender"])
        if call is None:
            return _Begun(record)
        change = self._changes.note(call.moves, record["sender"])
        return _Begun(record, call.moves, change, self._times_safe)

    def _ended(self, begun: _Begun, ended: Ended, at: str) -> None:
        record = begun.record
        if "key" in record:
            self._remember(record, known_as_written(record, ended), self._keep)
        elif "ask" in record and begun.moves is not None:
            if begun.times_safe != self._times_safe:
                ended = ended.undone(record["command"], self._made_safe_by)
            self._plain.append((begun, ended, at))

    def _remember(self, record: Mapping[str, Any], known: KnownKey, seconds: float) -> None:
        place = _, key = record["sender"], record["key"]
        self._known.pop(place, None)
        self._known[place] = known, known.texts(key), self._clock + seconds


@lru_cache(maxsize=1024)
def _outcome(reply: str) -> Ended:
    unknown = isinstance(error_from_line(reply), OutcomeUnknownError)
    return Ended(State.UNKNOWN if unknown else State.DONE, reply)
