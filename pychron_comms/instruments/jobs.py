"""What waits for the wire, or is on it: a talk, and who wants its answer."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import NamedTuple

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IDelayedCall
from twisted.python.failure import Failure

from pychron_comms.instruments.description import AnyExchange, Wire
from pychron_comms.instruments.fields import Value
from pychron_comms.instruments.talk import Asking, Fields, asking


class Asker(NamedTuple):
    """One who waits for an answer."""

    exchange: AnyExchange
    values: Mapping[str, Value]
    done: Deferred[Fields]


@dataclass(kw_only=True)
class Job:
    """One talk. ``question`` tells it from others where its answer is for all who ask the same.

    ``still`` is asked at the last moment whether it shall be begun at all. ``unheard``: it was
    sent already while nothing could be heard.
    """

    askers: list[Asker]
    patience: IDelayedCall
    question: bytes
    still: Callable[[], bool]
    unheard: bool = False

    def begun(self, wire: Wire) -> Asking:
        """The talk, not yet begun."""
        exchange, values, _ = self.askers[0]
        return asking(wire, exchange, values)

    def fail(self, failure: Failure) -> None:
        """Tell all who wait."""
        if self.patience.active():
            self.patience.cancel()
        for asker in self.askers:
            asker.done.errback(failure)
