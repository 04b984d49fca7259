"""The gate: types, access rules, a queue for each manager, and the end."""

from __future__ import annotations

import gc
from typing import Any

from twisted.internet.defer import CancelledError, Deferred
from twisted.internet.task import Clock
from twisted.logger import capturedLogs, formatEvent
from twisted.trial.unittest import SynchronousTestCase
from zope.interface import directlyProvides, implementer
from zope.interface.verify import verifyObject

from pychron_comms.errors import (
    ExpiredError,
    LeasedError,
    ManagerUnavailableError,
    NotOwnerError,
    NotPermittedError,
    OutcomeUnknownError,
    OvertakenError,
    SecurityError,
    ShuttingDownError,
    UnknownRequestTypeError,
)
from pychron_comms.interfaces import (
    Effect,
    IAccessRule,
    IAdmissionRule,
    IHardwareGate,
    ILaserManager,
    IRequestHandler,
    Part,
)
from pychron_comms.processor.ending import GRACE
from pychron_comms.processor.hardware_manager import MissingHandler, RemoteHardwareManager
from pychron_comms.wire.context import RequestContext
from tests.doubles import IdleHardware, ScriptedCall, ScriptedHandler, gate_around


@implementer(IAccessRule, IAdmissionRule)
class Doorkeeper:
    """Keeps out ``10.9.9.9``, and everybody from ``Enable``."""

    def admit(self, sender: str) -> None:
        if sender == "10.9.9.9":
            raise SecurityError(sender)

    def check(self, call: Any) -> None:
        if call.name == "Enable":
            raise NotPermittedError("observers may not enable")


class GateCase(SynchronousTestCase):
    def setUp(self) -> None:
        self.clock = Clock()
        self.hardware = IdleHardware()

    def gate(self, *calls: ScriptedCall, **handlers: Any) -> RemoteHardwareManager:
        return gate_around(
            {"System": ScriptedHandler(*calls), **handlers},
            self.hardware,
            self.clock,
            admissions=[Doorkeeper()],
            rules=[Doorkeeper()],
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

    def test_an_unknown_type_gets_211_with_the_nearest_or_all(self) -> None:
        gate = self.gate(CO2=MissingHandler(ManagerUnavailableError("co2")))
        for said, hint in (("Nope", " (there are: CO2, "), ("co", "; did you mean CO2?")):
            with self.assertRaises(UnknownRequestTypeError) as caught:
                gate.process_server_request(said, "Open A", "10.0.0.1")
            self.assertIn(f"no request type {said}{hint}", str(caught.exception))

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


class AgeTests(GateCase):
    """What was long on its way has as much less time."""

    def ask_aged(self, age: float, within: float | None = None) -> Any:
        call = ScriptedCall("Open", "OK", deadline=5.0)
        context = RequestContext(within=within, age=age)
        return self.gate(call).process_server_request("System", "Open", "10.0.0.1", context)

    def test_a_command_whose_time_passed_on_its_way_is_not_begun(self) -> None:
        self.assertRaises(ExpiredError, self.ask_aged, 5.0)
        self.assertRaises(ExpiredError, self.ask_aged, 0.3, within=0.3)

    def test_one_that_still_has_time_is(self) -> None:
        self.assertEqual(self.ask_aged(4.9), "OK")
        self.assertEqual(self.ask_aged(0.2, within=0.3), "OK")


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


class GoneTests(GateCase):
    """Nobody waits any more for a response."""

    def setUp(self) -> None:
        super().setUp()
        self.busy = ScriptedCall("Busy", Deferred())
        self.opening = ScriptedCall("Open", Deferred())
        self.running = self.gate(self.busy, self.opening, ScriptedCall("Read", effect=Effect.READ))
        self.ask(self.running, "Busy")

    def ask_keyed(self) -> Any:
        context = RequestContext(key="k")
        return self.running.process_server_request("System", "Open", "10.0.0.1", context)

    def begun(self) -> bool:
        """Whether it is begun as soon as it can be."""
        self.busy.result.callback("")
        return self.opening.runs > 0

    def test_what_waits_is_not_begun(self) -> None:
        reply = self.ask(self.running, "Open")
        self.running.asker_gone(reply)
        self.failureResultOf(reply, ExpiredError)
        self.assertFalse(self.begun())

    def test_neither_is_a_read(self) -> None:
        reply = self.ask(self.running, "Read")
        self.running.asker_gone(reply)
        self.failureResultOf(reply, ExpiredError)

    def test_neither_is_one_with_a_key_and_the_key_remembers_that(self) -> None:
        reply = self.ask_keyed()
        self.running.asker_gone(reply)
        self.failureResultOf(reply, ExpiredError)
        self.assertFalse(self.begun())
        self.assertRaises(ExpiredError, self.ask_keyed)

    def test_one_for_which_another_waits_by_its_key_is_begun(self) -> None:
        first, second = self.ask_keyed(), self.ask_keyed()
        self.running.asker_gone(first)
        self.assertNoResult(second)
        self.assertTrue(self.begun())
        self.opening.result.callback("OK")
        self.assertEqual(self.successResultOf(second), "OK")

    def test_the_first_may_be_the_one_that_stays(self) -> None:
        first, second = self.ask_keyed(), self.ask_keyed()
        self.running.asker_gone(second)
        self.failureResultOf(second, OutcomeUnknownError)
        self.assertTrue(self.begun())
        self.opening.result.callback("OK")
        self.assertEqual(self.successResultOf(first), "OK")

    def test_it_is_dropped_when_both_have_gone_in_either_order(self) -> None:
        for order in (0, 1), (1, 0):
            self.setUp()
            replies = self.ask_keyed(), self.ask_keyed()
            for number in order:
                self.running.asker_gone(replies[number])
            for reply in replies:
                self.failureResultOf(reply)
            self.assertFalse(self.begun())

    def test_what_runs_goes_on_and_its_key_keeps_the_reply(self) -> None:
        reply = self.ask_keyed()
        self.assertTrue(self.begun())
        self.running.asker_gone(reply)
        self.opening.result.callback("OK")
        self.assertEqual(self.successResultOf(reply), "OK")
        self.assertEqual(self.ask_keyed(), "OK")
        self.assertEqual(self.opening.runs, 1)

    def test_a_response_that_is_not_known_is_nothing(self) -> None:
        self.ask(self.running, "Open")
        self.running.asker_gone(Deferred())
        self.assertTrue(self.begun())


class ChangedMeanwhileTests(GateCase):
    def test_what_waited_is_checked_again_before_it_is_begun(self) -> None:
        busy = ScriptedCall("Busy", Deferred())
        call = ScriptedCall("Open", "OK")
        gate = self.gate(busy, call)
        self.ask(gate, "Busy")
        reply = self.ask(gate, "Open")
        gate._leases.claim(Part("System", "manager", ""), "10.0.0.2", 60)
        busy.result.callback("")
        self.failureResultOf(reply, LeasedError)
        self.assertEqual(call.runs, 0)
        gate._leases.stop()

    def test_a_bug_that_ends_at_once_is_an_end(self) -> None:
        call = ScriptedCall("Open", ZeroDivisionError())
        gate = self.gate(call)
        for _ in range(2):
            self.assertRaises(ZeroDivisionError, self.ask, gate, "Open")
        self.assertEqual(call.runs, 2)


class MakingSafeTests(GateCase):
    """All of it, while the gate goes on."""

    def occupied(self) -> tuple[RemoteHardwareManager, ScriptedCall, Any]:
        """A gate whose valves move, and the reply to what waits for them."""
        slow = ScriptedCall("Move", Deferred(), manager="valves", target="A")
        waiting = ScriptedCall("Open", "OK", manager="valves", target="B")
        gate = self.gate(slow, waiting, ScriptedCall("Read", "1", effect=Effect.READ))
        self.ask(gate, "Move")
        return gate, slow, self.ask(gate, "Open")

    def test_nothing_that_waited_acts_after_it_on_whatever_part(self) -> None:
        gate, slow, waiting = self.occupied()
        gate.make_all_safe("the takeover")
        failure = self.failureResultOf(waiting, OvertakenError)
        self.assertIn("the takeover", str(failure.value))
        slow.result.callback("there")
        self.assertEqual(self.hardware.made_safe, ["valves", "valves"])

    def test_what_waits_when_the_hardware_is_lost_is_told_so_and_the_rest_made_safe(self) -> None:
        gate, slow, waiting = self.occupied()
        gate.give_up(NotOwnerError("no word from the server"))
        failure = self.failureResultOf(waiting, NotOwnerError)
        self.assertIn("no word from the server", str(failure.value))
        self.assertEqual(self.hardware.made_safe, ["valves"])
        slow.result.callback("there")
        self.assertEqual(self.ask(gate, "Open"), "OK")

    def test_what_a_command_does_is_told_before_it_is_asked(self) -> None:
        gate, _, _ = self.occupied()
        self.assertTrue(gate.only_reads("System", "Read"))
        safe = self.gate(ScriptedCall("Close", "OK", safe=True))
        self.assertTrue(safe.makes_safe("System", "Close"))
        self.assertFalse(safe.only_reads("System", "Close"))
        for request_type, command in (("System", "Open"), ("No", "Read")):
            self.assertFalse(gate.only_reads(request_type, command), command)
            self.assertFalse(gate.makes_safe(request_type, command), command)


class StopTests(GateCase):
    def test_hardware_starts_with_the_gate_and_is_safe_when_it_stops(self) -> None:
        gate = self.gate()
        gate.startService()
        self.assertEqual((self.hardware.started, self.hardware.made_safe), (1, []))
        self.successResultOf(gate.stopService())
        self.assertEqual(self.hardware.made_safe, ["valves"])
        self.assertEqual(self.clock.getDelayedCalls(), [])

    def test_hardware_is_made_safe_at_once_and_again_after_what_ran(self) -> None:
        slow = ScriptedCall("Move", Deferred(), manager="valves")
        gate = self.gate(slow)
        reply = self.ask(gate, "Move")
        stopped = gate.stopService()
        self.assertEqual(self.hardware.made_safe, ["valves"])
        with self.assertRaises(ShuttingDownError):
            self.ask(gate, "Move")
        slow.result.callback("there")
        self.assertEqual(self.successResultOf(reply), "there")
        self.successResultOf(stopped)
        self.assertEqual(self.hardware.made_safe, ["valves", "valves"])

    def test_once_where_nothing_of_it_ran(self) -> None:
        gate = self.gate(ScriptedCall("Move", Deferred(), manager="laser"))
        reply = self.ask(gate, "Move")
        gate.stopService()
        self.clock.advance(GRACE)
        self.failureResultOf(reply, OutcomeUnknownError)
        self.assertEqual(self.hardware.made_safe, ["valves"])

    def test_lasers_come_first(self) -> None:
        class Laser:
            """Stands for one."""

        laser = Laser()
        directlyProvides(laser, ILaserManager)
        self.hardware.actions.append((laser, lambda: self.hardware.made_safe.append("laser")))
        self.successResultOf(self.gate().stopService())
        self.assertEqual(self.hardware.made_safe, ["laser", "valves"])

    def test_a_laser_is_put_out_before_what_waits_for_other_managers_is_refused(self) -> None:
        class Laser:
            """Stands for one."""

        laser = Laser()
        directlyProvides(laser, ILaserManager)
        seen = self.hardware.made_safe
        self.hardware.actions.append((laser, lambda: seen.append("laser")))
        running = ScriptedCall("Move", Deferred(), manager="valves")
        waiting = ScriptedCall("Open", manager="valves")
        gate = self.gate(running, waiting)
        self.ask(gate, "Move")
        self.ask(gate, "Open").addErrback(lambda failure: seen.append(failure.type.__name__))
        gate.stopService()
        self.assertEqual(seen, ["laser", "ShuttingDownError", "valves"])

    def test_what_makes_safe_is_run_until_nobody_can_ask(self) -> None:
        slow = ScriptedCall("Move", Deferred(), manager="valves")
        close = ScriptedCall("Close", "OK", manager="laser", safe=True)
        gate = self.gate(slow, close, ScriptedCall("Help", "...", manager=None))
        self.ask(gate, "Move")
        stopped = gate.stopService()
        self.assertEqual(self.ask(gate, "Close"), "OK")
        self.assertRaises(ShuttingDownError, self.ask, gate, "Help")
        slow.result.callback("")
        self.successResultOf(stopped)
        self.assertEqual(self.ask(gate, "Close"), "OK")
        gate.close()
        error = self.assertRaises(ShuttingDownError, self.ask, gate, "Close")
        self.assertEqual(str(error), "shutting down: Close")

    def test_a_key_that_ran_is_answered_to_the_end(self) -> None:
        gate = self.gate(ScriptedCall("Open", "OK", manager="valves"))
        key = RequestContext(key="k")
        self.assertEqual(gate.process_server_request("System", "Open", "10.0.0.1", key), "OK")
        self.successResultOf(gate.stopService())
        self.assertEqual(gate.process_server_request("System", "Open", "10.0.0.1", key), "OK")
        another = RequestContext(key="another")
        with self.assertRaises(ShuttingDownError):
            gate.process_server_request("System", "Open", "10.0.0.1", another)

    def test_what_never_ends_is_not_waited_for(self) -> None:
        gate = self.gate(ScriptedCall("Move", Deferred(), deadline=60.0, manager="valves"))
        reply = self.ask(gate, "Move")
        with capturedLogs() as logs:
            stopped = gate.stopService()
            self.clock.advance(GRACE)
        error = self.failureResultOf(reply, OutcomeUnknownError).value
        self.assertEqual(str(error), "outcome unknown: Move ran at the stop")
        self.successResultOf(stopped)
        self.assertEqual(self.hardware.made_safe, ["valves", "valves"])
        told = [formatEvent(each) for each in logs]
        self.assertEqual(
            told,
            [
                "commands still run after 4.0 s; stopping all the same",
                "made safe again: Move was given up",
                "str is not known to be safe: outcome unknown: made safe, and Move still runs",
            ],
        )

    def test_what_cannot_be_made_safe_does_not_keep_the_rest_from_it(self) -> None:
        def broken() -> None:
            raise ZeroDivisionError

        self.hardware.actions.insert(0, ("laser", broken))
        with capturedLogs() as logs:
            self.successResultOf(self.gate().stopService())
        self.assertEqual(
            [str(formatEvent(each)).partition("\n")[0] for each in logs],
            ["str could not be made safe: the stop", "str is safe: the stop"],
        )
        self.assertEqual(self.hardware.made_safe, ["valves"])
        self.assertEqual(len(self.flushLoggedErrors(ZeroDivisionError)), 1)

    def test_what_another_owns_now_is_left_to_it(self) -> None:
        def fenced() -> None:
            raise NotOwnerError("another owns it")

        self.hardware.actions.insert(0, ("laser", fenced))
        with capturedLogs() as logs:
            self.successResultOf(self.gate().stopService())
        self.assertEqual(
            [formatEvent(each) for each in logs],
            [
                "str is made safe by whoever owns it: "
                "not the owner of the hardware: another owns it",
                "str is safe: the stop",
            ],
        )
        self.assertEqual(self.hardware.made_safe, ["valves"])

    def test_what_is_given_up_at_the_end_is_nobodys_bug(self) -> None:
        never: Deferred[str] = Deferred()
        gate: Any = self.gate()
        done = gate._ending.over([never], "it runs")
        self.clock.advance(GRACE)
        self.successResultOf(done)
        del never, done
        gc.collect()
        self.assertEqual(self.flushLoggedErrors(CancelledError), [])

    def test_a_manager_that_does_not_become_safe_is_not_waited_for(self) -> None:
        self.hardware.actions = [("laser", Deferred)]
        stopped = self.gate().stopService()
        self.assertNoResult(stopped)
        with capturedLogs() as logs:
            self.clock.advance(GRACE)
        self.successResultOf(stopped)
        self.assertEqual(len(self.flushLoggedErrors(CancelledError)), 1)
        self.assertEqual(
            formatEvent(logs[0]),
            "hardware is not known to be safe after 4.0 s; stopping all the same",
        )
