"""What earlier processes wrote down of commands, known again at the start."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, NamedTuple

from pychron_comms.errors import OutcomeUnknownError, error_line
from pychron_comms.interfaces import ICall, Move, Part
from pychron_comms.processor.execution.changes import ChangeLog
from pychron_comms.processor.execution.copies import CopyMemory
from pychron_comms.processor.execution.entry import Ended, State
from pychron_comms.processor.execution.keys import KeyMemory

#: Events after which a part is not what a command had made of it.
_MADE_SAFE = frozenset({"lapse", "override", "safe"})

_REQUEST = ("type", "command", "sender", "key", "ask")


class Laboratory(NamedTuple):
    """What the names of records stand for today; None for what is not there any more."""

    call: Callable[[str, str, str], ICall | None]
    part: Callable[[str], Part | None]


class _Begun(NamedTuple):
    """``call`` and ``change`` of a plain command that may still be asked again."""

    request: Mapping[str, str]
    at: str
    call: ICall | None
    change: int


class Recall:
    """Takes the records in, oldest first.

    ``since``: from that time on, as records write it, plain commands may be asked again.
    ``when`` gives the clock's time of such a one.
    """

    def __init__(
        self,
        keys: KeyMemory,
        copies: CopyMemory,
        changes: ChangeLog,
        laboratory: Laboratory,
        *,
        now: float,
        since: str,
        when: Callable[[str], float],
    ) -> None:
        self._keys = keys
        self._copies = copies
        self._changes = changes
        self._laboratory = laboratory
        self._now = now
        self._since = since
        self._when = when
        self._begun: dict[int, _Begun] = {}
        self._ended: list[tuple[_Begun, Ended]] = []

    def take(self, records: Iterable[Mapping[str, Any]]) -> None:
        """All that there are. What had begun and not ended is unknown."""
        for record in records:
            event = record.get("event")
            if event == "begin":
                self._begin(record)
            elif event == "end":
                begun = self._begun.pop(record.get("of", 0), None) or _begun(record)
                self._end(begun, Ended(State.DONE, record["reply"]))
            elif event == "refused":
                self._end(_begun(record), Ended(State.DONE, record["reply"], refused=True))
            elif event in _MADE_SAFE and record["at"] >= self._since:
                self._change(self._laboratory.part(record["part"]))
            elif event == "stop":
                # All was made safe then.
                self._ended.clear()
        for begun in self._begun.values():
            lost = OutcomeUnknownError(f"the processor stopped during {begun.request['command']}")
            self._end(begun, Ended(State.UNKNOWN, error_line(lost)))
        self._keep_plain()

    def _begin(self, record: Mapping[str, Any]) -> None:
        begun = _begun(record)
        if record["at"] >= self._since:
            request = begun.request
            call = self._laboratory.call(request["type"], request["command"], request["sender"])
            change = self._changes.note(call.moves) if call is not None else 0
            begun = begun._replace(call=call, change=change)
        if "key" in begun.request or begun.call is not None:
            self._begun[record["n"]] = begun

    def _end(self, begun: _Begun, ended: Ended) -> None:
        if "key" in begun.request:
            self._keys.ended(begun.request, ended, self._now)
        elif "ask" in begun.request and begun.call is not None:
            self._ended.append((begun, ended))

    def _change(self, part: Part | None) -> None:
        if part is not None:
            self._changes.note((Move(part.manager, part.target),))

    def _keep_plain(self) -> None:
        for begun, ended in self._ended:
            assert begun.call is not None
            self._copies.recall(
                begun.request,
                begun.call,
                ended,
                change=begun.change,
                at=self._when(begun.at),
            )


def _begun(record: Mapping[str, Any]) -> _Begun:
    request = {name: record[name] for name in _REQUEST if name in record}
    return _Begun(request, record["at"], None, 0)
