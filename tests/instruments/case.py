"""What tests of instruments share: a small description, and a wire that a test holds."""

from __future__ import annotations

from collections.abc import Mapping

from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase
from zope.interface import implementer

from pychron_comms.config.table import Table
from pychron_comms.errors import NotOwnerError
from pychron_comms.instruments.bound_item import BoundItem
from pychron_comms.instruments.bus import Bus
from pychron_comms.instruments.description import Description
from pychron_comms.instruments.fields import Value
from pychron_comms.instruments.instrument import Instrument
from pychron_comms.instruments.loader import read_description
from pychron_comms.instruments.simulated import SimulatedConnection, SimulatedInstrument
from pychron_comms.interfaces import IFence

SWITCH = """
title = "A switch"
source = "this test"

[wire]
link = "tcp://127.0.0.1:5025"
line = "<LF>"
first_byte = 1.0
between_bytes = 0.1
late = 3.0

[item.valve]
kind = "valve"
parameter.channel = { minimum = 1, maximum = 8 }

[item.valve.do.open]
send = "OPEN {channel:d}"
take = "OK"
verify = { seconds = 1.0 }

[item.valve.do.close]
send = "CLOSE {channel:d}"
take = "OK"
verify = { seconds = 1.0 }

[item.valve.read.state]
send = "STATE? {channel:d}"
take = "{value}"
words = { "0" = "closed", "1" = "open", "?" = "fault" }
every = 1.0
"""


def described(text: str = SWITCH) -> Description:
    return read_description(Table.parse(text, "switch.toml"), "switch")


class Wire:
    """A connection that keeps what is written; a test plays the instrument."""

    def __init__(self, bus: Bus) -> None:
        self.bus = bus
        self.sent: list[bytes] = []
        self.resets = 0

    def write(self, data: bytes) -> None:
        self.sent.append(data)

    def reset(self) -> None:
        self.resets += 1

    def taken(self) -> list[bytes]:
        """What was written since this was last asked."""
        sent, self.sent = self.sent, []
        return sent


class SimulatedWire:
    """A connection to a simulated instrument that answers at once, or not at all."""

    def __init__(self, bus: Bus, instrument: SimulatedInstrument, clock: Clock) -> None:
        self.bus = bus
        self.silent = False
        self.sent: list[bytes] = []
        self._clock = clock
        self._connection = SimulatedConnection(instrument)

    def write(self, data: bytes) -> None:
        self.sent.append(data)
        for answer in self._connection.received(data):
            if not self.silent:
                self._clock.callLater(0, self.bus.received, answer)

    def reset(self) -> None:
        self._connection.silence()


@implementer(IFence)
class InstrumentCase(SynchronousTestCase):
    """``item`` is a valve of a simulated switch, on a wire that a test can silence."""

    text = SWITCH
    item_name = "valve"
    parameters: Mapping[str, Value] = {"channel": 3}

    def setUp(self) -> None:
        self.clock = Clock()
        self.description = described(self.text)
        self.simulated = SimulatedInstrument(self.description)
        self.bus = Bus(self.description.wire, self.clock)
        self.instrument = Instrument("switch", self.description, {}, self.bus, self.clock)
        self.wire = SimulatedWire(self.bus, self.simulated, self.clock)
        self.bus.connected(self.wire)
        item = self.description.items[self.item_name]
        #: Why it may not act; empty where it may.
        self.fenced = ""
        self.item = BoundItem(self.instrument, item, self.parameters, self)

    epoch = "one"

    def check(self, safe: bool) -> None:
        """As the fence of its process."""
        if self.fenced:
            raise NotOwnerError(self.fenced)

    def pump(self, seconds: float = 0.5) -> None:
        for _ in range(max(1, round(seconds / 0.05))):
            self.clock.advance(0.05)

    def put(self, name: str, value: Value) -> None:
        self.simulated.put(self.item.item, self.parameters, name, value)

    def now(self, name: str) -> Value:
        return self.simulated.get(self.item.item, self.parameters, self.item.item.readings[name])
