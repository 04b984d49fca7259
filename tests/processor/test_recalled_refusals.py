"""What a processor has refused is not done by the next one for a copy that was under way."""

from __future__ import annotations

from twisted.internet.defer import Deferred
from twisted.internet.task import Clock

from pychron_comms.errors import ExpiredError, OvertakenError, ShuttingDownError
from pychron_comms.processor.ending import GRACE
from pychron_comms.wire.copies import KEEP, KEEP_DATAGRAM
from tests.processor.copy_case import OTHER, CopyCase

SOON = 1.0


class RefusalTests(CopyCase):
    def restart(self, seconds: float = SOON) -> None:
        """A kill -9, and a start so much later."""
        self.clock.advance(seconds)
        self.valves.slow.clear()
        self.gate = self.new_gate()
        self.gate.startService()

    def stop(self) -> None:
        """The moment in which nobody can ask any more."""
        self.gate.close()
        self.journal._is_open = True

    def refuse(self, ask: str, data: str = "Open A") -> None:
        self.failureResultOf(self.ask(ask, data, within=-1.0), ExpiredError)

    def test_what_a_stop_has_refused_is_refused_to_a_datagrams_copy(self) -> None:
        self.gate.stopService()
        self.failureResultOf(self.ask("udp.1"), ShuttingDownError)
        self.stop()
        self.restart(0.1)
        error = self.failureResultOf(self.ask("udp.2"), ShuttingDownError)
        self.assertIn("Open A", str(error.value))
        self.assertEqual(self.ran, [])

    def test_so_is_what_waited_at_the_stop_to_a_connection_that_was_made_before(self) -> None:
        self.valves.slow["Open B"] = Deferred()
        self.ask("c0.1", "Open B").addErrback(lambda failure: None)
        waiting = self.ask("c1.1")
        self.gate.stopService()
        self.failureResultOf(waiting, ShuttingDownError)
        self.clock.advance(GRACE)
        self.stop()
        self.restart(0.1)
        self.failureResultOf(self.ask("c2.1", silent=GRACE + 0.2), ShuttingDownError)
        self.assertEqual(self.ran, ["Open B"])

    def test_who_has_been_told_asks_it_anew(self) -> None:
        self.refuse("c1.1")
        self.restart()
        self.reply("c1.2", silent=SOON)
        self.refuse("c1.3", "Open B")
        self.restart()
        self.reply("c2.1", "Open B", silent=SOON - 0.1)
        self.assertEqual(self.ran, ["Open A", "Open B"])

    def test_others_may_ask_the_same(self) -> None:
        self.refuse("udp.1")
        self.restart()
        self.reply("udp.2", sender=OTHER)
        self.reply("udp.3", "Open B")
        self.assertEqual(self.ran, ["Open A", "Open B"])

    def test_it_is_so_for_as_long_as_a_copy_may_come(self) -> None:
        for ask, other, seconds in (("udp.1", "udp.2", KEEP_DATAGRAM), ("c1.1", "c2.1", KEEP)):
            self.refuse(ask)
            self.restart(seconds - 0.1)
            self.failureResultOf(self.ask(other, silent=KEEP + 1), ExpiredError)
            self.clock.advance(0.1)
            self.reply(other, silent=KEEP + 1)
            self.clock.advance(KEEP)
        self.assertEqual(self.ran, ["Open A"] * 2)

    def test_a_copy_that_lay_on_its_way_was_in_time(self) -> None:
        self.refuse("udp.1")
        self.restart(30.0)
        self.failureResultOf(self.ask("udp.2", age=29.0), ExpiredError)
        self.assertEqual(self.ran, [])

    def test_a_clock_that_was_set_back_makes_it_last_no_longer(self) -> None:
        self.refuse("udp.1")
        self.clock = Clock()
        self.clock.advance(900)
        self.journal._now = self.clock.seconds
        self.restart(0.0)
        self.clock.advance(KEEP_DATAGRAM - 0.1)
        self.failureResultOf(self.ask("udp.2"), ExpiredError)
        self.clock.advance(0.1)
        self.reply("udp.3")
        self.assertEqual(self.ran, ["Open A"])

    def test_what_has_run_since_is_the_answer(self) -> None:
        self.refuse("udp.1")
        self.clock.advance(0.1)
        self.reply("c2.1")
        self.restart()
        self.assertEqual(self.reply("udp.2"), "OK")
        self.assertEqual(self.ran, ["Open A"])

    def test_what_was_refused_after_it_had_run_is_not_run_either(self) -> None:
        self.reply("c1.1")
        self.gate.reply_taken("c1.1")
        self.clock.advance(0.1)
        self.refuse("c1.2")
        self.restart()
        self.failureResultOf(self.ask("c2.1", silent=SOON + 0.05), ExpiredError)
        self.assertEqual(self.ran, ["Open A"])

    def test_what_was_dropped_when_its_part_was_made_safe_is_not_run_behind_that(self) -> None:
        self.valves.slow["Open B"] = Deferred()
        self.ask("c0.1", "Open B").addErrback(lambda failure: None)
        opening = self.ask("c1.1")
        self.reply("d1.1", "Close A", OTHER)
        self.failureResultOf(opening, OvertakenError)
        self.restart()
        self.failureResultOf(self.ask("c2.1"), OvertakenError)
        self.assertEqual(self.ran, ["Open B", "Close A"])

    def test_what_has_a_key_or_no_name_is_no_affair_of_copies(self) -> None:
        self.failureResultOf(self.ask("", key="k", within=-1.0), ExpiredError)
        self.failureResultOf(self.ask("", within=-1.0), ExpiredError)
        self.restart()
        self.reply("udp.1")
        self.assertEqual(self.ran, ["Open A"])
