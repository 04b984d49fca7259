"""What becomes of the reply to a command that acts, as far as a server can tell.

A Pychron client that hears nothing sends the same line again after 1.03 s and 1.55 s, each time on
a new connection, and ends the old one just before. The gate knows such a copy by its line, and
answers it with the reply of the first (``processor/execution``). What it cannot know is whether the
client has had that reply, and so means the same line anew. Only who sees the client's connection
can tell, and that is reported from here: one ``Delivery`` for each command, of which the connection
says one of three things.

- ``delivered``: the client has read the reply. It asked on over the same connection, or ended its
  side of it when the reply had been acknowledged (``evidence``), and this process did not stand
  still since the command was read (``loop_watch``): else the order of what came tells nothing.
- ``lost``: nobody can tell. Nothing is reported, so that the gate takes who asks again for a copy.
- ``abandoned``: the client has gone, or sends no more, while the command had no reply. A moment
  later its processor is told to forget it: one that has not begun never will, unless somebody asked
  the same meanwhile.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count
from typing import Protocol

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReactorTime
from twisted.python.failure import Failure

from pychron_comms.interfaces import ICommandRepeater
from pychron_comms.observability.metrics import Metrics

Outcome = str | Failure

#: Seconds in which who has gone may ask again, before a command that still waits is dropped.
GONE = 1.0

#: Seconds that a command which acts may have lain there while this process stood still: no client
#: that is known gives up sooner, so who has ended his side by then has only stopped sending.
LAIN = 0.5


class CountsStalls(Protocol):
    """Tells whether this process stood still."""

    @property
    def stalls(self) -> int:
        """How often it has, up to now."""

    @property
    def may_have_lain(self) -> float:
        """Seconds that what is read now may have lain there; 0 where it is read as it comes."""


class Delivery:
    """One command that acts, made when it was read just now. Told one thing, once.

    ``ask`` is its name on the hop; empty for a command whose copies are its client's own affair.
    """

    __slots__ = ("_ask", "_reports", "_response", "_stalls")

    def __init__(self, reports: DeliveryReports, ask: str, response: Deferred[str]) -> None:
        self._reports = reports
        self._ask = ask
        self._response = response
        self._stalls = reports.watch.stalls

    def delivered(self) -> None:
        """Its client has read the reply."""
        if self._reports.keeps and self._stalls != self._reports.watch.stalls:
            self.lost()
        elif self._ask:
            self._reports.repeater.reply_taken(self._ask)

    def lost(self) -> None:
        """Its client may not have read the reply: the gate keeps it for who asks again."""
        self._reports.in_doubt.value += 1

    def abandoned(self) -> None:
        """Its client waits no more, and it has no reply."""
        self._reports.clock.callLater(GONE, self._forget)

    def _forget(self) -> None:
        if not self._response.called:
            self._reports.repeater.asker_gone(self._response)


class DeliveryReports:
    """Names the connections of one server process, and tells its repeater of their replies.

    ``process`` is a name that no other process has, nor this one after it was started again. Where
    it does not ``keep`` replies for who asks again, each is taken for read.
    """

    def __init__(
        self,
        repeater: ICommandRepeater,
        clock: IReactorTime,
        watch: CountsStalls,
        metrics: Metrics,
        *,
        process: str,
        keeps: bool = True,
    ) -> None:
        self.repeater = repeater
        self.clock = clock
        self.watch = watch
        self.keeps = keeps
        self.in_doubt = metrics.counter(
            "pychron_comms_replies_in_doubt_total",
            "Replies to commands that act of which nobody can tell whether they were read.",
        )
        self._process = process
        self._connections: Iterator[int] = count(1)
        self._datagrams: Iterator[int] = count(1)

    @property
    def lay_for_long(self) -> bool:
        """Whether who asked what is read now may have given up."""
        return self.watch.may_have_lain > LAIN

    def connection_name(self) -> str:
        """One that was never given before."""
        return f"{self._process}-{next(self._connections)}"

    def datagram_name(self) -> str:
        """The ``ask`` of one datagram."""
        return f"udp.{next(self._datagrams)}"

    def datagram_answered(self, outcome: Outcome, ask: str) -> Outcome:
        """Nobody can tell whether the reply to a datagram was read."""
        if not self.keeps:
            self.repeater.reply_taken(ask)
        return outcome
