"""The gate, put together: each queue as its manager wants it, behind a fence where there is one."""

from __future__ import annotations

import gc
import pathlib
import tempfile
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

from twisted.internet.defer import Deferred
from twisted.internet.testing import MemoryReactorClock
from twisted.trial.unittest import SynchronousTestCase
from zope.interface import directlyProvides, implementer

from pychron_comms.config.table import Table
from pychron_comms.errors import NoResponseError, NotOwnerError, SecurityError
from pychron_comms.interfaces import Effect, IJournal, ILaserManager, IReactorManager, Part, Reading
from pychron_comms.journal.memory import MemoryJournal, NoJournal
from pychron_comms.observability.metrics import Metrics
from pychron_comms.processor import assembly
from pychron_comms.processor.assembly import (
    _journal,
    _may_act,
    gate_from_config,
    made_safe,
    queue_of,
)
from pychron_comms.processor.execution.audit import TRY_AGAIN, Audit
from pychron_comms.processor.execution.idempotency import CommandMemory
from pychron_comms.processor.execution.manager_calls import ManagerCalls
from pychron_comms.processor.execution.manager_queue import ManagerQueue
from pychron_comms.processor.execution.queues import Queues
from pychron_comms.processor.execution.runners import ReactorRunner
from pychron_comms.processor.execution.sealed_queue import SealedQueue
from pychron_comms.processor.settings import laboratory_from
from pychron_comms.safeguards.fence import LeasedFence
from pychron_comms.safeguards.kept_rules import KeptRules
from pychron_comms.safeguards.system_lock import SystemLock
from pychron_comms.transport.cork import Cork
from tests.doubles import ScriptedCall
from tests.executions import submitted
from tests.help_texts import unfinished


@implementer(IReactorManager)
class Eager:
    """Never blocks."""


class QueueTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.reactor = MemoryReactorClock()
        self.fence = LeasedFence(1.0, self.reactor.seconds)

    def queue(self, **options: Any) -> ManagerQueue:
        calls = ManagerCalls(Metrics(), self.reactor)
        return queue_of(Eager(), self.reactor, calls, **options)

    def test_as_many_are_made_safe_at_a_time_as_the_manager_takes(self) -> None:
        queue = self.queue()
        closes = [ScriptedCall("Close", Deferred(), safe=True, target=part) for part in "ABC"]
        for call in closes:
            submitted(queue, call)
        self.assertEqual([call.runs for call in closes], [1, 1, 1])

    def test_behind_a_fence_that_is_shut_only_reads_are_run(self) -> None:
        queue = self.queue(fence=self.fence)
        for safe in (False, True):
            call = ScriptedCall("Close", "OK", safe=safe)
            self.assertRaises(NotOwnerError, submitted, queue, call)
            self.assertEqual(call.runs, 0)
        self.assertEqual(submitted(queue, ScriptedCall("Read", 5, effect=Effect.READ)), "5")

    def test_the_threads_of_a_manager_that_blocks_bear_its_name(self) -> None:
        made: list[tuple[object, str]] = []

        def runner_for(manager: object, name: str, reactor: object, watch: object) -> ReactorRunner:
            made.append((manager, name))
            return ReactorRunner()

        self.patch(assembly, "runner_for", runner_for)
        manager = Eager()
        queue_of(manager, self.reactor, ManagerCalls(Metrics(), self.reactor))
        self.assertEqual(made, [(manager, "Eager")])

    def test_what_a_manager_of_a_name_takes_is_timed(self) -> None:
        metrics, manager = Metrics(), Eager()
        calls = ManagerCalls(metrics, self.reactor)
        calls.watch({"CO2": manager})
        queue_of(manager, self.reactor, calls)
        name = 'manager_call_seconds_count{manager="CO2",operation="act"} 0.0\n'
        self.assertIn(name, metrics.text())

    def test_its_records_are_written_together_where_they_wait_for_the_disk(self) -> None:
        self.assertIsInstance(self.queue(sealed=True), SealedQueue)
        self.assertNotIsInstance(self.queue(), SealedQueue)


class MadeSafeTests(SynchronousTestCase):
    def test_of_several_actions_that_fail_the_first_is_told_and_no_other_is_a_bug(self) -> None:
        laser: Any = SimpleNamespace(disable=self.fails("light"), stop_drive=self.fails("stage"))
        directlyProvides(laser, ILaserManager)
        queues = Queues(lambda manager: ManagerQueue(ReactorRunner(), MemoryReactorClock()))
        memory = CommandMemory(Audit(NoJournal()), MemoryReactorClock(), Metrics())
        done = made_safe(queues, memory, Part("CO2", laser, ""), "a lapse")
        failure = self.failureResultOf(done, NoResponseError)
        self.assertEqual(failure.value.args, ("light",))
        del done, failure
        gc.collect()
        self.assertEqual(self.flushLoggedErrors(), [])

    def fails(self, part: str) -> Callable[[], None]:
        def action() -> None:
            raise NoResponseError(part)

        return action


class FenceTests(SynchronousTestCase):
    def test_rules_that_are_kept_make_safe_only_where_the_hardware_is_this_ones(self) -> None:
        clock = MemoryReactorClock()
        fence = LeasedFence(1.0, clock.seconds)
        self.assertEqual((_may_act(None), _may_act(fence)), (True, False))
        fence.open("p1-1", 5.0)
        self.assertTrue(_may_act(fence))
        clock.advance(5.5)
        self.assertTrue(_may_act(fence))
        clock.advance(0.5)
        self.assertFalse(_may_act(fence))


class JournalTests(SynchronousTestCase):
    def journal(self, *, only_check: bool) -> IJournal:
        folder = self.enterContext(tempfile.TemporaryDirectory())
        self.file = pathlib.Path(folder) / "lab.journal"
        text = f'lab = "default"\n[journal]\nfile = "{self.file.as_posix()}"\nsync = true\n'
        settings, _ = laboratory_from(Table.parse(text, "lab.toml"))
        self.reactor = MemoryReactorClock()
        self.reactor.callFromThread = lambda call: None  # type: ignore[attr-defined]
        self.cork = Cork()
        return _journal(settings, self.reactor, Metrics(), self.cork, only_check=only_check)

    def test_what_may_wait_for_others_is_written_in_the_next_turn(self) -> None:
        journal = self.journal(only_check=False)
        self.addCleanup(journal.close)
        told: list[object] = []
        journal.write_soon("begin", {"key": "k"}, told.append)
        self.assertEqual(told, [])
        self.reactor.advance(0)
        journal.close()
        self.assertEqual(told, [1])
        self.assertIn('"key":"k"', self.file.read_text("utf-8"))

    def test_who_waits_for_the_disk_is_told_while_the_cork_is_in(self) -> None:
        """So the replies to many leave in one write."""
        journal = self.journal(only_check=False)
        told: list[object] = []
        for _ in range(2):
            journal.write_soon("begin", {}, lambda _: told.append(self.cork.depth))
        self.reactor.advance(0)
        journal.close()
        self.assertEqual((told, self.cork.depth), ([1, 1], 0))

    def test_a_check_opens_none(self) -> None:
        self.assertIsInstance(self.journal(only_check=True), NoJournal)
        self.assertFalse(self.file.exists())


class GateTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.reactor = MemoryReactorClock()
        self.fence = LeasedFence(1.0, self.reactor.seconds)
        self.journal = MemoryJournal(self.reactor.seconds)
        self.own: list[IJournal] = []
        self.gate = gate_from_config(
            *laboratory_from(None),
            self.reactor,
            Metrics(),
            fence=self.fence,
            through=self.through,
        )

    def through(self, journal: IJournal) -> IJournal:
        self.own.append(journal)
        return self.journal

    def ask(self, command: str) -> Any:
        return self.gate.process_server_request("System", command, "10.0.0.1")

    def test_a_shut_fence_refuses_what_acts_before_it_waits(self) -> None:
        self.assertEqual(self.ask("GetValveState A"), "False")
        for command in ("Open A", "Close A"):
            self.assertRaises(NotOwnerError, self.ask, command)
        self.assertEqual([each["event"] for each in self.journal.records()], ["refused"] * 2)
        self.fence.open("p1-1", 100.0)
        opening = self.ask("Open A")
        self.reactor.pump([0.1] * 5)
        self.assertEqual(self.successResultOf(opening), "OK")

    def test_each_part_is_given_the_fence_and_the_clock(self) -> None:
        given: dict[str, Any] = {}

        def noting(name: str, part: Any) -> None:
            def note(*arguments: Any, **options: Any) -> Any:
                given[name] = arguments, options
                return part(*arguments, **options)

            self.patch(assembly, name, note)

        parts = ("queue_of", "_journal", "KeptRules", "JournalSearch", "hardware_from_config")
        for name in parts:
            noting(name, getattr(assembly, name))
        self.setUp()
        self.fence.open("p1-1", 100.0)
        self.assertEqual(self.ask("GetValveState A"), "False")
        self.assertIs(given["queue_of"][1]["fence"], self.fence)
        self.assertIs(given["hardware_from_config"][1]["fence"], self.fence)
        self.assertIs(given["_journal"][0][1], self.reactor)
        self.assertEqual(given["JournalSearch"][0], ("", self.reactor))
        may_act = given["KeptRules"][0][-1]
        self.assertTrue(may_act())
        self.reactor.advance(101.0)
        self.assertFalse(may_act())

    def test_a_rule_that_had_to_make_something_safe_is_counted(self) -> None:
        text = (
            'lab = "default"\n[[interlock]]\ncommand = "System|Open A"\n'
            'only_if = ["System|GetValveState B is False"]\nmake_safe = true\n'
        )
        metrics = Metrics()
        kept: list[Any] = []

        def note(*arguments: Any, **options: Any) -> Any:
            kept.append((arguments[0], options["tripped"]))
            return KeptRules(*arguments, **options)

        self.patch(assembly, "KeptRules", note)
        gate_from_config(*laboratory_from(Table.parse(text, "lab.toml")), self.reactor, metrics)
        (((rule,), tripped),) = kept
        tripped(rule)
        tripped(rule)
        self.assertIn('interlock_trips_total{rule="System|Open A"} 2.0\n', metrics.text())
        self.assertEqual(unfinished(metrics), {"pychron_comms_leases_held": "Leases."})

    def test_who_is_not_one_of_its_hosts_is_refused(self) -> None:
        text = 'lab = "default"\n[access]\nhosts = ["10.0.0.2"]\n'
        gate = gate_from_config(
            *laboratory_from(Table.parse(text, "lab.toml")), self.reactor, Metrics()
        )
        self.assertRaises(
            SecurityError, gate.process_server_request, "System", "GetValveState A", "10.0.0.1"
        )
        told = gate.process_server_request("System", "GetValveState A", "10.0.0.2")
        self.assertEqual(told, "False")

    def test_what_its_process_shows_beside_is_told_with_the_rest(self) -> None:
        gate = gate_from_config(
            *laboratory_from(None),
            self.reactor,
            Metrics(),
            more=lambda: [Reading("road/certificate", "ok")],
        )
        gate.startService()
        self.reactor.pump([0.1] * 20)
        item = gate.stream.get("road/certificate")
        self.successResultOf(gate.stopService())
        assert item is not None
        self.assertEqual(item.value, "ok")

    def test_how_its_own_journal_is_is_told_whatever_it_goes_through(self) -> None:
        folder = self.enterContext(tempfile.TemporaryDirectory())
        file = (pathlib.Path(folder) / "lab.journal").as_posix()
        table = Table.parse(f'lab = "default"\n[journal]\nfile = "{file}"\n', "lab.toml")
        gate = gate_from_config(
            *laboratory_from(table), self.reactor, Metrics(), through=self.through
        )
        gate.startService()
        self.reactor.pump([0.1] * 20)
        item = gate.stream.get("road/journal")
        self.successResultOf(gate.stopService())
        gate.close()
        self.own[-1].close()
        assert item is not None
        self.assertEqual(item.value, "written")

    def test_who_has_the_lock_and_what_waits_is_told_too(self) -> None:
        self.patch(assembly, "lock_readings", lambda lock: [Reading("road/lock", type(lock))])
        self.patch(
            Queues, "readings", lambda queues, names: [Reading("road/queue/x", "System" in names)]
        )
        gate = gate_from_config(*laboratory_from(None), self.reactor, Metrics())
        gate.startService()
        self.reactor.pump([0.1] * 20)
        items = [gate.stream.get(path) for path in ("road/lock", "road/queue/x")]
        self.successResultOf(gate.stopService())
        self.assertEqual([item and item.value for item in items], [SystemLock, True])

    def test_a_journal_is_opened_and_searched_where_nothing_else_is_said(self) -> None:
        folder = pathlib.Path(self.enterContext(tempfile.TemporaryDirectory()))
        file = (folder / "lab.journal").as_posix()
        text = f'lab = "default"\n[journal]\nfile = "{file}"\n'
        searches: list[object] = []
        self.patch(assembly, "JournalSearch", lambda *given: searches.append(given))
        settings, laboratory = laboratory_from(Table.parse(text, "lab.toml"))
        gate: Any = gate_from_config(settings, laboratory, self.reactor, Metrics())
        self.addCleanup(gate._audit.stop)
        self.assertEqual(searches, [(file, self.reactor)])
        self.assertTrue((folder / "lab.journal").exists())

    def test_what_could_not_be_written_down_is_when_it_can_be_and_waits_for_nothing_else(
        self,
    ) -> None:
        self.fence.open("p1-1", 100.0)
        self.ask("Open A")
        self.journal.failing = "no space left"
        self.reactor.pump([0.1] * 5)
        self.journal.failing = ""
        self.reactor.advance(TRY_AGAIN)
        events = [record["event"] for record in self.journal.records()]
        self.assertEqual(events, ["begin", "end"])
        self.assertEqual(len(self.flushLoggedErrors()), 0)

    def test_what_another_processor_must_know_goes_that_way_to_the_journal(self) -> None:
        self.fence.open("p1-1", 100.0)
        self.ask("Open A")
        self.reactor.pump([0.1] * 5)
        (own,) = self.own
        self.assertIsInstance(own, NoJournal)
        events = [record["event"] for record in self.journal.records()]
        self.assertEqual(events, ["begin", "end"])
