"""Who looks on while commands act, and when each is told."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

from twisted.internet.interfaces import IDelayedCall, IReactorTime

from pychron_comms.interfaces import ICall

#: A command that is over, one way or the other: its call, its request and its reply; how many
#: seconds ago it had come, and how long it ran, None where it never began. A plain tuple, since
#: each command that acts makes one.
EndedCommand = tuple[ICall, Mapping[str, str], str, float, float | None]

#: Seconds in which what ends is told together, unless so many have ended before: to tell them takes
#: a turn of the reactor here and in the server, and the next command waits behind both.
TOGETHER = 0.01
AT_ONCE = 8


class CommandWatch(Protocol):
    """Looks on while commands act."""

    def goes_on(self, call: ICall) -> None:
        """Its manager has been told of it, and takes its time."""

    def all_ended(self, commands: Sequence[EndedCommand]) -> None:
        """These are over, in this order; a moment ago."""


class Watches:
    """Tells all who look on: at once of what takes its time; of what has ended, together.

    That is gathered for ``TOGETHER`` seconds, or until ``AT_ONCE`` have ended, and told in the next
    turn, so that nobody waits for his reply much longer because others look on.
    """

    def __init__(self, watches: Sequence[CommandWatch], clock: IReactorTime) -> None:
        self._watches = watches
        self._clock = clock
        self._ended: list[EndedCommand] = []
        self._timer: IDelayedCall | None = None

    def goes_on(self, call: ICall) -> None:
        """As ``CommandWatch.goes_on``."""
        for watch in self._watches:
            watch.goes_on(call)

    def ended(self, command: EndedCommand) -> None:
        """It is over."""
        self._ended.append(command)
        if self._timer is None:
            self._timer = self._clock.callLater(TOGETHER, self.tell)
        elif len(self._ended) == AT_ONCE:
            self._timer.reset(0)

    def tell(self) -> None:
        """Wait no longer for others."""
        if self._timer is not None and self._timer.active():
            self._timer.cancel()
        ended, self._ended, self._timer = self._ended, [], None
        for watch in self._watches if ended else ():
            watch.all_ended(ended)
