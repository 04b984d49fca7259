"""A wait says what it waits for, in the words of who asked; and polls the right thing."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from pychron_comms.client.laser import PychronUVLaserManager
from pychron_comms.client.waiting import Progress, WaitCancelledError
from tests.asking import ScriptedCommunicator, clock_waiter

#: Each goes on for ever.
ENDLESS = {
    **dict.fromkeys(("GetDriveMoving", "GetAutoCorrecting", "IsPatterning", "IsTracing"), "True"),
    **dict.fromkeys(("GetMotorMoving", "IsFiring"), "True"),
    "IsReady": "False",
}

MOVES: tuple[tuple[str, Callable[[Any, Any], None], str], ...] = (
    ("hole 3", lambda laser, wait: laser.move_to_hole(3, **wait), "StopDrive"),
    ("hole 3", lambda laser, wait: laser.move_to_hole(3, autocenter=True, **wait), "StopDrive"),
    ("SetXY 1.0,2.0", lambda laser, wait: laser.move_to(1, 2, **wait), "StopDrive"),
    ("SetX 1.0", lambda laser, wait: laser.set_x(1, **wait), "StopDrive"),
    ("SetY 1.0", lambda laser, wait: laser.set_y(1, **wait), "StopDrive"),
    ("SetZ 1.0", lambda laser, wait: laser.set_z(1, **wait), "StopDrive"),
    ("GoToNamedPosition p", lambda laser, wait: laser.move_to_position("p", **wait), "StopDrive"),
    ("GoToPoint p", lambda laser, wait: laser.move_to_point("p", **wait), "StopDrive"),
    ("SetDriveHome", lambda laser, wait: laser.move_home(**wait), "StopDrive"),
    ("the stage", lambda laser, wait: laser.wait_moved(**wait), "StopDrive"),
    ("pattern pa", lambda laser, wait: laser.execute_pattern("pa", **wait), "AbortPattern"),
    ("the pattern", lambda laser, wait: laser.wait_pattern(**wait), "AbortPattern"),
    ("path l1", lambda laser, wait: laser.trace_path(1, "l1", **wait), "StopTrace"),
    ("Prepare", lambda laser, wait: laser.prepare(**wait), "Disable"),
    ("the burst", lambda laser, wait: laser.burst(**wait), "Fire stop"),
    ("SetMotor mask,1.0", lambda laser, wait: laser.set_motor("mask", 1, **wait), ""),
    ("SetBeamDiameter 1.0", lambda laser, wait: laser.set_beam_diameter(1, **wait), ""),
    ("SetZoom 1.0", lambda laser, wait: laser.set_zoom(1, **wait), ""),
)


class Server(ScriptedCommunicator):
    def __init__(self) -> None:
        super().__init__(ENDLESS)

    def ask(self, command: str, timeout: float | None = None) -> str:
        self.asked.append(command)
        return ENDLESS.get(command.partition(" ")[0], "OK")


class WhatIsWaitedForTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.clock = Clock()
        self.server = Server()
        self.laser = PychronUVLaserManager(self.server, waiter=clock_waiter(self.clock))

    def wait(self, move: Callable[[Any, Any], None], **options: Any) -> list[Progress]:
        """Cancelled after a second."""
        end = self.clock.seconds() + 1
        told: list[Progress] = []
        options |= {"progress": told.append, "cancel": lambda: self.clock.seconds() >= end}
        self.assertRaises(WaitCancelledError, move, self.laser, options)
        return told

    def test_each_wait_has_a_name_and_the_callers_options(self) -> None:
        for what, move, _ in MOVES:
            told = self.wait(move, deadline=60.0)
            self.assertEqual({(each.what, each.deadline) for each in told}, {(what, 60.0)})
            self.assertEqual([each.elapsed for each in told], [0.0, 0.25, 0.5, 0.75])

    def test_one_that_is_cancelled_stops_what_it_began_only_where_it_is_told_to(self) -> None:
        for _, move, stop in MOVES:
            self.wait(move)
            self.assertNotIn(stop, self.server.asked)
            self.wait(move, stop_on_cancel=True)
            if stop:
                self.assertEqual(self.server.asked[-1], stop)
            self.server.asked.clear()

    def test_without_block_nothing_is_polled(self) -> None:
        for what, move, _ in MOVES:
            if what not in ("the stage", "the pattern"):
                move(self.laser, {"block": False})
                self.assertEqual(len(self.server.asked), 1)
            self.server.asked.clear()
