"""A watch for scripts and notebooks: a loop over what a server tells."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing
from threading import Event
from typing import Protocol

from pychron_comms.client.link.deadline import Clock, Deadline
from pychron_comms.client.link.endpoint import Address
from pychron_comms.client.outcome import reason
from pychron_comms.client.waiting import Cancel
from pychron_comms.client.watch.feed import PATIENCE, PAUSE, Feed
from pychron_comms.client.watch.notices import Item, Notice


class Channel(Protocol):
    """By which one listens. What fails raises OSError."""

    def send(self, data: bytes, deadline: Deadline) -> None:
        """Ask to be told."""

    def receive(self, seconds: float) -> bytes:
        """What comes next; empty at the end. TimeoutError where nothing comes."""

    def close(self) -> None:
        """Listen no more."""


class Watch:
    """Iterate over it for each ``Notice``, until ``seconds`` are over or, with None, for ever.

    ``cancel`` ends it too, within a second while the server lives: an event that is set, or a
    function that answers True.

    It has a connection of its own, which ends with the loop. A server that is lost is called again
    and again. A loop that is slow gets the newest of each item. Raises CommandError where the
    server refuses, and ValueError for patterns that cannot be and for a server of datagrams.
    """

    def __init__(
        self,
        address: Address,
        patterns: Sequence[str],
        open_channel: Callable[[Deadline], Channel],
        *,
        seconds: float | None = None,
        cancel: Cancel | None = None,
        clock: Clock = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._feed = Feed(address, patterns)
        self._open = open_channel
        self._seconds = seconds
        self._is_cancelled = cancel.is_set if isinstance(cancel, Event) else cancel or bool
        self._clock = clock
        self._sleep = sleep

    @property
    def items(self) -> Mapping[str, Item]:
        """All that fit, by their paths, as they were told last."""
        return self._feed.items

    def __iter__(self) -> Iterator[Notice]:
        end = None if self._seconds is None else self._clock() + self._seconds
        while self._left(PAUSE, end) > 0 and not self._is_cancelled():
            try:
                with closing(self._open(Deadline(PATIENCE, self._clock))) as channel:
                    yield from self._read(channel, end)
                    return
            except TimeoutError:
                yield from self._feed.lost(f"no word for {PATIENCE:g} s")
            except (OSError, ValueError) as error:
                yield from self._feed.lost(reason(error))
            self._sleep(max(0.0, self._left(PAUSE, end)))

    def _read(self, channel: Channel, end: float | None) -> Iterator[Notice]:
        """Until the end. Raises OSError, and ValueError for what no server of ours says."""
        channel.send(self._feed.begin(), Deadline(PATIENCE, self._clock))
        while (seconds := self._left(PATIENCE, end)) > 0:
            try:
                data = channel.receive(seconds)
            except TimeoutError:
                if seconds == PATIENCE:
                    raise
                return
            if not data:
                raise ConnectionError("closed by the server")
            yield from self._feed.received(data)
            if self._is_cancelled():
                return

    def _left(self, seconds: float, end: float | None) -> float:
        return seconds if end is None else min(seconds, end - self._clock())
