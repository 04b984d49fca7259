"""What was sent by way of a broker, and waits for its reply."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import NamedTuple

from twisted.internet.defer import Deferred

from pychron_comms.broker.names import Lane
from pychron_comms.transport.places import (
    PENDING_LIMIT,
    PENDING_SHARE,
    SAFE_ASSURED,
    SAFE_LIMIT,
    SAFE_SHARE,
    Places,
)


class Waiting(NamedTuple):
    """``sent`` to the owner of that ``epoch``, and given up at ``until``.

    ``key``: by which its reply can be asked for where that is lost; empty for none.
    """

    reply: Deferred[str]
    command: str
    epoch: str
    sent: float
    until: float
    lane: Lane
    sender: str
    request_type: str = ""
    key: str = ""


class WaitingReplies:
    """All that wait, by their numbers; each takes a place among those of its sender."""

    def __init__(self) -> None:
        self._numbers = itertools.count(1)
        self._waiting: dict[int, Waiting] = {}
        self._by_reply: dict[Deferred[str], int] = {}
        self._places = Places(PENDING_LIMIT, PENDING_SHARE)
        self._safe_places = Places(SAFE_LIMIT, SAFE_SHARE, SAFE_ASSURED)

    def __len__(self) -> int:
        return len(self._waiting)

    def __iter__(self) -> Iterator[tuple[int, Waiting]]:
        """Those of now, whatever becomes of them meanwhile."""
        return iter(list(self._waiting.items()))

    def take_place(self, lane: Lane, sender: str) -> None:
        """For one that is added next. Errors: 203."""
        self._of(lane).take(sender)

    def add(self, waiting: Waiting) -> int:
        """One that has its place; its number."""
        number = next(self._numbers)
        self._waiting[number] = waiting
        self._by_reply[waiting.reply] = number
        return number

    def get(self, number: int) -> Waiting | None:
        """None for one that waits no more."""
        return self._waiting.get(number)

    def number_of(self, reply: Deferred[str]) -> int | None:
        """None for one that waits no more."""
        return self._by_reply.get(reply)

    def drop(self, number: int) -> Waiting | None:
        """It waits no more, and its place is another's; None where it did not wait."""
        waiting = self._waiting.pop(number, None)
        if waiting is not None:
            self._by_reply.pop(waiting.reply, None)
            self._of(waiting.lane).give_back(waiting.sender)
        return waiting

    def _of(self, lane: Lane) -> Places:
        return self._safe_places if lane is Lane.SAFE else self._places
