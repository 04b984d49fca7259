"""The far end of the hop: a line protocol that takes ``Type|command`` to the gate."""

from __future__ import annotations

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IAddress, IReactorTime
from twisted.internet.protocol import Factory

from pychron_comms.errors import MalformedRequestError
from pychron_comms.interfaces import IHardwareGate
from pychron_comms.line import Request, seconds_within
from pychron_comms.peers import sender_of
from pychron_comms.protocol import CommandLineReceiver
from pychron_comms.wire import WireOptions


class CommandProcessor(CommandLineReceiver):
    """Takes requests from a server, or from a person at telnet.

    The tag ``from`` is believed where ``trusted``; elsewhere the peer itself is the sender.
    """

    def __init__(
        self, gate: IHardwareGate, trusted: bool, options: WireOptions, clock: IReactorTime
    ) -> None:
        super().__init__(options, clock)
        self._gate = gate
        self._trusted = trusted

    def answer(self, request: Request) -> str | Deferred[str]:
        tags, request_type, command = request
        if not request_type:
            raise MalformedRequestError(f"Type|command is wanted, as in System|{command}")
        sender = tags.get("from", self.sender) if self._trusted else self.sender
        return self._gate.process_server_request(
            request_type, command, sender, seconds_within(tags) if "within" in tags else None
        )


class CommandProcessorFactory(Factory):
    """Builds a ``CommandProcessor`` for each connection.

    ``trusted`` are the senders whose tag ``from`` is believed: IP addresses, and ``local`` for
    unix sockets.
    """

    noisy = False

    def __init__(
        self,
        gate: IHardwareGate,
        trusted: frozenset[str],
        options: WireOptions,
        clock: IReactorTime,
    ) -> None:
        self._gate = gate
        self._trusted = trusted
        self._options = options
        self._clock = clock

    def logPrefix(self) -> str:
        return "CommandProcessor"

    def buildProtocol(self, addr: IAddress | None) -> CommandProcessor:
        trusted = sender_of(addr) in self._trusted
        return CommandProcessor(self._gate, trusted, self._options, self._clock)
