"""The connections to processors: made for a route, and let go when nothing is left of it."""

from __future__ import annotations

from typing import Any

from twisted.application.service import Service
from twisted.internet.task import Clock
from twisted.logger import capturedLogs, formatEvent
from twisted.trial.unittest import SynchronousTestCase

from pychron_comms.server.routing.processors import KEEP, LOOK, Processors


class Repeater(Service):
    """Stands for the repeater to a processor."""

    def __init__(self) -> None:
        self.in_flight = 0
        self.connection: object = "there"


class ProcessorsTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.clock = Clock()
        self.forgotten: list[str] = []
        self.processors: Any = Processors(self.make, self.forgotten.append, self.clock)
        self.processors.startService()
        self.addCleanup(self.processors.stopService)

    def make(self, name: str) -> Any:
        if name == "bad":
            raise ValueError(name)
        return Repeater()

    def route(self, *names: str) -> dict[str, Any]:
        made: dict[str, Any] = self.processors.made(names)
        self.processors.take(made)
        return made

    def test_one_that_is_there_is_kept(self) -> None:
        before = self.route("a", "b", "a")
        after = self.route("b", "c")
        self.assertIs(after["b"], before["b"])
        self.assertTrue(after["c"].running)

    def test_a_place_that_is_none_changes_nothing(self) -> None:
        self.route("a")
        self.assertRaises(ValueError, self.processors.made, ["b", "bad"])
        self.assertEqual((list(self.processors.all), self.forgotten), (["a"], ["b"]))

    def test_what_is_on_its_way_ends_before_one_is_let_go(self) -> None:
        old = self.route("a")["a"]
        old.in_flight = 1
        self.route("b")
        self.assertEqual(self.forgotten, ["a"])
        old.connection = None
        self.clock.advance(LOOK)
        self.assertTrue(old.running)
        old.in_flight = 0
        with capturedLogs() as logs:
            self.clock.advance(LOOK)
        told = [formatEvent(each) for each in logs]
        self.assertEqual(told, ["nothing is left of what was sent to a"])
        self.assertFalse(old.running)
        self.assertEqual(list(self.processors.all), ["b"])

    def test_one_that_answers_is_asked_of_keys_for_an_hour(self) -> None:
        self.clock.advance(KEEP)
        old = self.route("a")["a"]
        self.route("b")
        self.clock.pump([LOOK, KEEP - 2 * LOOK])
        self.assertTrue(old.running)
        self.clock.pump([LOOK])
        self.assertFalse(old.running)

    def test_a_route_back_has_a_connection_of_its_own(self) -> None:
        lives = []
        for _ in range(3):
            lives.append(self.route("a")["a"])
            self.route("b")
        named = {name: each for name, each in self.processors.all.items() if name[0] == "a"}
        names = ["a (before 1)", "a (before 3)", "a"]
        self.assertEqual(named, dict(zip(names, lives, strict=True)))
