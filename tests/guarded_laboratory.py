"""A whole gate over simulated hardware, for tests of what it keeps safe."""

from __future__ import annotations

from importlib.resources import files
from types import SimpleNamespace
from typing import Any

from twisted.internet.defer import Deferred, maybeDeferred
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase
from zope.interface import implementer

from pychron_comms.config.table import Table
from pychron_comms.errors import error_line
from pychron_comms.interfaces import IDevice, IReactorManager
from pychron_comms.journal.memory import MemoryJournal
from pychron_comms.observability.metrics import Metrics
from pychron_comms.processor import assembly
from pychron_comms.processor.assembly import gate_from_config
from pychron_comms.processor.hardware_manager import RemoteHardwareManager
from pychron_comms.processor.settings import laboratory_from
from pychron_comms.wire.context import PLAIN, RequestContext

ME, OTHER = "10.0.0.1", "10.0.0.2"

#: The built-in laboratory, and a device that answers when the test says so.
DEFAULT = (files("pychron_comms.lab") / "default.toml").read_text("utf-8")
SLOW = '\n[manager.slow]\nclass = "tests.guarded_laboratory:Slow"\n'


#: What is asked of a device is what the test asks.
UNWATCHED = "\n[state]\nperiod = 0\n"

#: Conditions of rules.
BAKEOUT = "Hardware|Read bakeout_setpoint"
A_CLOSED = "System|GetIndicatorState A is False"


def rule(command: str, *only_if: str, reason: str = "") -> str:
    """An ``[[interlock]]`` of a configuration."""
    conditions = ", ".join(f"'{each}'" for each in only_if)
    because = f'reason = "{reason}"\n' if reason else ""
    return f"\n[[interlock]]\ncommand = '{command}'\nonly_if = [{conditions}]\n{because}"


@implementer(IDevice, IReactorManager)
class Slow:
    """Each reading is a Deferred for the test to fire."""

    name = "slow"

    def __init__(self) -> None:
        self.readings: list[Deferred[object]] = []
        self.values: list[str] = []

    def get(self) -> Deferred[object]:
        self.readings.append(Deferred())
        return self.readings[-1]

    def set(self, value: str, sender: str) -> None:
        self.values.append(value)


class LaboratoryCase(SynchronousTestCase):
    """The time of day is the clock's, and the journal outlives the gate."""

    def setUp(self) -> None:
        self.clock = Clock()
        self.clock.advance(1_000_000)
        self.journal = MemoryJournal(self.clock.seconds)
        self.patch(assembly, "NoJournal", lambda: self.journal)
        self.patch(assembly, "time", SimpleNamespace(time=self.clock.seconds))

    def start(self, extra: str = "") -> None:
        """Begin with the built-in laboratory, and what else its file says."""
        table = Table.parse(DEFAULT + SLOW + UNWATCHED + extra, "lab.toml")
        self.metrics = Metrics()
        self.gate: RemoteHardwareManager = gate_from_config(
            *laboratory_from(table), self.clock, self.metrics
        )
        self.gate.startService()
        self.slow: Slow = self.gate._hardware.device("slow")

    def ask(self, line: str, sender: str = ME, context: RequestContext = PLAIN) -> Deferred[str]:
        """The reply to ``Type|command``, as the line that a client reads."""
        request_type, _, command = line.partition("|")
        gate: Any = self.gate
        reply = maybeDeferred(gate.process_server_request, request_type, command, sender, context)
        return reply.addErrback(lambda failure: error_line(failure.value, command))

    def reply(self, line: str, sender: str = ME, context: RequestContext = PLAIN) -> str:
        """Of a command that has ended half a second later."""
        answer = self.ask(line, sender, context)
        self.clock.pump([0.1] * 5)
        return self.successResultOf(answer)

    def events(self, *fields: str) -> list[list[Any]]:
        """What was written down, in these fields."""
        return [[record.get(field) for field in fields] for record in self.journal.records()]
