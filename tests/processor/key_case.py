"""A gate over scripted calls, whose commands have keys."""

from __future__ import annotations

from typing import Any

from twisted.internet.defer import Deferred
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase
from zope.interface import implementer

from pychron_comms.errors import NotPermittedError
from pychron_comms.interfaces import IAccessRule
from pychron_comms.journal.memory import MemoryJournal
from pychron_comms.processor.hardware_manager import RemoteHardwareManager
from pychron_comms.wire.context import RequestContext
from tests.doubles import IdleHardware, ScriptedCall, ScriptedHandler, gate_around

ME, OTHER = "10.0.0.1", "10.0.0.2"


@implementer(IAccessRule)
class Mood:
    """Refuses everything for as long as it is bad."""

    bad = False

    def check(self, call: Any) -> None:
        if self.bad:
            raise NotPermittedError("not now")


class KeyCase(SynchronousTestCase):
    def setUp(self) -> None:
        self.clock = Clock()
        self.journal = MemoryJournal(self.clock.seconds)
        self.mood = Mood()
        self.opening = ScriptedCall("Open", Deferred())
        self.other = ScriptedCall("Other", "done")
        self.busy = ScriptedCall("Busy", Deferred())
        self.gate = self.new_gate()

    def new_gate(self) -> RemoteHardwareManager:
        calls = ScriptedHandler(self.opening, self.other, self.busy)
        return gate_around(
            {"System": calls, "Extra": calls},
            IdleHardware(),
            self.clock,
            rules=[self.mood],
            journal=self.journal,
        )

    def ask(
        self,
        command: str = "Open",
        key: str = "k",
        sender: str = ME,
        within: float | None = None,
        request_type: str = "System",
    ) -> Any:
        context = RequestContext(within, key)
        return self.gate.process_server_request(request_type, command, sender, context)

    def outcome(self, key: str = "k", sender: str = ME) -> str:
        return self.gate._memory.outcome(sender, key)

    def events(self) -> list[dict[str, Any]]:
        """What was written down, without what the journal adds itself."""
        own = {"at", "hash"}
        return [
            {name: value for name, value in record.items() if name not in own}
            for record in self.journal.records()
        ]
