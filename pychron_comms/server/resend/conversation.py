"""The commands of one connection that act, until it is told what became of each reply."""

from __future__ import annotations

from twisted.internet.defer import Deferred

from pychron_comms.server.resend import evidence
from pychron_comms.server.resend.delivery import Delivery, DeliveryReports, Outcome

#: Replies of one connection of which it is not known yet whether they were read.
UNREAD_LIMIT = 256


class Conversation:
    """Told by a connection what happens on it; tells each ``Delivery``.

    ``handle``, its socket, is asked for what that knows. A reply that is made after the client
    has ended its side, or crosses that end, is in doubt until ``settle``: who had gone answers it
    with a reset.
    """

    def __init__(self, reports: DeliveryReports, handle: object) -> None:
        self.name = reports.connection_name()
        self._reports = reports
        self._handle = handle
        self._waiting: dict[Deferred[str], Delivery] = {}
        # Those of whose askers the end has been seen, and no reply yet.
        self._abandoned: dict[Deferred[str], Delivery] = {}
        # Replies since whose writing the client has sent nothing; something, but no command yet;
        # and those that went out, or may have, after its end.
        self._unread: list[Delivery] = []
        self._perhaps_read: list[Delivery] = []
        self._crossed: list[Delivery] = []
        self._ended = False
        self._gone = False

    def add(self, ask: str, response: Deferred[str]) -> None:
        """A command that acts, just read. ``ask`` is empty where its copies are not asked about."""
        self._waiting[response] = Delivery(self._reports, ask, response)
        response.addBoth(self._replied, response, bool(ask))
        if self._ended:
            # It had waited for its turn.
            self._abandon()

    @property
    def in_doubt(self) -> bool:
        """Whether some reply crossed the client's end: to be settled before the connection is."""
        return bool(self._crossed)

    def more_came(self) -> None:
        """The client has sent more, when all replies had been written."""
        if self._unread:
            self._perhaps_read += self._unread
            self._unread.clear()

    def asked_on(self) -> None:
        """What it sent is a command."""
        if self._perhaps_read:
            for delivery in self._perhaps_read:
                delivery.delivered()
            self._perhaps_read.clear()

    def ended(self, all_written: bool) -> None:
        """The client sends no more. One that has died looks no different from one that listens."""
        self._ended = True
        self._abandon()
        unread = self._take_unread()
        if all_written and evidence.has_taken_all(self._handle):
            for delivery in unread:
                delivery.delivered()
        else:
            self._crossed += unread

    def settle(self) -> None:
        """The connection has been left open for a moment after the last reply."""
        crossed, self._crossed = self._crossed, []
        taken = evidence.has_taken_all(self._handle)
        for delivery in crossed:
            if taken:
                delivery.delivered()
            else:
                delivery.lost()

    def gone(self) -> None:
        """The connection is no more."""
        self._gone = True
        self._abandon()
        crossed, self._crossed = self._crossed, []
        for delivery in [*self._take_unread(), *crossed]:
            delivery.lost()

    def _abandon(self) -> None:
        for delivery in self._waiting.values():
            delivery.abandoned()
        self._abandoned |= self._waiting
        self._waiting.clear()

    def _replied(self, outcome: Outcome, response: Deferred[str], asked: bool) -> Outcome:
        """The reply to a command is written next."""
        delivery = self._waiting.pop(response, None) or self._abandoned.pop(response)
        if not asked:
            return outcome
        if not self._reports.keeps:
            delivery.delivered()
        elif self._gone:
            delivery.lost()
        elif self._ended or evidence.has_ended(self._handle):
            self._crossed.append(delivery)
        else:
            self._unread.append(delivery)
            if len(self._unread) > UNREAD_LIMIT:
                self._unread.pop(0).lost()
        return outcome

    def _take_unread(self) -> list[Delivery]:
        unread = [*self._perhaps_read, *self._unread]
        self._perhaps_read.clear()
        self._unread.clear()
        return unread
