"""Leases on parts of a line and a laser, with a journal that outlives them."""

from __future__ import annotations

from typing import Any

from twisted.internet.defer import Deferred, succeed
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase
from zope.interface import directlyProvides

from pychron_comms.errors import LeasedError
from pychron_comms.interfaces import ILaserManager, Part
from pychron_comms.journal.memory import MemoryJournal
from pychron_comms.observability.metrics import Counter
from pychron_comms.processor.execution.audit import Audit
from pychron_comms.safeguards.leases import Leases
from pychron_comms.safeguards.unsafe_parts import UnsafeParts
from tests.doubles import ScriptedCall

ME, OTHER = "10.0.0.1", "10.0.0.2"


class Manager:
    """Some hardware."""


def laser() -> Manager:
    manager = Manager()
    directlyProvides(manager, ILaserManager)
    return manager


class LeaseCase(SynchronousTestCase):
    def setUp(self) -> None:
        self.clock = Clock()
        self.clock.advance(1_000_000)
        self.journal = MemoryJournal(self.clock.seconds)
        self.line, self.laser = Manager(), laser()
        self.all_line = Part("System", self.line, "")
        self.valve = Part("System:A", self.line, "A")
        self.all_laser = Part("CO2", self.laser, "")
        self.stage = Part("CO2:stage", self.laser, "stage")
        self.x = Part("CO2:x", self.laser, "stage/x")
        self.made_safe: list[tuple[str, str]] = []
        self.safe: Deferred[object] = succeed(None)
        self.lapses = Counter()
        self.leases = self.new_leases()

    def new_leases(self) -> Leases:
        return self.leases_over(Audit(self.journal))

    def leases_over(self, audit: Audit) -> Leases:
        now = self.clock.seconds
        self.unsafe = UnsafeParts(self.clock, now, audit, self.make_safe)
        return Leases(self.clock, now, audit, self.unsafe, self.lapses)

    def make_safe(self, part: Part, why: str) -> Deferred[object]:
        self.made_safe.append((part.name, why))
        return self.safe

    def refused(self, manager: object, target: str, sender: str = OTHER, **options: Any) -> bool:
        call = ScriptedCall("Move", manager=manager, target=target, sender=sender, **options)
        try:
            self.leases.check(call)
        except LeasedError:
            return True
        return False

    def held(self) -> list[tuple[str, str]]:
        return [(lease.part.name, lease.owner) for lease in self.leases.leases()]

    def events(self) -> list[str]:
        return [record["event"] for record in self.journal.records()]
