"""The clients of the model, and what each of them was told of its commands."""

from __future__ import annotations

import math
from typing import Any

from twisted.internet.defer import Deferred
from twisted.internet.error import ConnectionDone
from twisted.internet.protocol import Factory, Protocol, connectionDone
from twisted.python.failure import Failure

from pychron_comms.qtegra.answers import CARRIER
from tests.faults.model.bench import Script
from tests.faults.model.links import Dial
from tests.faults.model.processes import Process

#: Seconds between two attempts to connect, and after a reply of 011.
AGAIN = 0.2


class Ask:
    """One time that a command was sent, and the reply that came to it."""

    __slots__ = ("answered_at", "at", "reply")

    def __init__(self, at: float) -> None:
        self.at = at
        self.reply: str | None = None
        self.answered_at = math.inf

    def answer(self, reply: str, now: float) -> None:
        """The reply has come."""
        self.reply = reply
        self.answered_at = min(self.answered_at, now)


class Unit:
    """One command as its client means it, however often it is sent."""

    def __init__(
        self, number: int, word: str, device: str, script: Script, within: float | None = None
    ) -> None:
        self.number = f"n{number}"
        self.word = word
        self.device = device
        self.script = script
        self.within = within
        self.key = ""
        #: Whether it is said as Qtegra says it.
        self.carried = False
        self.asks: list[Ask] = []
        self.outcome: str | None = None
        self.client: Client

    @property
    def line(self) -> str:
        # The one word says the device otherwise.
        device = self.device.upper() if self.word == "Tally" else self.device
        carrier = f"{CARRIER} " if self.carried else ""
        return f"{carrier}{self.word} {device} {self.number}"

    @property
    def last_word(self) -> str | None:
        """The last reply that came, whichever ask it was to; None for none."""
        return next((ask.reply for ask in reversed(self.asks) if ask.reply is not None), None)

    def __repr__(self) -> str:
        asks = ", ".join(f"{ask.at:.3f}: {ask.reply}" for ask in self.asks)
        return f"<{self.line} key={self.key} of {self.client.name}: {asks}>"


class Conversation(Protocol):
    """One connection of a client. ``asked`` are the lines sent on it, ``replies`` what came."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._buffer = b""
        self.asked: list[str] = []
        self.replies: list[str] = []
        self.broken = False
        self.open = False

    def connectionMade(self) -> None:
        self.open = True

    def say(self, line: str) -> None:
        self.asked.append(line)
        self.transport.write(line.encode() + self._client.terminator)

    def dataReceived(self, data: bytes) -> None:
        *lines, self._buffer = (self._buffer + data).split(b"\r\n")
        for line in lines:
            self.replies.append(line.decode())
            self._client.heard(self, line.decode())

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        self.broken = self.broken or self.open
        self.open = False
        self._client.lost(self)

    def leave(self) -> None:
        """End it from this side."""
        if self.open:
            self.open = False
            self.transport.loseConnection()


class ReadsToTheEnd(Conversation):
    """A connection whose reply is all that comes until its other end closes it."""

    def dataReceived(self, data: bytes) -> None:
        self._buffer += data

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        if self._buffer and reason.check(ConnectionDone):
            reply = self._buffer.decode().removesuffix("\r\n")
            self.replies.append(reply)
            self._client.heard(self, reply)
        super().connectionLost(reason)


class Client:
    """Asks, and notes what it hears. ``host`` is its address."""

    terminator = b"\r\n"
    keyed = False
    #: Whether it sends a plain line again when it hears nothing; and whether by datagrams.
    pychron = False
    by_datagrams = False
    conversation_type = Conversation

    def __init__(self, name: str, process: Process, dial: Dial) -> None:
        self.name = name
        self.process = process
        self.dial = dial
        self.units: list[Unit] = []
        self.conversations: list[Conversation] = []
        #: What came that was no reply to anything asked.
        self.strays: list[str] = []

    def ask(self, unit: Unit) -> None:
        unit.client = self
        self.units.append(unit)
        self.begin(unit)

    def begin(self, unit: Unit) -> None:
        raise NotImplementedError

    def heard(self, conversation: Conversation, line: str) -> None:
        raise NotImplementedError

    def lost(self, conversation: Conversation) -> None:
        raise NotImplementedError

    @property
    def busy(self) -> bool:
        raise NotImplementedError

    def leave(self) -> None:
        for conversation in self.conversations:
            conversation.leave()

    def connect(self) -> Deferred[Any]:
        factory = Factory.forProtocol(self.conversation)
        factory.noisy = False
        return self.dial.connect(factory)

    def conversation(self) -> Conversation:
        conversation = self.conversation_type(self)
        self.conversations.append(conversation)
        return conversation

    def now_asks(self, unit: Unit) -> Ask:
        ask = Ask(self.process.seconds())
        unit.asks.append(ask)
        return ask
