"""Two processors of the same hardware at a broker: whatever happens, counted at the hardware.

``python -m tests.faults.takeovers`` runs more histories.
"""

from __future__ import annotations

import random
from collections import Counter

from twisted.trial.unittest import SynchronousTestCase

from pychron_comms.broker.chosen import AGAIN as CHOSEN_AGAIN
from pychron_comms.broker.lane import PATIENCE, QUIET
from pychron_comms.broker.link import HEARTBEAT
from pychron_comms.broker.ownership import WAIT
from pychron_comms.broker.state import StateTeller
from pychron_comms.broker.topology import AGAIN
from tests.draws import drawn
from tests.faults.model.bench import Script
from tests.faults.model.breakages import broken
from tests.faults.model.keeping import Broken
from tests.faults.takeovers import histories
from tests.faults.takeovers.__main__ import count
from tests.faults.takeovers.breakages import BREAKAGES
from tests.faults.takeovers.promises import live_through
from tests.faults.takeovers.wires import SILENCE
from tests.faults.takeovers.world import Wish, World

HISTORIES = 10
#: In which all that may happen does.
_LEAST = 5

#: The first server, among those that can be cut off.
SERVER = 2


class TakeoverTests(SynchronousTestCase):
    def test_the_promises_hold_whatever_happens(self) -> None:
        seen: Counter[str] = Counter()
        for number in range(drawn(HISTORIES, _LEAST)):
            # The pauses before connecting again are random.
            random.seed(number)
            count(live_through(histories.drawn(number), World()), seen)
        for what in ("commands", "obeyed", "killed", "cut", "frozen past its lease"):
            self.assertGreater(seen[what], 0, what)

    def test_a_reply_that_was_lost_is_asked_for_by_its_key(self) -> None:
        world = World()
        world.ask(0, Wish("Count", "a", Script(0.3), None, key=True))
        world.pass_time(0.1)
        # It is done while its server hears nothing.
        world.cut(SERVER, 12.0)
        world.pass_time(20.0)
        (unit,) = world.units
        self.assertEqual(unit.replies, ["did n0"])
        self.assertEqual((len(unit.asks), world.laboratory.actuated["n0"]), (1, 1))

    def test_the_next_owner_is_asked_for_the_replies_of_one_that_died(self) -> None:
        world = World()
        world.ask(0, Wish("Count", "a", Script(0.3), None, key=True))
        world.pass_time(0.1)
        world.cut(SERVER, 1.0)
        world.pass_time(0.5)
        world.kill(0, 30.0)
        world.pass_time(20.0)
        (unit,) = world.units
        self.assertEqual((unit.replies, len(unit.asks)), (["did n0"], 1))

    def test_an_end_that_the_broker_lost_is_told_again_before_another_takes_over(self) -> None:
        world = World()
        world.ask(0, Wish("Count", "a", Script(0.3), None, key=True))
        world.pass_time(0.1)
        # What the broker is told from now on dies with it.
        world.slow_disk(5.0, 1.0)
        world.pass_time(0.4)
        (unit,) = world.units
        self.assertEqual(unit.replies, ["did n0"])
        world.restart_broker(0.2)
        # All are back, and nobody has waited for so long that he may claim.
        world.pass_time(2.0)
        world.kill(0, 30.0)
        world.pass_time(10.0)
        world.ask_again(0, unit)
        world.pass_time(1.0)
        self.assertEqual(unit.replies, ["did n0"] * 2)
        self.assertEqual(world.laboratory.actuated["n0"], 1)


class UnboundTests(SynchronousTestCase):
    def test_bindings_that_somebody_takes_away_are_made_again(self) -> None:
        """Nobody is told so, and nothing came any more, for ever."""
        world = World()
        world.broker.unbind()
        world.pass_time(AGAIN + 5.0)
        world.ask(0, Wish("Count", "a", Script(), None, key=False))
        world.pass_time(1.0)
        self.assertEqual(world.units[0].replies, ["did n0"])


class MadeAnewTests(SynchronousTestCase):
    """Somebody deletes a queue and makes it again at once: nobody is told, and nothing comes."""

    def setUp(self) -> None:
        self.world = World()

    def answer_after(self, word: str, seconds: float) -> list[str]:
        self.world.pass_time(seconds)
        self.world.ask(0, Wish(word, "a", Script(), 1.0, key=False))
        self.world.pass_time(2.0)
        return self.world.units[-1].replies

    def test_one_that_requests_come_by_is_served_again(self) -> None:
        for number, (queue, word) in enumerate((("act", "Count"), ("safe", "Calm"))):
            self.world.make_anew(queue)
            self.assertIn("ERROR 201", str(self.answer_after(word, 0.0)))
            self.assertEqual(
                self.answer_after(word, QUIET + PATIENCE + WAIT + 3.0), [f"did n{2 * number + 1}"]
            )

    def test_by_the_owners_somebody_is_chosen_again_and_by_it_who_stands_by(self) -> None:
        self.world.make_anew("owner")
        self.assertEqual(self.answer_after("Count", CHOSEN_AGAIN + WAIT + 3.0), ["did n0"])
        # Also of those that had nothing to do with it.
        self.world.pass_time(CHOSEN_AGAIN)
        self.world.kill(self.world.processors.index(self.world.owners()[0]), 60.0)
        self.assertEqual(self.answer_after("Count", WAIT + 1.5), ["did n1"])


class FloodTests(SynchronousTestCase):
    """What anybody may send to the owner takes no hardware from it."""

    def setUp(self) -> None:
        self.world = World()

    def test_requests_that_stand_before_everything_hold_up_no_beat(self) -> None:
        owners = len(self.world.takeovers)
        # By the connection that requests come by, but for those that act.
        self.world.cut_one(0, 5.0)
        self.world.pass_time(8.0)
        self.assertEqual(len(self.world.takeovers), owners)

    def test_many_who_want_a_picture_at_once_get_one_together(self) -> None:
        shown: list[str] = []
        self.patch(StateTeller, "tell_one", lambda teller, queue: shown.append("one"))
        self.patch(StateTeller, "tell_all", lambda teller: shown.append("all"))
        for _ in range(50):
            self.world.servers[0].repeater.reach.say("Snapshot")
        self.world.pass_time(1.0)
        self.assertEqual(shown, ["one", "all"])
        # Nobody wants one any more.
        self.world.pass_time(2.0)
        self.assertEqual(shown.count("one"), 1)


class PromptTests(SynchronousTestCase):
    """In the model's time, which a busy machine does not stretch."""

    def setUp(self) -> None:
        self.world = World()
        self.begun = self.world.clock.seconds()

    def seconds_until_another_answers(self) -> float:
        """From the beginning; by then it is surely known."""
        world = self.world
        while world.clock.seconds() < self.begun + 30.0:
            world.ask(0, Wish("Count", "a", Script(), 0.5, key=False))
            world.pass_time(0.1)
            unit = world.units[-1]
            if unit.replies == [f"did {unit.number}"] and world.takeovers[-1][0] > self.begun:
                return world.clock.seconds() - self.begun
        raise AssertionError("nobody answers")

    def test_another_answers_within_five_seconds_of_a_kill(self) -> None:
        self.world.kill(0, 60.0)
        self.assertLess(self.seconds_until_another_answers(), 5.0)

    def test_another_answers_within_fifteen_seconds_of_a_cut(self) -> None:
        # The broker gives a silent connection up after three heartbeats at the latest; the model's
        # a second before.
        self.assertEqual(SILENCE, 3 * HEARTBEAT)
        self.world.cut(0, 60.0)
        self.assertLess(self.seconds_until_another_answers() + 1.0, 15.0)

    def test_another_answers_within_fifteen_seconds_of_a_freeze(self) -> None:
        self.world.freeze(0, 60.0)
        self.assertLess(self.seconds_until_another_answers(), 15.0)


class TeethTests(SynchronousTestCase):
    def test_each_mechanism_that_is_taken_out_is_noticed(self) -> None:
        for name, breakage in BREAKAGES.items():
            with broken(breakage.patches):
                random.seed(15)
                error = self.assertRaises(Broken, live_through, breakage.history, World())
            self.assertEqual(error.promise, breakage.noticed_by, name)
