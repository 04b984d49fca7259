"""What is counted of the moves of valves."""

from __future__ import annotations

import re
from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from pychron_comms.interfaces import Move, Severity
from pychron_comms.observability.metrics import Metrics
from pychron_comms.observability.state.items import Item
from pychron_comms.observability.state.stream import StateStream
from pychron_comms.processor.state.valve_figures import ValveFigures
from tests.help_texts import unfinished


class Call:
    def __init__(self, *moves: Move) -> None:
        self.moves = moves


def path_of(move: Move) -> str:
    return f"System/valve/{move.target}" if len(move.target) == 1 else f"System/{move.target}"


class ValveFigureTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.metrics = Metrics()
        self.figures = ValveFigures(self.metrics, path_of)

    def ended(self, target: str, value: object, reply: str = "OK") -> None:
        call: Any = Call(Move(None, target, value))
        self.figures.goes_on(call)
        self.figures.all_ended([(call, {}, reply, 0.1, 0.1)])

    def test_each_move_that_was_done_is_counted(self) -> None:
        for opens in (True, False, True):
            self.ended("A", opens)
        self.ended("B", True)
        text = self.metrics.text()
        self.assertIn('pychron_comms_valve_actuations_total{valve="A"} 3.0', text)
        self.assertIn('pychron_comms_valve_actuations_total{valve="B"} 1.0', text)
        self.assertEqual(unfinished(self.metrics), {})

    def test_what_was_not_done_and_what_is_no_move_of_a_valve_is_not(self) -> None:
        self.ended("A", True, "ERROR 014 : Valve A is software locked")
        self.ended("A", "locked")
        self.ended("run", True)
        self.assertNotIn("actuations", self.metrics.text())

    def test_how_long_a_valve_takes_is_told_by_bounds(self) -> None:
        call: Any = Call(Move(None, "A", True))
        for seconds, reply in ((0.2, "OK"), (3.0, "ERROR 015 : stuck")):
            self.figures.goes_on(call)
            self.figures.all_ended([(call, {}, reply, 10.0, seconds)])
        # One that was answered at once has not travelled.
        self.figures.all_ended([(call, {}, "OK", 10.0, 0.001)])
        text = self.metrics.text()
        self.assertIn('pychron_comms_valve_travel_seconds_count{valve="A"} 1.0', text)
        (total,) = re.findall(r'valve_travel_seconds_sum{valve="A"} (.*)', text)
        self.assertAlmostEqual(float(total), 0.2)


class MismatchTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.metrics = Metrics()
        self.stream = StateStream("s1", lambda: 1.0)
        self.stream.follow(ValveFigures(self.metrics, path_of))

    def show(
        self,
        value: object,
        severity: Severity = Severity.MAJOR,
        *,
        moving: bool = False,
        path: str = "System/valve/A",
    ) -> None:
        details = {"target": True, "moving": moving}
        self.stream.publish(
            Item(
                path=path,
                value=value,
                severity=severity,
                obtained=1.0,
                confirmed=1.0,
                details=details,
            )
        )

    def test_each_time_that_one_stands_other_than_it_was_told_is_counted_once(self) -> None:
        for _ in range(2):
            self.show(False, moving=True)
            self.show(False)
            self.show(False)
            self.show(True, Severity.OK)
        self.assertIn(
            'pychron_comms_valve_state_mismatch_total{valve="A"} 2.0', self.metrics.text()
        )
        self.assertEqual(unfinished(self.metrics), {})

    def test_what_is_not_known_or_no_valve_is_no_mismatch(self) -> None:
        self.show(None, Severity.INVALID)
        self.show(True, Severity.MAJOR)
        self.show(False, moving=True)
        self.show(False, path="device/heater")
        self.stream.happened("command", who="me")
        self.assertNotIn("mismatch", self.metrics.text())
