"""A gate over scripted valves, asked by plain commands that tell their connection."""

from __future__ import annotations

from typing import Any

from twisted.internet.defer import Deferred, maybeDeferred
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from pychron_comms.interfaces import Effect
from pychron_comms.journal.memory import MemoryJournal
from pychron_comms.processor.hardware_manager import RemoteHardwareManager
from pychron_comms.wire.context import RequestContext
from tests.doubles import IdleHardware, ScriptedCall, ScriptedHandler, gate_around

ME, OTHER = "10.0.0.1", "10.0.0.2"


class Valves(ScriptedHandler):
    """Notes what runs; a call whose name is in ``slow`` gives a Deferred."""

    deadline = 5.0

    def __init__(self) -> None:
        super().__init__()
        self.ran: list[str] = []
        self.slow: dict[str, Deferred[str]] = {}

    def prepare(self, data: str, sender: str) -> ScriptedCall:
        word, _, target = data.partition(" ")
        return ScriptedCall(
            data,
            self.slow.get(data, "OK"),
            effect=Effect.READ if word.startswith("Get") else Effect.ACTUATE,
            safe=word == "Close",
            manager=self,
            target=target,
            sender=sender,
            deadline=self.deadline,
        )

    def handle(self, call: ScriptedCall) -> str | Deferred[str]:
        self.ran.append(call.name)
        return super().handle(call)


class CopyCase(SynchronousTestCase):
    def setUp(self) -> None:
        self.clock = Clock()
        self.clock.advance(1000)
        self.journal = MemoryJournal(self.clock.seconds)
        self.valves = Valves()
        self.gate = self.new_gate()

    def new_gate(self) -> RemoteHardwareManager:
        return gate_around(
            {"System": self.valves}, IdleHardware(), self.clock, journal=self.journal
        )

    def ask(
        self,
        ask: str,
        data: str = "Open A",
        sender: str = ME,
        *,
        silent: float = 0.0,
        **context: Any,
    ) -> Deferred[str]:
        """By a connection, whose number of this command follows a point."""
        return maybeDeferred(
            self.gate.process_server_request,
            "System",
            data,
            sender,
            RequestContext(ask=ask, silent=silent, **context),
        )

    def reply(self, ask: str, data: str = "Open A", sender: str = ME, **context: Any) -> str:
        return self.successResultOf(self.ask(ask, data, sender, **context))

    @property
    def ran(self) -> list[str]:
        """What the hardware was told, in order."""
        return self.valves.ran
