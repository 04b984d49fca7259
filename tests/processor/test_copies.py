"""A plain command that a client sends again is run once; one that is meant again is run again."""

from __future__ import annotations

import tracemalloc

from twisted.internet.defer import Deferred

from pychron_comms.errors import (
    DeviceConnectionError,
    ExpiredError,
    OutcomeUnknownError,
    OvertakenError,
)
from pychron_comms.journal.memory import NoJournal
from pychron_comms.observability.metrics import Metrics
from pychron_comms.processor.execution import copies, plain_command
from pychron_comms.processor.execution.audit import Audit
from pychron_comms.processor.execution.idempotency import CommandMemory, request_of
from pychron_comms.processor.execution.plain_command import LATE
from pychron_comms.processor.execution.shares import OVERHEAD
from pychron_comms.wire.context import RequestContext
from pychron_comms.wire.copies import KEEP, KEEP_DATAGRAM
from tests.doubles import IdleHardware, ScriptedCall, gate_around
from tests.processor.copy_case import OTHER, CopyCase


class WhileItRunsTests(CopyCase):
    def setUp(self) -> None:
        super().setUp()
        self.opening: Deferred[str] = Deferred()
        self.valves.slow["Open A"] = self.opening

    def test_a_copy_by_another_connection_joins_the_first(self) -> None:
        first, copy = self.ask("c1.1"), self.ask("c2.1")
        self.opening.callback("OK")
        self.assertEqual((self.successResultOf(first), self.successResultOf(copy)), ("OK", "OK"))
        self.assertEqual(self.ran, ["Open A"])

    def test_a_copy_shares_a_failure_too(self) -> None:
        first, copy = self.ask("c1.1"), self.ask("c2.1")
        self.opening.errback(DeviceConnectionError("A"))
        self.failureResultOf(first, DeviceConnectionError)
        self.failureResultOf(copy, DeviceConnectionError)

    def test_one_that_waits_is_joined_too(self) -> None:
        self.valves.slow["Shut B"] = Deferred()
        self.ask("c0.1", "Shut B")
        first, copy = self.ask("c1.1"), self.ask("c2.1")
        self.valves.slow["Shut B"].callback("OK")
        self.opening.callback("OK")
        self.assertEqual((self.successResultOf(first), self.successResultOf(copy)), ("OK", "OK"))
        self.assertEqual(self.ran, ["Shut B", "Open A"])

    def test_datagrams_share_no_connection(self) -> None:
        self.ask("udp.1")
        self.ask("udp.2")
        self.opening.callback("OK")
        self.assertEqual(self.ran, ["Open A"])

    def test_what_one_connection_sends_twice_is_meant_twice(self) -> None:
        self.ask("c1.1")
        self.ask("c1.2")
        self.opening.callback("OK")
        self.assertEqual(self.ran, ["Open A", "Open A"])

    def test_who_joined_and_sends_it_again_means_it_anew(self) -> None:
        self.ask("c1.1")
        self.ask("c2.1")
        self.ask("c2.2")
        self.opening.callback("OK")
        self.assertEqual(self.ran, ["Open A", "Open A"])

    def test_the_second_of_two_is_joined_when_the_first_has_ended(self) -> None:
        self.ask("c1.1")
        self.ask("c1.2")
        second: Deferred[str] = Deferred()
        self.valves.slow["Open A"] = second
        self.opening.callback("OK")
        self.ask("c2.1")
        self.assertEqual(self.ran, ["Open A", "Open A"])

    def test_a_copy_of_two_joins_the_one_that_runs(self) -> None:
        self.ask("c1.1")
        second, copy = self.ask("c1.2", within=1.0), self.ask("c2.1")
        self.clock.advance(1)
        self.failureResultOf(second, ExpiredError)
        self.opening.callback("OK")
        self.assertEqual(self.successResultOf(copy), "OK")

    def test_another_computer_or_command_is_no_copy(self) -> None:
        self.ask("c1.1")
        self.ask("c2.1", sender=OTHER)
        self.ask("c3.1", "Open B")
        self.opening.callback("OK")
        self.assertEqual(self.ran, ["Open A", "Open A", "Open B"])

    def test_what_does_not_say_who_asks_is_no_copy_of_anything(self) -> None:
        for _ in range(2):
            self.ask("")
        self.opening.callback("OK")
        self.assertEqual(self.ran, ["Open A", "Open A"])

    def test_who_may_only_look_is_told_of_nothing(self) -> None:
        self.ask("c1.1")
        self.ask("c2.1", role="observe")
        self.opening.callback("OK")
        self.assertEqual(self.ran, ["Open A", "Open A"])

    def test_one_who_leaves_takes_nothing_from_the_others(self) -> None:
        first, copy = self.ask("c1.1"), self.ask("c2.1")
        self.gate.asker_gone(first)
        self.opening.callback("OK")
        self.assertEqual(self.successResultOf(copy), "OK")

    def test_it_is_dropped_while_it_waits_when_all_have_left(self) -> None:
        self.valves.slow["Shut B"] = Deferred()
        self.ask("c0.1", "Shut B")
        first, copy = self.ask("c1.1"), self.ask("c2.1")
        self.gate.asker_gone(first)
        self.gate.asker_gone(first)
        self.assertNoResult(first)
        self.gate.asker_gone(copy)
        self.failureResultOf(first, ExpiredError)
        self.failureResultOf(copy, OutcomeUnknownError)

    def test_what_makes_safe_is_never_held(self) -> None:
        self.valves.slow["Close A"] = Deferred()
        self.ask("c1.1", "Close A")
        self.ask("c2.1", "Close A")
        self.assertEqual(self.ran, ["Close A", "Close A"])


class InDoubtTests(CopyCase):
    """It has ended, and nobody knows whether its reply was read."""

    def test_who_asks_again_gets_the_reply(self) -> None:
        self.reply("c1.1")
        self.clock.advance(KEEP - 0.1)
        self.assertEqual(self.reply("c2.1"), "OK")
        self.assertEqual(self.ran, ["Open A"])

    def test_and_the_next_who_does_as_well(self) -> None:
        for ask in ("c1.1", "c2.1", "c3.1"):
            self.assertEqual(self.reply(ask), "OK")
        self.assertEqual(self.ran, ["Open A"])

    def test_a_failure_is_kept_too(self) -> None:
        self.valves.slow["Open A"] = failing = Deferred()
        first = self.ask("c1.1")
        failing.errback(DeviceConnectionError("A"))
        self.failureResultOf(first, DeviceConnectionError)
        self.failureResultOf(self.ask("c2.1"), DeviceConnectionError)
        self.assertEqual(self.ran, ["Open A"])

    def test_it_is_in_doubt_for_its_time_only(self) -> None:
        self.reply("c1.1")
        self.clock.advance(KEEP)
        self.reply("c2.1")
        self.assertEqual(self.ran, ["Open A", "Open A"])

    def test_asking_again_prolongs_nothing(self) -> None:
        self.reply("c1.1")
        self.clock.advance(KEEP / 2)
        self.reply("c2.1")
        self.clock.advance(KEEP / 2)
        self.reply("c3.1")
        self.assertEqual(self.ran, ["Open A", "Open A"])

    def test_that_of_a_datagram_is_for_less(self) -> None:
        self.reply("udp.1")
        self.clock.advance(KEEP_DATAGRAM - 0.1)
        self.reply("udp.2")
        self.assertEqual(self.ran, ["Open A"])
        self.clock.advance(0.1)
        self.reply("udp.3")
        self.assertEqual(self.ran, ["Open A", "Open A"])

    def test_when_it_was_read_the_same_is_meant_anew(self) -> None:
        self.reply("c1.1")
        self.gate.reply_taken("c1.1")
        self.reply("c2.1")
        self.assertEqual(self.ran, ["Open A", "Open A"])

    def test_when_its_last_asker_has_read_it_too(self) -> None:
        self.reply("c1.1")
        self.reply("c2.1")
        self.gate.reply_taken("c2.1")
        self.reply("c3.1")
        self.assertEqual(self.ran, ["Open A", "Open A"])

    def test_one_before_does_not_speak_for_the_last(self) -> None:
        self.reply("c1.1")
        self.reply("c2.1")
        self.gate.reply_taken("c1.1")
        self.reply("c3.1")
        self.assertEqual(self.ran, ["Open A"])

    def test_the_last_of_two_that_ran_at_once_is_the_one_in_doubt(self) -> None:
        self.reply("c1.1")
        self.gate.reply_taken("c1.1")
        self.reply("c2.1")
        self.gate.reply_taken("c1.1")
        self.reply("c3.1")
        self.assertEqual(self.ran, ["Open A", "Open A"])

    def test_the_same_connection_means_it_anew(self) -> None:
        self.reply("c1.1")
        self.reply("c1.2")
        self.reply("c2.1")
        self.reply("c2.2")
        self.assertEqual(self.ran, ["Open A", "Open A", "Open A"])

    def test_what_was_refused_is_asked_anew(self) -> None:
        self.failureResultOf(self.ask("c1.1", within=-1.0), ExpiredError)
        self.assertEqual(self.reply("c2.1"), "OK")

    def test_what_was_never_begun_is_asked_anew(self) -> None:
        self.valves.slow["Shut A"] = Deferred()
        self.ask("c0.1", "Shut A")
        self.failureResultOf(self.ask("c1.1", within=-1.0), ExpiredError)
        self.valves.slow["Shut A"].callback("OK")
        self.reply("c2.1")
        self.assertEqual(self.ran, ["Shut A", "Open A"])

    def test_a_datagram_asked_again_by_a_connection_is_known(self) -> None:
        self.reply("udp.1")
        self.assertEqual(self.reply("c1.1"), "OK")
        self.assertEqual(self.ran, ["Open A"])


class OvertakenTests(CopyCase):
    """It waited when its part was made safe: what was accepted before does not act after."""

    def overtaken(self, ask: str) -> None:
        self.valves.slow["Shut B"] = shutting = Deferred()
        self.ask("c0.1", "Shut B")
        opening = self.ask(ask)
        self.reply("d1.1", "Close A", OTHER)
        self.failureResultOf(opening, OvertakenError)
        shutting.callback("OK")

    def test_no_copy_undoes_what_was_made_safe(self) -> None:
        self.overtaken("c1.1")
        for ask in ("c2.1", "c3.1"):
            self.failureResultOf(self.ask(ask), OvertakenError)
        self.assertEqual(self.ran, ["Shut B", "Close A"])

    def test_who_has_read_it_means_it_anew(self) -> None:
        self.overtaken("c1.1")
        self.gate.reply_taken("c1.1")
        self.reply("c2.1")
        self.assertEqual(self.ran[2:], ["Open A"])

    def test_who_asks_by_the_same_connection_does_too(self) -> None:
        self.overtaken("c1.1")
        self.reply("c1.2")
        self.assertEqual(self.ran[2:], ["Open A"])

    def test_and_who_asks_by_datagrams_when_no_copy_can_come_any_more(self) -> None:
        self.overtaken("udp.1")
        self.clock.advance(KEEP_DATAGRAM)
        self.reply("udp.2")
        self.assertEqual(self.ran[2:], ["Open A"])

    def test_it_is_so_for_its_time_only(self) -> None:
        self.overtaken("c1.1")
        self.clock.advance(KEEP)
        self.reply("c2.1")
        self.assertEqual(self.ran[2:], ["Open A"])


class RoomTests(CopyCase):
    def test_what_is_past_is_forgotten(self) -> None:
        for number in range(10):
            self.reply("udp.1", f"Open {number}")
        self.clock.advance(KEEP + LATE)
        self.reply("udp.2", "Open A")
        memory = self.gate._memory.copies
        self.assertEqual((memory.kept, memory.running, len(memory._last)), (1, 0, 1))

    def test_what_is_kept_and_what_is_answered_from_it_is_counted(self) -> None:
        metrics = Metrics()
        memory = CommandMemory(Audit(NoJournal()), self.clock, metrics)
        call = ScriptedCall("Open A")
        call.context = RequestContext(ask="c1.1")
        entry = memory.open(request_of("System", "Open A", call), call)
        entry.begin()
        entry.end("OK")
        for ask in ("c2.1", "c3.1"):
            call.context = RequestContext(ask=ask)
            self.assertIsNotNone(memory.find(request_of("System", "Open A", call), call))
        text = metrics.text()
        self.assertIn('pychron_comms_repeated_total{kind="plain"} 2.0\n', text)
        self.assertIn('pychron_comms_repeated_total{kind="key"} 0.0\n', text)
        self.assertIn(
            f'pychron_comms_remembered_bytes{{kind="plain"}} {float(memory.copies.size)}\n', text
        )
        self.assertGreater(memory.copies.size, OVERHEAD)

    def test_the_memory_that_is_taken_is_what_is_counted(self) -> None:
        self.gate = gate_around({"System": self.valves}, IdleHardware(), self.clock)
        tracemalloc.start()
        self.addCleanup(tracemalloc.stop)
        for number in range(2000):
            sender = f"10.0.{number // 250}.{number % 250}"
            self.reply(f"server-{number}.1", f"Open {number:100}", sender)
        self.ran.clear()
        self.gate._memory.watches.tell()
        taken, _ = tracemalloc.get_traced_memory()
        self.assertLess(taken, self.gate._memory.copies.size * 1.1)

    def test_a_flood_pushes_out_its_own(self) -> None:
        self.gate._memory.copies._kept._room = 20 * (OVERHEAD + copies.OBJECTS)
        self.reply("c1.1")
        for number in range(100):
            self.reply(f"udp.{number}", f"Open {number}", OTHER)
        memory = self.gate._memory.copies
        self.assertLessEqual(memory.kept, 20)
        self.assertEqual(memory.kept, len(memory._last))
        self.reply("c2.1")
        self.assertEqual(self.ran.count("Open A"), 1)

    def test_askers_by_many_connections_are_told_apart_up_to_a_number(self) -> None:
        self.patch(plain_command, "CONNECTIONS", 2)
        for number in range(5):
            self.reply(f"c{number}.1")
        self.assertEqual(self.ran, ["Open A"])
        (plain,) = self.gate._memory.copies._last.values()
        self.assertEqual(len(plain._connections), 2)
