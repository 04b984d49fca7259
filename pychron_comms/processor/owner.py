"""What a processor answers to the one server that may say that the hardware is its own."""

from __future__ import annotations

from typing import NamedTuple

from twisted.internet.defer import Deferred

from pychron_comms.errors import NotPermittedError
from pychron_comms.interfaces import IHardwareGate, IOwnedGate
from pychron_comms.processor.server_lease import ServerLease
from pychron_comms.safeguards.ownership import GIVEN_UP, KEYS, QUESTION, digest
from pychron_comms.transport.peer_identity import host_of, name_of


class Owner(NamedTuple):
    """``name`` is the server's, by its address or certificate; ``local`` for unix sockets."""

    name: str
    lease: ServerLease

    def answer(
        self, word: str, rest: str, gate: IHardwareGate, peer: tuple[str, str]
    ) -> str | Deferred[str] | None:
        """To the words of ``ownership``, by who it is and by its session; None to any other.

        Errors: 206, and 208 for another peer.
        """
        if word not in {QUESTION, GIVEN_UP, KEYS}:
            return None
        sender, session = peer
        if self.name not in {sender, host_of(sender), name_of(sender)}:
            raise NotPermittedError(
                f"{word}: the hardware is given by {self.name}, not by {sender}"
            )
        if word == QUESTION:
            return self.lease.asked(rest, session)
        if word == GIVEN_UP:
            return self.lease.when_given_up()
        names = gate.known_keys() if IOwnedGate.providedBy(gate) else ()
        return " ".join(digest(*each) for each in names)
