"""Two connections to one broker, which are of use together: messages come by one and go by the
other, so that a broker which takes nothing more stops no acknowledgement but of what comes by the
other: what acts, which must be written down first, and the beats, which nothing may hold up."""

from __future__ import annotations

from typing import Any, Protocol

from twisted.application.service import MultiService, Service
from twisted.internet.defer import Deferred, ensureDeferred, maybeDeferred
from twisted.logger import Logger
from twisted.python.failure import Failure

from pychron_comms.broker.adapter import BrokerConnection
from pychron_comms.broker.channel import BrokerChannel, BrokerError
from pychron_comms.broker.link import BrokerLink
from pychron_comms.transport.broker_strings import BrokerAddress
from pychron_comms.transport.cork import Cork
from pychron_comms.transport.outage import Outage

#: Seconds after which what was joined was of use.
_LASTING = 10.0


class LinksUser(Protocol):
    """Whose links they are."""

    async def join(self, consuming: BrokerConnection, publishing: BrokerConnection) -> None:
        """Both are there, and nothing is open on them. Errors: BrokerError."""

    def left(self, why: str) -> None:
        """A connection or a channel is gone, or joining failed: nothing of either is of use."""

    def blocked(self, why: str) -> None:
        """The broker takes nothing of one of them, as ``why`` says; empty: it does again."""


class BrokerLinks(MultiService):
    """Keeps both for ``user``, who joins each time that both are there. Where one fails, both are
    made anew. ``cork``: for what is written by them while one chunk is worked off."""

    _log = Logger()

    def __init__(
        self,
        address: BrokerAddress,
        reactor: Any,
        user: LinksUser,
        name: str,
        *,
        cork: Cork,
        link: type[BrokerLink] = BrokerLink,
    ) -> None:
        super().__init__()
        self._user = user
        self._is_joining = False
        self._outage = Outage(address.name, reactor)
        self._reactor = reactor
        # Since when it has joined.
        self._joined_at: float | None = None
        # How often in a row that could not be, or did not last.
        self._vain = 0
        self._consuming = link(address, reactor, self, f"{name}, consuming", cork=cork)
        self._publishing = link(address, reactor, self, f"{name}, publishing", cork=cork)
        for each in (self._consuming, self._publishing):
            each.setServiceParent(self)

    @property
    def publishing(self) -> BrokerConnection | None:
        """By which messages go; None while there is none."""
        return self._publishing.connection

    @property
    def is_blocked(self) -> bool:
        """Whether the broker takes nothing of one of them."""
        return self._consuming.is_blocked or self._publishing.is_blocked

    @property
    def why(self) -> str:
        """Why they are of no use, where they are not."""
        links = (self._consuming, self._publishing)
        return next((link.why for link in links if link.connection is None), "not ready yet")

    async def channel(self, connection: BrokerConnection) -> BrokerChannel:
        """One more, whose end is the end of both. Errors: ChannelLostError."""
        channel = await connection.channel()
        channel.ended = self.leave
        return channel

    def stopService(self) -> Deferred[Any]:
        Service.stopService(self)
        self.leave("it stops")
        return maybeDeferred(super().stopService)

    def leave(self, why: str) -> None:
        """Begin anew with both: at once, and later and later where that is of no use."""
        if not self._is_joining:
            return
        self._is_joining = False
        joined_at, self._joined_at = self._joined_at, None
        has_lasted = joined_at is not None and self._reactor.seconds() - joined_at >= _LASTING
        self._vain = 0 if has_lasted else self._vain + 1
        if self.running:
            tell = self._outage.attempt_failed if joined_at is None else self._outage.lost
            tell(why)
        self._user.left(why)
        for link in (self._consuming, self._publishing):
            link.drop(why, self._vain)

    # -- what the links tell

    def linked(self) -> None:
        """One of the connections is there."""
        consuming, publishing = self._consuming.connection, self._publishing.connection
        if consuming and publishing and not self._is_joining:
            self._is_joining = True
            joined: Deferred[None] = ensureDeferred(self._user.join(consuming, publishing))
            joined.addCallbacks(self._joined, self._not_joined)

    def attempt_failed(self, why: str) -> None:
        """One could not be connected."""
        self._outage.attempt_failed(why)

    def blocked(self, why: str) -> None:
        """The broker takes nothing of one of them, or does again."""
        self._user.blocked(why)

    def _joined(self, result: None) -> None:
        if self._is_joining:
            self._joined_at = self._reactor.seconds()
            self._outage.connected()

    def _not_joined(self, failure: Failure) -> None:
        if failure.check(BrokerError):
            self.leave(str(failure.value))
        else:
            self._log.failure("a bug met the broker", failure)
            self.leave("a bug")
