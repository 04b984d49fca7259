"""The gate: types, access rules, a queue for each manager, and the end."""

from __future__ import annotations

from typing import Any

from twisted.internet.defer import CancelledError, Deferred
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase
from zope.interface import implementer
from zope.interface.verify import verifyObject

from pychron_comms.errors import (
    ManagerUnavailableError,
    NotPermittedError,
    SecurityError,
    ShuttingDownError,
    UnknownRequestTypeError,
)
from pychron_comms.interfaces import IAccessRule, IHardwareGate, IRequestHandler
from pychron_comms.processor.hardware_manager import MissingHandler, RemoteHardwareManager
from pychron_comms.processor.queues import ManagerQueue
from pychron_comms.processor.runners import ReactorRunner
from tests.doubles import IdleHardware, ScriptedCall, ScriptedHandler


@implementer(IAccessRule)
class Doorkeeper:
    """Keeps out ``10.9.9.9``, and everybody from ``Enable``."""

    def admit(self, sender: str) -> None:
        if sender == "10.9.9.9":
            raise SecurityError(sender)

    def check(self, request_type: str, call: Any) -> None:
        if call.name == "Enable":
            raise NotPermittedError("observers may not enable")


class GateCase(SynchronousTestCase):
    def setUp(self) -> None:
        self.clock = Clock()
        self.hardware = IdleHardware()

    def gate(self, *calls: ScriptedCall, **handlers: Any) -> RemoteHardwareManager:
        return RemoteHardwareManager(
            {"System": ScriptedHandler(*calls), **handlers},
            [Doorkeeper()],
            self.hardware,
            lambda manager: ManagerQueue(ReactorRunner(), self.clock),
            self.clock,
        )

    def ask(self, gate: RemoteHardwareManager, command: str, sender: str = "10.0.0.1") -> Any:
        return gate.process_server_request("System", command, sender)


class RequestTests(GateCase):
    def test_provides_the_gates_interface(self) -> None:
        verifyObject(IHardwareGate, self.gate())
        verifyObject(IRequestHandler, MissingHandler(ManagerUnavailableError("x")))

    def test_a_command_is_run_for_its_sender(self) -> None:
        call = ScriptedCall("Open", "OK")
        self.assertEqual(self.ask(self.gate(call), "Open", "10.0.0.5"), "OK")
        self.assertEqual(call.sender, "10.0.0.5")

    def test_an_unknown_type_gets_211(self) -> None:
        with self.assertRaises(UnknownRequestTypeError):
            self.gate().process_server_request("Nope", "Open A", "10.0.0.1")

    def test_a_type_without_its_manager_gets_007(self) -> None:
        missing = MissingHandler(ManagerUnavailableError("co2"))
        gate = self.gate(CO2=missing)
        with self.assertRaises(ManagerUnavailableError):
            gate.process_server_request("CO2", "Enable", "10.0.0.1")
        with self.assertRaises(ManagerUnavailableError):
            missing.handle(None)

    def test_a_slow_manager_does_not_delay_another(self) -> None:
        slow = ScriptedCall("Move", Deferred(), manager="laser")
        quick = ScriptedCall("Open", "OK", manager="valves")
        gate = self.gate(slow, quick)
        self.assertNoResult(self.ask(gate, "Move"))
        self.assertEqual(self.ask(gate, "Open"), "OK")

    def test_commands_for_one_manager_wait_for_each_other(self) -> None:
        manager = object()
        slow = ScriptedCall("Move", Deferred(), manager=manager)
        next_ = ScriptedCall("Open", "OK", manager=manager)
        gate = self.gate(slow, next_)
        self.ask(gate, "Move")
        self.assertNoResult(self.ask(gate, "Open"))
        self.assertEqual(next_.runs, 0)

    def test_a_command_that_touches_no_hardware_waits_for_none(self) -> None:
        self.assertEqual(
            self.ask(self.gate(ScriptedCall("Help", "...", manager=None)), "Help"), "..."
        )


class AccessTests(GateCase):
    def test_a_sender_that_is_not_admitted_learns_nothing(self) -> None:
        gate = self.gate()
        for request_type, command in (("System", "Open"), ("Nope", "Open")):
            with self.assertRaises(SecurityError):
                gate.process_server_request(request_type, command, "10.9.9.9")

    def test_a_command_that_is_not_permitted_is_not_run(self) -> None:
        call = ScriptedCall("Enable", "OK")
        with self.assertRaises(NotPermittedError):
            self.ask(self.gate(call), "Enable")
        self.assertEqual(call.runs, 0)


class StopTests(GateCase):
    def test_hardware_starts_with_the_gate_and_is_safe_when_it_stops(self) -> None:
        gate = self.gate()
        gate.startService()
        self.assertEqual((self.hardware.started, self.hardware.made_safe), (1, []))
        self.successResultOf(gate.stopService())
        self.assertEqual(self.hardware.made_safe, ["valves"])
        self.assertEqual(self.clock.getDelayedCalls(), [])

    def test_hardware_is_made_safe_after_what_runs_has_ended(self) -> None:
        slow = ScriptedCall("Move", Deferred())
        gate = self.gate(slow)
        reply = self.ask(gate, "Move")
        stopped = gate.stopService()
        self.assertEqual(self.hardware.made_safe, [])
        with self.assertRaises(ShuttingDownError):
            self.ask(gate, "Move")
        slow.result.callback("there")
        self.assertEqual(self.successResultOf(reply), "there")
        self.successResultOf(stopped)
        self.assertEqual(self.hardware.made_safe, ["valves"])

    def test_what_never_ends_is_not_waited_for(self) -> None:
        gate = self.gate(ScriptedCall("Move", Deferred(), deadline=60.0))
        self.ask(gate, "Move")
        stopped = gate.stopService()
        self.clock.advance(5)
        self.successResultOf(stopped)
        self.assertEqual(self.hardware.made_safe, ["valves"])

    def test_what_cannot_be_made_safe_does_not_keep_the_rest_from_it(self) -> None:
        def broken() -> None:
            raise ZeroDivisionError

        self.hardware.actions.insert(0, ("laser", broken))
        self.successResultOf(self.gate().stopService())
        self.assertEqual(self.hardware.made_safe, ["valves"])
        self.assertEqual(len(self.flushLoggedErrors(ZeroDivisionError)), 1)

    def test_a_manager_that_does_not_become_safe_is_not_waited_for(self) -> None:
        self.hardware.actions = [("laser", Deferred)]
        stopped = self.gate().stopService()
        self.assertNoResult(stopped)
        self.clock.advance(5)
        self.successResultOf(stopped)
        self.assertEqual(len(self.flushLoggedErrors(CancelledError)), 1)
