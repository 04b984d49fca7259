"""Copies of plain commands that come late."""

from __future__ import annotations

from twisted.internet.defer import Deferred

from pychron_comms.errors import (
    ExpiredError,
)
from pychron_comms.wire.copies import KEEP
from tests.processor.copy_case import OTHER, CopyCase


class LateTests(CopyCase):
    """A bad line may bring the first copy last."""

    def setUp(self) -> None:
        super().setUp()
        # It asked at 1001.03 and has read its reply.
        self.clock.advance(1.03)
        self.reply("c2.1")
        self.gate.reply_taken("c2.1")
        self.clock.advance(0.5)

    def test_a_connection_that_was_silent_since_before_brings_a_copy(self) -> None:
        self.assertEqual(self.reply("c1.1", silent=1.53), "OK")
        self.assertEqual(self.reply("c0.7", silent=0.51), "OK")
        self.assertEqual(self.ran, ["Open A"])

    def test_one_that_said_something_since_means_it(self) -> None:
        self.reply("c1.2", silent=0.4)
        self.assertEqual(self.ran, ["Open A", "Open A"])

    def test_what_was_long_on_the_way_was_said_before(self) -> None:
        self.assertEqual(self.reply("c1.2", silent=0.4, age=0.2), "OK")
        self.assertEqual(self.ran, ["Open A"])

    def test_so_was_what_has_run(self) -> None:
        self.reply("c5.1", "Open B", age=0.3)
        self.gate.reply_taken("c5.1")
        self.reply("c6.2", "Open B", silent=0.1)
        self.assertEqual(self.ran, ["Open A", "Open B", "Open B"])

    def answer_slowly(self) -> None:
        """A command runs for a second, and its client has read the reply 0.2 s ago."""
        self.valves.slow["Open B"] = opening = Deferred()
        self.ask("c2.2", "Open B")
        self.clock.advance(1.0)
        opening.callback("OK")
        self.gate.reply_taken("c2.2")
        self.clock.advance(0.2)
        self.valves.slow.clear()
        self.ran.clear()

    def test_a_connection_that_was_made_before_the_reply_may_bring_a_copy(self) -> None:
        self.answer_slowly()
        self.assertEqual(self.reply("c3.1", "Open B", silent=0.21), "OK")
        self.assertEqual(self.reply("c4.1", "Open B", silent=0.9), "OK")
        self.assertEqual(self.ran, [])
        self.reply("c5.1", "Open B", silent=0.19)
        self.assertEqual(self.ran, ["Open B"])

    def test_so_may_one_that_was_made_before_the_last_copy_was_asked(self) -> None:
        self.reply("c7.1", "Open B")
        self.clock.advance(1.0)
        self.reply("c9.1", "Open B")
        self.gate.reply_taken("c9.1")
        self.clock.advance(3.0)
        # Made after the reply was there, and held back since.
        self.assertEqual(self.reply("c8.1", "Open B", silent=3.5), "OK")
        self.assertEqual(self.ran.count("Open B"), 1)
        self.reply("c8.2", "Open B", silent=2.9)
        self.assertEqual(self.ran.count("Open B"), 2)

    def test_one_that_has_spoken_before_means_it(self) -> None:
        self.answer_slowly()
        self.reply("c3.2", "Open B", silent=0.9)
        self.assertEqual(self.ran, ["Open B"])

    def test_nor_does_it_undo_a_change(self) -> None:
        self.answer_slowly()
        self.reply("d1.1", "Close B", OTHER)
        self.failureResultOf(self.ask("c3.1", "Open B", silent=0.9), ExpiredError)
        self.reply("c3.2", "Open B")
        self.assertEqual(self.ran, ["Close B", "Open B"])

    def test_time_on_the_way_is_no_silence(self) -> None:
        self.reply("c1.2", silent=0.4, age=0.05)
        self.assertEqual(self.ran, ["Open A", "Open A"])
        self.reply("c3.1", silent=0.4, age=0.3)
        self.assertEqual(self.ran, ["Open A", "Open A"])

    def test_one_that_joins_late_does_not_hold_up_who_has_the_reply(self) -> None:
        self.valves.slow["Open B"] = opening = Deferred()
        self.ask("c2.2", "Open B")
        self.clock.advance(0.5)
        self.ask("c1.1", "Open B", silent=2)
        opening.callback("OK")
        self.gate.reply_taken("c2.2")
        self.reply("c3.1", "Open B")
        self.assertEqual(self.ran, ["Open A", "Open B", "Open B"])

    def test_that_is_so_for_its_time_only(self) -> None:
        self.clock.advance(KEEP)
        self.reply("c1.1", silent=10)
        self.assertEqual(self.ran, ["Open A", "Open A"])

    def test_a_first_word_past_a_change_is_neither_run_nor_told_ok(self) -> None:
        self.reply("d1.1", "Close A", OTHER)
        error = self.failureResultOf(self.ask("c1.1", silent=1.53), ExpiredError).value
        self.assertEqual(
            str(error),
            "expired before it was begun: Open A: perhaps a late copy; its part was changed since",
        )
        self.assertEqual(self.ran, ["Open A", "Close A"])
        # And a client that meant it asks again.
        self.reply("c1.2")
        self.assertEqual(self.ran, ["Open A", "Close A", "Open A"])

    def test_a_later_word_past_a_change_is_run(self) -> None:
        """Finding B6 of issue 12: an older idle connection was told OK on f156da4."""
        self.reply("d1.1", "Close A", OTHER)
        self.reply("c1.2", silent=1.53)
        self.assertEqual(self.ran, ["Open A", "Close A", "Open A"])
