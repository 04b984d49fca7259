"""A handler over a small extraction line."""

from __future__ import annotations

from twisted.internet.defer import Deferred
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase
from zope.interface import implementer

from pychron_comms import errors
from pychron_comms.config.table import Table
from pychron_comms.handlers.command import Call
from pychron_comms.handlers.extraction_line.handler import (
    ExtractionlineHandlerFactory,
)
from pychron_comms.interfaces import (
    ISystemLock,
)
from pychron_comms.lab.hardware import hardware_from_config

ME = "10.0.0.1"

OTHER = "10.0.0.2"

STRANGER = "10.0.0.99"

LABORATORY = """
[[extraction_line.volume]]
name = "bone"
litres = 1.0
pressure = 1.5e-9
outgassing = 0
[[extraction_line.valve]]
name = "A"
[[extraction_line.valve]]
name = "B"
owner = "10.0.0.7"
[[extraction_line.valve]]
name = "C"
locked = true
[[extraction_line.valve]]
name = "D"
interlocks = ["AB"]
[[extraction_line.valve]]
name = "AB"
open = true
[[extraction_line.pipette]]
name = "P1"
valve = "A"
[extraction_line.groups]
mine = ["A", "D"]
theirs = ["B"]

[[device]]
name = "gc"
kind = "gauges"
gauges = { IG = "bone" }
noise = 0.0
[[device]]
name = "FooFlag"
kind = "flag"
[[device]]
name = "TFlag"
kind = "timed_flag"
[[device]]
name = "NumberFlag"
kind = "number"
value = 3.0
[[device]]
name = "dev"
kind = "number"
value = 1.5
[[device]]
name = "ch"
kind = "chiller"
setpoint = 15.0
faults = ["Too Hot", "Tank Low"]
[[device]]
name = "pneu_tcp"
kind = "pneumatics"
pressure = 80.0

[[script]]
name = "evacuate"
duration = 5.0
"""

COMMANDS = """
Open Close GetValveState GetIndicatorState GetChannelState GetValveStates GetValveLockStates
GetStateWord GetLockWord GetValveLockState GetValveOwners GetStateChecksum GetPipetteCount
GetPipetteCounts GetData GetPressure GetFaults GetCoolantOutTemperature GetPneumaticsPressure
GetManualState PychronScript ScriptState ClaimGroup ReleaseGroup StartRun CompleteRun StartMultRuns
CompleteMultRuns SystemLock Read Set Ping GetError PychronReady
"""


@implementer(ISystemLock)
class FakeLock:
    """As the real one, for two registered computers."""

    def __init__(self) -> None:
        self.holder = ""
        # What asks for the laboratory's safeguards asks for their lock alone.
        self.system_lock = self

    def lock(self, sender: str) -> None:
        self._check(sender)
        self.holder = sender

    def unlock(self, sender: str) -> None:
        self._check(sender)
        self.holder = ""

    def _check(self, sender: str) -> None:
        if sender not in {ME, OTHER}:
            raise errors.InvalidIPAddressError(sender)
        if self.holder not in {"", sender}:
            raise errors.SystemLockError("lab", self.holder, sender)


class HandlerTestCase(SynchronousTestCase):
    def setUp(self) -> None:
        self.clock = Clock()
        self.clock.advance(1000.5)
        self.lock = FakeLock()
        table = Table.parse(LABORATORY, "lab.toml")
        self.hardware = hardware_from_config(table, self.clock, self.lock, self.clock.seconds)
        self.line = self.hardware.manager("extraction_line")
        self.handler = ExtractionlineHandlerFactory().build(self.hardware)

    def ask(self, data: str, sender: str = ME) -> str:
        """The reply's text, after the valves have had the time to move."""
        try:
            reply = self.handler.handle(self.handler.prepare(data, sender))
        except errors.CommandError as error:
            return errors.error_line(error)
        if isinstance(reply, Deferred):
            reply.addErrback(lambda failure: errors.error_line(failure.value))
            self.clock.advance(0.15)
            reply = self.successResultOf(reply)
        return str(reply)

    def call(self, data: str) -> Call:
        return self.handler.prepare(data, ME)

    def answers(self, *rows: tuple[str, str]) -> None:
        for data, reply in rows:
            self.assertEqual(self.ask(data), reply, msg=data)
