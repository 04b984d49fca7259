"""What is counted of the moves of valves."""

from __future__ import annotations

from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from pychron_comms.interfaces import Move
from pychron_comms.observability.metrics import Metrics
from pychron_comms.processor.state.valve_figures import ValveFigures


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
        self.figures.ended(call, {}, reply, 0.1)

    def test_each_move_that_was_done_is_counted(self) -> None:
        for opens in (True, False, True):
            self.ended("A", opens)
        self.ended("B", True)
        text = self.metrics.text()
        self.assertIn('pychron_comms_valve_actuations_total{valve="A"} 3.0', text)
        self.assertIn('pychron_comms_valve_actuations_total{valve="B"} 1.0', text)

    def test_what_was_not_done_and_what_is_no_move_of_a_valve_is_not(self) -> None:
        self.ended("A", True, "ERROR 014 : Valve A is software locked")
        self.ended("A", "locked")
        self.ended("run", True)
        self.assertNotIn("actuations", self.metrics.text())
