"""A watch for Twisted programs: a function that is called with what a server tells."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from typing import Any

from twisted.internet.defer import CancelledError, Deferred
from twisted.internet.interfaces import IDelayedCall, IReactorTime
from twisted.internet.task import deferLater
from twisted.python.failure import Failure

from pychron_comms.client.link.endpoint import Address
from pychron_comms.client.link.wires import Dialer, Wire
from pychron_comms.client.outcome import reason
from pychron_comms.client.watch.feed import PATIENCE, PAUSE, Feed
from pychron_comms.client.watch.notices import Item, Notice

Told = Callable[[Notice], object]


class DeferredWatch:
    """Calls ``told`` with each ``Notice`` until ``stop``; else as ``blocking.Watch``.

    ``over`` fires with None when it was stopped; it fails where the server refuses, and where
    ``told`` raises.
    """

    def __init__(self, address: Address, patterns: Sequence[str], told: Told, reactor: Any) -> None:
        self._feed = Feed(address, patterns)
        self._dialer = Dialer(address, reactor)
        self._clock: IReactorTime = reactor
        self._told = told
        # Fires when the connection of the moment is of no more use, and with what failed.
        self._end: Deferred[None] = Deferred()
        self._silence: IDelayedCall | None = None
        self.over = Deferred.fromCoroutine(self._run())

    @property
    def items(self) -> Mapping[str, Item]:
        """All that fit, by their paths, as they were told last."""
        return self._feed.items

    def stop(self) -> Deferred[None]:
        """End it; fires when its connection is gone."""
        self.over.cancel()
        return self._dialer.close()

    # -- what its wire tells it

    def received(self, data: bytes) -> None:
        if self._silence is not None:
            self._silence.reset(PATIENCE)
        try:
            for notice in self._notices(data):
                self._told(notice)
        except Exception:
            self._finish(Failure())

    def lost(self, error: Exception | None) -> None:
        self._finish(Failure(_Lost(reason(error) if error else "closed by the server")))

    async def _run(self) -> None:
        with suppress(CancelledError):
            while True:
                try:
                    await self._one_connection()
                except _Lost as lost:
                    for notice in self._feed.lost(str(lost)):
                        self._told(notice)
                await deferLater(self._clock, PAUSE)

    async def _one_connection(self) -> None:
        """Until it ends, which always raises."""
        self._end = Deferred()
        wire = await self._dialled()
        self._silence = self._clock.callLater(PATIENCE, self._silent)
        try:
            wire.write(self._feed.begin())
            await self._end
        finally:
            if self._silence.active():
                self._silence.cancel()
            self._silence = None
            wire.abort()

    async def _dialled(self) -> Wire:
        dialling = Deferred.fromCoroutine(self._dialer.dial(self))
        try:
            return await dialling.addTimeout(PATIENCE, self._clock)
        except CancelledError:
            raise
        except Exception as error:
            raise _Lost(reason(error)) from error

    def _notices(self, data: bytes) -> Iterator[Notice]:
        try:
            yield from self._feed.received(data)
        except (OSError, ValueError) as error:
            raise _Lost(reason(error)) from error

    def _silent(self) -> None:
        self._finish(Failure(_Lost(f"no word for {PATIENCE:g} s")))

    def _finish(self, failure: Failure) -> None:
        if not self._end.called:
            self._end.errback(failure)


class _Lost(Exception):
    """The connection is of no more use, and why."""
