"""A processor is told which replies were read, and one that was started anew once more."""

from __future__ import annotations

from pychron_comms.processor.execution import plain_command
from pychron_comms.transport import taken
from pychron_comms.transport.taken import MOST, ReadLately
from pychron_comms.wire.context import RequestContext
from pychron_comms.wire.copies import KEEP
from tests.repeater.test_endpoint import EndpointCase


class TakenTests(EndpointCase):
    def setUp(self) -> None:
        super().setUp()
        self.start()

    def test_replies_that_were_read_are_told_together_a_moment_later(self) -> None:
        for number in (1, 2):
            self.repeater.reply_taken(f"c.{number}")
        self.clock.advance(0.04)
        self.assertEqual(self.processor.read(), [])
        self.clock.advance(0.01)
        self.assertEqual(self.processor.read(), ["@id=1 Taken c.1 c.2"])
        self.clock.advance(1.0)
        self.assertEqual(self.processor.read(), [])

    def said_to(self, ask: str) -> list[str]:
        """What the processor hears with a command of that ask."""
        self.repeater.get_response("System", "Open A", "10.0.0.1", RequestContext(ask=ask))
        return [line.partition(" ")[2] for line in self.processor.read()]

    def test_replies_that_were_read_are_told_before_a_command_that_may_be_a_copy(self) -> None:
        for number in (1, 2):
            self.repeater.reply_taken(f"c.{number}")
            self.assertEqual(self.said_to("d.1"), [f"Taken c.{number}", "System|Open A"])
        for ask in ("udp.1", "c.3"):
            self.repeater.reply_taken(ask)
        self.assertEqual(self.said_to("c.4"), ["Taken udp.1 c.3", "System|Open A"])
        self.repeater.reply_taken("udp.2")
        self.assertEqual(self.said_to("udp.3"), ["Taken udp.2", "System|Open A"])
        self.clock.advance(1.0)
        self.assertEqual(self.processor.read(), [])

    def test_and_not_before_one_that_is_none(self) -> None:
        self.repeater.reply_taken("c.1")
        for ask in ("c.2", ""):
            self.assertEqual(self.said_to(ask), ["System|Open A"])
        self.clock.advance(0.05)
        self.assertEqual(self.processor.read(), ["@id=3 Taken c.1"])

    def test_no_more_are_told_together_than_a_line_holds(self) -> None:
        for number in range(250):
            self.repeater.reply_taken(f"c.{number}")
        self.clock.advance(1.0)
        lines = self.processor.read()
        self.assertEqual([line.count("c.") for line in lines], [100, 100, 50])
        self.assertLess(max(map(len, lines)), 4096)

    def test_a_processor_that_comes_back_is_told_first_what_was_read_lately(self) -> None:
        self.repeater.reply_taken("c.1")
        self.clock.advance(3.0)
        self.repeater.reply_taken("c.2")
        self.processor.up = False
        self.processor.drop()
        self.repeater.reply_taken("c.3")
        self.processor.up = True
        self.clock.advance(2.5)
        self.ask("Open A")
        told = [line.partition(" ")[2] for line in self.processor.read()]
        self.assertEqual(told, ["Taken c.2 c.3", "System|Open A"])
        self.clock.advance(3.0)
        self.repeater.reply_taken("c.4")
        self.assertEqual(self.repeater._read_lately.asks(), ["c.4"])
        self.assertEqual(len(self.repeater._read_lately._read), 1)

    def test_it_is_told_no_longer(self) -> None:
        self.repeater.reply_taken("c.1")
        self.clock.advance(KEEP - 0.01)
        self.assertEqual(self.repeater._read_lately.asks(), ["c.1"])
        self.clock.advance(0.01)
        self.assertEqual(self.repeater._read_lately.asks(), [])

    def test_it_is_told_for_as_long_as_it_knows_copies(self) -> None:
        self.assertEqual((KEEP, MOST), (plain_command.KEEP, 10_000))

    def test_it_is_told_of_the_newest_where_they_are_too_many(self) -> None:
        self.patch(taken, "MOST", 3)
        read = ReadLately(self.clock)
        for number in range(5):
            read.add(f"c.{number}")
        self.assertEqual(read.asks(), ["c.2", "c.3", "c.4"])
