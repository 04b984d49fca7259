"""What the memory of commands counts of each, and what of it a later process must know."""

from __future__ import annotations

from twisted.internet.defer import Deferred

from pychron_comms.observability.metrics import Metrics
from pychron_comms.processor.execution.audit import Audit
from pychron_comms.processor.execution.idempotency import CommandMemory, request_of
from pychron_comms.wire.context import RequestContext
from pychron_comms.wire.copies import KEEP
from tests.doubles import ScriptedCall
from tests.help_texts import unfinished
from tests.processor.copy_case import CopyCase


class RunTests(CopyCase):
    def test_how_long_a_command_ran_and_waited_is_timed(self) -> None:
        metrics = Metrics()
        memory = CommandMemory(Audit(self.journal), self.clock, metrics)
        call = ScriptedCall("Open A")
        call.context = RequestContext(key="k")
        entry = memory.open(request_of("System", "Open A", call), call)
        self.clock.advance(0.5)
        entry.begin()
        self.clock.advance(2.0)
        entry.end("OK")
        memory.watches.tell()
        text = metrics.text()
        self.assertIn('command_wait_seconds_sum{type="System"} 0.5\n', text)
        self.assertIn('command_run_seconds_sum{type="System"} 2.0\n', text)
        kept = f'remembered_bytes{{kind="key"}} {float(memory.keys.size)}\n'
        self.assertIn(kept, text)
        self.assertGreater(memory.keys.size, 0)
        self.assertEqual(unfinished(metrics), {})


class SizeTests(CopyCase):
    def size(self, reply: str) -> int:
        self.gate = self.new_gate()
        self.valves.slow["Open A"] = opening = Deferred()
        self.ask("c1.1")
        opening.callback(reply)
        return self.gate._memory.copies.size

    def test_a_reply_is_counted_with_its_line(self) -> None:
        self.assertEqual(self.size("x" * 1000) - self.size("OK"), 998)


class CarriedTests(CopyCase):
    def test_a_key_is_told_with_when_it_ends_to_the_millisecond(self) -> None:
        memory = CommandMemory(Audit(self.journal, lambda: 5000.0), self.clock, Metrics())
        call = ScriptedCall("Open A")
        call.context = RequestContext(key="k")
        entry = memory.open(request_of("System", "Open A", call), call)
        entry.begin()
        entry.end("OK")
        self.clock.advance(0.12345)
        (record,) = memory.carried()
        self.assertEqual((record["key"], record["until"]), ("k", 5000.0 + 3600 - 0.123))

    def carried(self) -> list[str]:
        return [str(each["command"]) for each in self.gate._memory.carried()]

    def test_a_reply_that_is_in_doubt_is_carried_over_and_no_other(self) -> None:
        self.reply("c1.1", "Open A")
        self.reply("c2.1", "Open B")
        self.assertEqual(self.carried(), ["Open A", "Open B"])
        self.gate.reply_taken("c1.1")
        self.assertEqual(self.carried(), ["Open B"])
        self.clock.advance(KEEP)
        self.assertEqual(self.carried(), [])
