"""How many connections of one computer are read in a turn of the reactor while others have some."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from weakref import ref

from twisted.internet.interfaces import IDelayedCall, IReactorTime
from twisted.internet.tcp import Connection
from twisted.protocols.policies import ProtocolWrapper

#: Connections of one host that are read in a turn, or found ended.
READS = 32

# Of these, how many are taken without a look at the turn: where few are, it may be another one.
_FEW = READS // 2


class Share:
    """What is left of a host's in this turn.

    Where it ``is_crowded`` those that were read in this ``round`` wait until all have been:
    ``left_out`` says that some have not.
    """

    __slots__ = ("is_crowded", "left", "left_out", "round")

    def __init__(self) -> None:
        self.left = READS
        self.is_crowded = self.left_out = False
        self.round = 0


class ReadShares:
    """Those of all hosts that have connections; ``hosts`` tells how many these are.

    A host with hundreds that all have something to say, or end together, has a few of them read in
    each turn, each as often as the others. One that is alone has as many as it likes.
    """

    def __init__(self, clock: IReactorTime, hosts: Callable[[], int]) -> None:
        self._clock = clock
        self._hosts = hosts
        self._busy: set[Share] = set()
        self._renewal: IDelayedCall | None = None

    def share(self, transport: Any, share: Share) -> None:
        """Read a connection for its host's share from now on."""
        while isinstance(transport, ProtocolWrapper):
            transport = transport.transport
        if isinstance(transport, Connection):
            setattr(transport, "doRead", _Reading(self, share, transport))  # noqa: B010

    def may_read(self, share: Share, last: int) -> bool:
        """Whether one more may be, that was read in that round last, of a host that had many."""
        self._busy.add(share)
        if self._renewal is None:
            self._renewal = self._clock.callLater(0, self._renew)
        waits = share.is_crowded and last == share.round
        if (share.left > 0 and not waits) or self._hosts() < 2:
            return True
        share.is_crowded = True
        share.left_out = share.left_out or last != share.round
        return False

    def _renew(self) -> None:
        self._renewal = None
        busy, self._busy = self._busy, set()
        for share in busy:
            share.left = READS
            if not share.left_out:
                share.round += 1
                share.is_crowded = False
            share.left_out = False


class _Reading:
    """A connection's ``doRead``; it is asked again as long as there is something to be read."""

    __slots__ = ("_connection", "_round", "_share", "_shares")

    def __init__(self, shares: ReadShares, share: Share, connection: Connection) -> None:
        self._shares = shares
        self._share = share
        # It keeps this one, and would be kept by it.
        self._connection = ref(connection)
        self._round = -1

    def __call__(self) -> Any:
        share, connection = self._share, self._connection()
        many = share.is_crowded or share.left <= _FEW
        if connection is None or (many and not self._shares.may_read(share, self._round)):
            return None
        share.left -= 1
        self._round = share.round
        return Connection.doRead(connection)
