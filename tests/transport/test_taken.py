"""Which replies were read: told together, a moment later or before what may be a copy."""

from __future__ import annotations

from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from pychron_comms.transport import taken
from pychron_comms.transport.taken import AT_ONCE, WITHIN, ReadLately, TakenReplies


class TakenTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.clock = Clock()
        self.said: list[str] = []
        self.taken = TakenReplies(self.clock, self.said.append)

    def test_those_of_a_moment_are_told_together(self) -> None:
        self.taken.add("a.1")
        self.clock.advance(WITHIN / 2)
        self.taken.add("b.1")
        self.assertEqual(self.said, [])
        self.clock.advance(WITHIN / 2)
        self.assertEqual(self.said, ["Taken a.1 b.1"])

    def test_the_next_ones_have_a_moment_of_their_own(self) -> None:
        self.taken.add("a.1")
        self.clock.advance(WITHIN)
        self.taken.add("a.2")
        self.clock.advance(WITHIN)
        self.assertEqual(self.said, ["Taken a.1", "Taken a.2"])

    def test_many_do_not_wait(self) -> None:
        for number in range(AT_ONCE - 1):
            self.taken.add(f"a.{number}")
        self.assertEqual(self.said, [])
        self.taken.add("a.last")
        (line,) = self.said
        self.assertEqual(len(line.split()), AT_ONCE + 1)
        self.clock.advance(WITHIN)
        self.assertEqual(len(self.said), 1)

    def test_those_that_were_taken_along_are_told_no_more(self) -> None:
        self.taken.add("a.1")
        self.assertEqual(self.taken.take(), ["a.1"])
        self.clock.advance(WITHIN)
        self.assertEqual((self.said, self.taken.take()), ([], []))

    def test_nobody_is_told_after_the_end(self) -> None:
        self.taken.add("a.1")
        self.taken.stop()
        self.taken.stop()
        self.clock.advance(WITHIN)
        self.assertEqual((self.said, self.clock.getDelayedCalls()), ([], []))

    def test_a_copy_comes_by_another_connection(self) -> None:
        self.assertFalse(self.taken.concern("b.1"))
        self.taken.add("a.1")
        self.assertFalse(self.taken.concern("a.2"))
        self.assertTrue(self.taken.concern("b.1"))
        # Datagrams share no connection.
        self.assertTrue(self.taken.concern("udp.1"))
        self.taken.add("b.1")
        self.assertTrue(self.taken.concern("a.2"))
        self.taken.take()
        self.assertFalse(self.taken.concern("b.2"))


class ReadLatelyTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.clock = Clock()
        self.read = ReadLately(self.clock)

    def test_as_long_as_copies_are_known(self) -> None:
        self.read.add("a.1")
        self.clock.advance(1.0)
        self.read.add("a.2")
        self.assertEqual(self.read.asks(), ["a.1", "a.2"])
        self.clock.advance(taken.KEEP - 1.0)
        self.assertEqual(self.read.asks(), ["a.2"])
        self.read.add("a.3")
        self.assertEqual(list(self.read._read), [(1.0, "a.2"), (taken.KEEP, "a.3")])

    def test_only_so_many(self) -> None:
        for number in range(taken.MOST + 1):
            self.read.add(f"a.{number}")
        self.assertEqual((len(self.read.asks()), self.read.asks()[0]), (taken.MOST, "a.1"))
