"""Clients as Pychron has them: plain lines, without ids or keys."""

from __future__ import annotations

from collections import deque
from functools import partial
from typing import Any

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IDelayedCall
from twisted.python.failure import Failure

from pychron_comms.qtegra.answers import CARRIER
from tests.faults.model.clients import AGAIN, Ask, Client, Conversation, ReadsToTheEnd, Unit
from tests.faults.model.links import Dial
from tests.faults.model.processes import Process

#: Seconds of silence after which Pychron's client asks again, and at last gives up.
PYCHRON_WAITS = (1.03, 0.52, 0.53)


class KeptPlainClient(Client):
    """Keeps one connection, sends without waiting, takes replies in order, asks nothing twice."""

    def __init__(self, name: str, process: Process, dial: Dial) -> None:
        super().__init__(name, process, dial)
        self._waiting: deque[Ask] = deque()
        self._unsent: list[Unit] = []
        self._conversation: Conversation | None = None
        self._connecting = False

    @property
    def busy(self) -> bool:
        return bool(self._waiting or self._unsent)

    def begin(self, unit: Unit) -> None:
        self._unsent.append(unit)
        self._send()

    def heard(self, conversation: Conversation, line: str) -> None:
        if conversation is not self._conversation or not self._waiting:
            self.strays.append(line)
        else:
            self._waiting.popleft().reply = line

    def lost(self, conversation: Conversation) -> None:
        if conversation is self._conversation:
            self._conversation = None
            self._waiting.clear()
            self._send()

    def _send(self) -> None:
        if not self._unsent or self._connecting:
            return
        if self._conversation is None or not self._conversation.open:
            self._connecting = True
            self.connect().addCallbacks(self._connected, self._refused)
            return
        units, self._unsent = self._unsent, []
        for unit in units:
            self._waiting.append(self.now_asks(unit))
            self._conversation.say(unit.line)

    def _connected(self, conversation: Conversation) -> None:
        self._connecting = False
        self._conversation = conversation
        self._waiting.clear()
        self._send()

    def _refused(self, failure: Failure) -> None:
        self._connecting = False
        self.process.callLater(AGAIN, self._send)


class PychronClient(Client):
    """A connection for each command; after silence the same line again, on a new connection."""

    terminator = b"\r"
    pychron = True

    def __init__(self, name: str, process: Process, dial: Dial) -> None:
        super().__init__(name, process, dial)
        self._units: deque[Unit] = deque()
        self._unit: Unit | None = None
        self._waits: list[float] = []
        self._timer: IDelayedCall | None = None
        self._conversation: Conversation | None = None
        self._dialling: Deferred[Any] | None = None

    @property
    def busy(self) -> bool:
        return self._unit is not None

    def begin(self, unit: Unit) -> None:
        self._units.append(unit)
        if self._unit is None:
            self._next()

    def heard(self, conversation: Conversation, line: str) -> None:
        if conversation is not self._conversation or self._unit is None:
            self.strays.append(line)
            return
        self._unit.asks[-1].answer(line, self.process.seconds())
        self._next()

    def lost(self, conversation: Conversation) -> None:
        if conversation is self._conversation:
            self._conversation = None  # it waits out its silence all the same

    def _next(self) -> None:
        self._end_try()
        self._unit = self._units.popleft() if self._units else None
        if self._unit is not None:
            self._waits = list(PYCHRON_WAITS)
            self._try()

    def _try(self) -> None:
        self._end_try()
        if not self._waits:
            self._next()
            return
        self._timer = self.process.callLater(self._waits.pop(0), self._try)
        self._dialling = self.connect().addCallbacks(self._connected, lambda failure: None)

    def _end_try(self) -> None:
        if self._timer is not None and self._timer.active():
            self._timer.cancel()
        self._timer = None
        if self._dialling is not None:
            self._dialling.cancel()
        if self._conversation is not None:
            self._conversation.leave()
        self._dialling = self._conversation = None

    def _connected(self, conversation: Conversation) -> None:
        assert self._unit is not None
        self._conversation = conversation
        self.now_asks(self._unit)
        conversation.say(self._unit.line)


class ClosingClient(PychronClient):
    """The same at a listener that closes after each reply; it reads to the end."""

    conversation_type = ReadsToTheEnd


class QtegraClient(Client):
    """A connection for each command, as to Qtegra; asks nothing twice."""

    conversation_type = ReadsToTheEnd

    def __init__(self, name: str, process: Process, dial: Dial) -> None:
        super().__init__(name, process, dial)
        self._unsent: set[Unit] = set()
        self._waiting: dict[Conversation, Ask] = {}

    @property
    def busy(self) -> bool:
        return bool(self._unsent or self._waiting)

    def begin(self, unit: Unit) -> None:
        unit.carried = True
        self._unsent.add(unit)
        self._try(unit)

    def heard(self, conversation: Conversation, line: str) -> None:
        ask = self._waiting.pop(conversation, None)
        if ask is None:
            self.strays.append(line)
        else:
            ask.answer(line, self.process.seconds())

    def lost(self, conversation: Conversation) -> None:
        self._waiting.pop(conversation, None)

    def _try(self, unit: Unit) -> None:
        self.connect().addCallbacks(
            self._connected, self._refused, callbackArgs=(unit,), errbackArgs=(unit,)
        )

    def _connected(self, conversation: Conversation, unit: Unit) -> None:
        self._unsent.remove(unit)
        self._waiting[conversation] = self.now_asks(unit)
        conversation.say(unit.line.removeprefix(f"{CARRIER} "))

    def _refused(self, failure: Failure, unit: Unit) -> None:
        self.process.callLater(AGAIN, self._try, unit)


class PlainDatagramClient(Client):
    """The same over datagrams, of which each may be lost, doubled and late."""

    pychron = by_datagrams = True

    def __init__(self, name: str, process: Process, dial: Dial, post: Any) -> None:
        super().__init__(name, process, dial)
        self._post = post
        self._units: deque[Unit] = deque()
        self._waits: list[float] = []
        self._timer: IDelayedCall | None = None

    @property
    def busy(self) -> bool:
        return bool(self._units)

    def begin(self, unit: Unit) -> None:
        self._units.append(unit)
        if len(self._units) == 1:
            self._first_try()

    def _first_try(self) -> None:
        self._waits = list(PYCHRON_WAITS)
        self._try()

    def _try(self) -> None:
        if not self._waits:
            self._next()
            return
        unit = self._units[0]
        self.now_asks(unit)
        self._timer = self.process.callLater(self._waits.pop(0), self._try)
        self._post(unit.line.encode() + b"\n", partial(self._received, unit))

    def _received(self, unit: Unit, data: bytes) -> None:
        # Who has his answer, or has given up, listens no more.
        if self._units and self._units[0] is unit:
            unit.asks[-1].answer(data.decode().removesuffix("\r\n"), self.process.seconds())
            self._next()

    def _next(self) -> None:
        if self._timer is not None and self._timer.active():
            self._timer.cancel()
        self._units.popleft()
        if self._units:
            self._first_try()
