"""One command that acts, as the gate remembers it, where records wait for the disk."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReactorTime

from pychron_comms.errors import JournalError
from pychron_comms.interfaces import ICall
from pychron_comms.processor.execution.audit import Audit
from pychron_comms.processor.execution.entry import Ended, Entry, Keeper, Outcome, State
from pychron_comms.processor.execution.patience import Patience

#: Seconds that what makes safe waits for the disk before it begins, and again before its reply.
SAFE_PATIENCE = 0.25


class SealedEntry(Entry):
    """It begins when the disk has its begin, and who asked is answered when the disk has its end.

    What makes safe waits for neither longer than the ``patience``, which is that of all, nor does
    who is told that it was not begun. Its end is written when the begin is, however late: whose
    begin it is must be known.
    """

    __slots__ = ("_is_on_its_way", "_over", "_patience", "_told", "_unwritten")

    def __init__(
        self,
        keeper: Keeper,
        audit: Audit,
        clock: IReactorTime,
        request: Mapping[str, str],
        call: ICall,
        *,
        patience: Patience,
    ) -> None:
        super().__init__(keeper, audit, clock, request, call)
        self._patience = patience
        # Its begin is, to the disk; who is told when it is there.
        self._is_on_its_way = False
        self._told: Callable[[Exception | None], None] | None = None
        # It has ended so, and its begin is not there yet.
        self._unwritten: str | None = None
        # Who is told when the disk has its end; None where nobody has to wait for that.
        self._over: list[Callable[[], object]] | None = None

    def seal(self, told: Callable[[Exception | None], None]) -> None:
        self._is_on_its_way = True
        self._told = told
        if self.call.safe:
            self._patience.end_in_time(self._begin_unsealed)
        self._audit.begin_soon(self.request, self._sealed)

    def answered(self, outcome: Outcome) -> Any:
        if self._is_on_its_way and self.state is State.WAITING:
            # It was prevented; the disk will have its begin, and then that it was.
            self._unwritten = reply = self._refusal(outcome)
            if self.response is not None:
                self._remove(self.response)
            self._finish(Ended(State.DONE, reply, refused=True))
            self._tell(outcome)
            return outcome
        outcome = super().answered(outcome)
        if self._over is None:
            return outcome
        later: Deferred[Any] = Deferred()
        self._over.append(partial(later.callback, outcome))
        return later

    def _refused(self, reply: str) -> None:
        self._over = []
        self._audit.refused(self.request, reply, self._ended)
        if self._over is not None:
            self._patience.end_in_time(self._ended)

    def when_written(self, done: Callable[[], object]) -> None:
        if self._over is None:
            done()
        else:
            self._over.append(done)

    def _begin_unsealed(self) -> None:
        """The disk has taken too long: better unwritten than unsafe."""
        told, self._told = self._told, None
        if told is not None:
            told(None)

    def _sealed(self, outcome: int | JournalError) -> None:
        self._is_on_its_way = False
        error = None
        if isinstance(outcome, int):
            self._number = outcome
        elif not self.call.safe:
            error = outcome
        told, self._told = self._told, None
        if told is not None:
            told(error)
        reply, self._unwritten = self._unwritten, None
        if reply is None:
            return
        if error is None:
            self._audit.end_soon(self._number, self.request, reply, self._ended)
        else:
            self._audit.refused(self.request, reply)

    def _end(self, ended: Ended, outcome: Outcome) -> None:
        self._over = []
        if self.call.safe:
            self._patience.end_in_time(self._ended)
        if self._is_on_its_way:
            self._unwritten = ended.reply
        else:
            self._audit.end_soon(self._number, self.request, ended.reply, self._ended)
        self._finish(ended)
        if self._askers:
            self.when_written(partial(self._tell, outcome))

    def _finish(self, ended: Ended) -> None:
        self.state = ended.state
        self._keeper.ended(self, ended)

    def _ended(self) -> None:
        over, self._over = self._over, None
        for done in over or ():
            done()
