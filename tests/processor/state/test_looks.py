"""How many managers are asked at once, so that no command waits until all have been."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

from twisted.internet.defer import Deferred
from twisted.internet.testing import MemoryReactorClock
from twisted.trial.unittest import SynchronousTestCase

from pychron_comms.errors import UnknownRequestTypeError
from pychron_comms.interfaces import Reading
from pychron_comms.processor.state.looks import (
    AT_ONCE,
    BEHIND,
    KNOWN_BY,
    RARELY,
    SHARE,
    SOON,
    Looks,
)
from pychron_comms.processor.state.read_state import ReadState, StateReader

MANY = 3 * AT_ONCE + 1


class Seer:
    def __init__(self) -> None:
        self.seen: list[str] = []
        self.rounds = 0

    def saw(self, name: str, readings: Sequence[Reading], stale_after: float) -> None:
        self.seen.append(name)

    def cannot_see(self, name: str, why: str) -> None:
        raise AssertionError(why)

    def looked(self) -> None:
        self.rounds += 1


class ReaderTests(SynchronousTestCase):
    def test_no_clients_line_is_a_look(self) -> None:
        error = self.assertRaises(UnknownRequestTypeError, StateReader().prepare, "look", "me")
        self.assertIn("look", str(error))

    def test_two_looks_at_one_manager_are_the_same_and_at_another_are_not(self) -> None:
        line, laser = object(), object()
        first, second, other = (
            ReadState(manager, lambda: 0.0).question for manager in (line, line, laser)
        )
        self.assertEqual(first, second)
        self.assertNotEqual(first, other)
        self.assertIsNotNone(first)


class TurnTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.clock = MemoryReactorClock()
        self.seer = Seer()
        self.looks = Looks(self.submit, self.seer, clock=self.clock, period=1.0)
        self.managers = {f"device/{number}": object() for number in range(MANY)}
        self.looks.watch(self.managers)

    def submit(self, look: ReadState) -> str:
        return look.reply(())

    def test_commands_come_between(self) -> None:
        self.looks.start()
        seen: list[int] = []
        self.clock.callLater(0, lambda: seen.append(len(self.seer.seen)))
        self.assertEqual((len(self.seer.seen), self.seer.rounds), (AT_ONCE, 0))
        self.clock.advance(0)
        self.assertEqual((seen, self.seer.seen), ([2 * AT_ONCE], list(self.managers)))
        self.assertEqual(self.seer.rounds, 1)

    def test_each_is_asked_once_in_a_period(self) -> None:
        self.looks.start()
        self.clock.pump([0.5] * 4)
        self.assertEqual((self.seer.seen, self.seer.rounds), (3 * list(self.managers), 3))

    def test_a_period_that_ends_too_early_asks_nobody_twice(self) -> None:
        self.looks.start()
        self.looks._look()
        self.assertEqual(len(self.seer.seen), AT_ONCE)
        self.clock.advance(0)
        self.assertEqual((self.seer.seen, self.seer.rounds), (list(self.managers), 1))

    def test_who_was_slow_lately_has_more_time_and_not_for_ever(self) -> None:
        given: list[float] = []
        answers = [0.0, 3.0, *[0.0] * KNOWN_BY]

        class Patient(Seer):
            def saw(self, name: str, readings: Sequence[Reading], stale_after: float) -> None:
                given.append(stale_after)

        def submit(look: ReadState) -> str:
            look.begun = self.clock.seconds() - answers[len(given)]
            return look.reply(())

        looks = Looks(submit, Patient(), clock=self.clock, period=1.0)
        looks.watch({"laser": object()})
        looks.start()
        self.clock.pump([1.0] * (len(answers) - 1))
        looks.stop()
        self.assertEqual(given, [BEHIND, *[BEHIND + 3] * KNOWN_BY, BEHIND])

    def test_what_was_never_begun_tells_nothing_of_how_slow_it_is(self) -> None:
        given: list[float] = []

        class Patient(Seer):
            def saw(self, name: str, readings: Sequence[Reading], stale_after: float) -> None:
                given.append(stale_after)

            def cannot_see(self, name: str, why: str) -> None:
                given.append(-1.0)

        def submit(look: ReadState) -> str:
            if not given:
                raise RuntimeError("the queue is full")
            look.begun = self.clock.seconds()
            return look.reply(())

        looks = Looks(submit, Patient(), clock=self.clock, period=1.0)
        looks.watch({"laser": object()})
        looks.start()
        self.clock.advance(1.0)
        looks.stop()
        self.assertEqual(given, [-1.0, BEHIND])

    def slow_looks(self, laser: object) -> tuple[Looks, list[Deferred[str]]]:
        """At a laser whose answers come when they are called; those that it was asked for."""
        answers: list[Deferred[str]] = []

        def submit(look: ReadState) -> Deferred[str]:
            look.begun = self.clock.seconds()
            answers.append(Deferred())
            return answers[-1].addCallback(lambda _: look.reply(()))

        looks = Looks(submit, self.seer, clock=self.clock, period=1.0)
        looks.watch({"laser": laser})
        looks.start()
        self.addCleanup(looks.stop)
        return looks, answers

    def test_one_that_is_moved_while_it_is_looked_at_is_looked_at_once_more(self) -> None:
        laser = object()
        looks, answers = self.slow_looks(laser)
        for _ in range(2):
            looks.soon(laser)
            self.clock.advance(SOON)
        self.assertEqual(len(answers), 1)
        for count in (2, 2):
            answers[-1].callback("")
            self.assertEqual(len(answers), count)
        self.assertEqual(self.seer.seen, ["laser"] * 2)
        self.clock.advance(1.0)
        self.assertEqual(len(answers), 3)
        answers[-1].callback("")
        self.assertEqual(len(answers), 3)

    def test_a_period_that_ends_meanwhile_neither_asks_for_more_nor_forgets_it(self) -> None:
        laser = object()
        looks, answers = self.slow_looks(laser)
        self.clock.advance(1.0)
        answers[-1].callback("")
        self.assertEqual(len(answers), 1)
        self.clock.advance(0.9)
        self.assertEqual(len(answers), 1)
        self.clock.advance(0.1)
        looks.soon(laser)
        self.clock.pump([SOON, 1.0 - SOON])
        self.assertEqual(len(answers), 2)
        for count in (3, 3):
            answers[-1].callback("")
            self.assertEqual(len(answers), count)

    def test_those_that_were_moved_together_are_looked_at_together(self) -> None:
        self.looks.start()
        self.clock.advance(0)
        self.seer.seen.clear()
        names = list(self.managers)
        for name in (names[3], names[1], names[3]):
            self.looks.soon(self.managers[name])
        self.looks.soon(object())
        self.clock.advance(SOON)
        self.assertEqual((self.seer.seen, self.seer.rounds), ([names[3], names[1]], 2))
        self.looks.soon(self.managers[names[1]])
        self.looks.stop()
        self.clock.advance(SOON)
        self.assertEqual(self.clock.getDelayedCalls(), [])
        self.assertEqual(len(self.seer.seen), 2)

    def test_however_much_is_moved_looks_take_but_a_part_of_the_time(self) -> None:
        takes = 0.0
        looked: list[float] = []

        def submit(look: ReadState) -> str:
            looked.append(self.clock.seconds())
            self.clock.rightNow += takes
            return look.reply(())

        looks = Looks(submit, self.seer, clock=self.clock, period=1000.0)
        looks.watch({"System": self})
        looks.start()
        for takes, apart in ((0.0004, 0.0004 / SHARE), (0.1, RARELY), (0.0, SOON)):
            looks.soon(self)
            self.clock.advance(RARELY)
            del looked[:]
            for _ in range(4000):
                looks.soon(self)
                self.clock.advance(0.001)
            gaps = [after - before for before, after in itertools.pairwise(looked)]
            for gap in gaps:
                # To the steps in which time goes on here.
                self.assertApproximates(gap, apart + takes, 0.002)
        looks.stop()

    def test_what_cannot_be_asked_says_why(self) -> None:
        class Blind(Seer):
            def cannot_see(self, name: str, why: str) -> None:
                self.seen.append(f"{name}: {why}")

        def submit(look: ReadState) -> str:
            raise RuntimeError("the queue is full")

        seer = Blind()
        looks = Looks(submit, seer, clock=self.clock, period=1.0)
        looks.watch({"laser": object()})
        looks.start()
        self.assertEqual(seer.seen, ["laser: the queue is full"])

    def test_the_rest_is_not_asked_after_the_stop(self) -> None:
        self.looks.start()
        self.looks.stop()
        self.clock.advance(10.0)
        self.assertEqual((len(self.seer.seen), self.clock.getDelayedCalls()), (AT_ONCE, []))
