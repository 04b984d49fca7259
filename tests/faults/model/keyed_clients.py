"""Clients that put ids and keys on their commands."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from twisted.python.failure import Failure

from tests.faults.model.clients import AGAIN, Ask, Client, Conversation, Unit
from tests.faults.model.links import Dial
from tests.faults.model.processes import Process

#: Seconds of silence after which a client with keys asks again, and how often it asks.
SILENCE = 3.0
TRIES = 4


class KeyedClient(Client):
    """Puts ids and keys on its commands, and asks again with the same key until it knows."""

    keyed = True
    #: Whether each of its requests gets one reply, not one for each of its copies.
    once = True
    #: Seconds until it connects again.
    away = AGAIN

    def __init__(self, name: str, process: Process, dial: Dial) -> None:
        super().__init__(name, process, dial)
        self._last_id = 0
        self._waiting: dict[str, Unit] = {}
        self._asked: dict[str, tuple[Unit, Ask]] = {}
        self._tries: dict[str, int] = {}
        self._unsent: list[Unit] = []
        self._outcomes: dict[str, Unit] = {}
        self._conversation: Conversation | None = None
        self._connecting = False

    @property
    def busy(self) -> bool:
        return bool(self._waiting or self._unsent or self._tries)

    def begin(self, unit: Unit) -> None:
        unit.key = f"{self.name}-{unit.number}"
        self._tries[unit.number] = TRIES
        self._send(unit)

    def ask_outcomes(self, units: Iterable[Unit]) -> None:
        for unit in units:
            self._last_id += 1
            self._outcomes[str(self._last_id)] = unit
            self.put(f"@id={self._last_id} Outcome {unit.key}")

    def heard(self, conversation: Conversation | None, line: str) -> None:
        tags, _, text = line.partition(" ")
        number = tags.removeprefix("@id=")
        if number in self._outcomes:
            self._outcomes.pop(number).outcome = text
        elif number in self._asked:
            self._take(*self._asked[number], text, self._waiting.pop(number, None) is not None)
        else:
            self.strays.append(line)

    def _take(self, unit: Unit, ask: Ask, text: str, is_awaited: bool) -> None:
        """A reply may come after the next asking; it is the word for its own all the same."""
        if ask.reply is not None and self.once:
            self.strays.append(f"a second reply to {unit.line}: {text}")
        ask.reply = text
        if not text.startswith("ERROR 011"):
            self._tries.pop(unit.number, None)
        elif is_awaited:
            self.process.callLater(AGAIN, self._send, unit)

    def lost(self, conversation: Conversation) -> None:
        if conversation is self._conversation:
            self._conversation = None
            lost, self._waiting = self._waiting, {}
            for unit in lost.values():
                self.process.callLater(self.away, self._send, unit)

    def put(self, line: str) -> None:
        if self._conversation is not None:
            self._conversation.say(line)

    @property
    def connected(self) -> bool:
        return self._conversation is not None and self._conversation.open

    def connect_now(self) -> None:
        """Be connected, if that is possible."""
        if not self.connected and not self._connecting:
            self._connecting = True
            self.connect().addCallbacks(self._connected, self._refused)

    def _send(self, unit: Unit) -> None:
        tries = self._tries.get(unit.number)
        if tries is None:
            return  # it has its answer
        if not tries:
            del self._tries[unit.number]  # given up: what became of it, ``Outcome`` will tell
            return
        if not self.connected:
            self._unsent.append(unit)
            self.connect_now()
            return
        self._tries[unit.number] = tries - 1
        self._last_id += 1
        number = str(self._last_id)
        self._waiting[number] = unit
        self._asked[number] = unit, self.now_asks(unit)
        within = "" if unit.within is None else f";within={unit.within}"
        self.put(f"@id={number};key={unit.key}{within} {unit.line}")
        self.process.callLater(SILENCE, self._silent, number)

    def _silent(self, number: str) -> None:
        if number in self._waiting:
            self._send(self._waiting.pop(number))

    def _connected(self, conversation: Conversation) -> None:
        self._connecting = False
        self._conversation = conversation
        unsent, self._unsent = self._unsent, []
        for unit in unsent:
            self._send(unit)

    def _refused(self, failure: Failure) -> None:
        self._connecting = False
        if self._unsent:
            self.process.callLater(AGAIN, self.connect_now)


class SlowKeyedClient(KeyedClient):
    """The same, away for so long that what still waits for it is dropped."""

    away = 1.4


class DatagramClient(KeyedClient):
    """The same over datagrams, of which each may be lost, doubled and late."""

    once = False

    def __init__(self, name: str, process: Process, dial: Dial, post: Any) -> None:
        super().__init__(name, process, dial)
        self._post = post

    @property
    def connected(self) -> bool:
        return True

    def put(self, line: str) -> None:
        self._post(line.encode() + b"\n", self.datagram_received)

    def datagram_received(self, data: bytes) -> None:
        self.heard(None, data.decode().removesuffix("\r\n"))
