"""Histories of clients, commands and faults, drawn at random; the promises hold after each.

Each history is a list of plain steps, drawn first and then run by an interpreter, and not a
``RuleBasedStateMachine``: drawing costs a fifth of it, a failure shrinks to a list that can be
pasted into a test, and the same histories run against roads that were broken on purpose
(``test_teeth``). ``PYCHRON_HISTORIES`` says how many; ``pytest -s`` shows what they held.
"""

from __future__ import annotations

import contextlib
import os
import socket
import sys
import time
from collections import Counter

from hypothesis import HealthCheck, given, settings
from twisted.trial.unittest import SynchronousTestCase

from pychron_comms.server.messaging_handler import is_unacknowledged
from tests.faults.model.classics import CLASSICS
from tests.faults.model.history import History, histories
from tests.faults.model.promises import live_through

HISTORIES = int(os.environ.get("PYCHRON_HISTORIES", "300"))


class ModelTests(SynchronousTestCase):
    def test_the_promises_hold_in_the_histories_that_are_known(self) -> None:
        for history in CLASSICS:
            self.assertTrue(live_through(history).laboratory.told)

    def test_the_promises_hold_whatever_happens(self) -> None:
        seen: Counter[str] = Counter()
        total: Counter[str] = Counter()

        @settings(
            max_examples=HISTORIES,
            deadline=None,
            derandomize=True,
            database=None,
            report_multiple_bugs=False,
            suppress_health_check=list(HealthCheck),
        )
        @given(histories)
        def lives(history: History) -> None:
            world = live_through(history)
            seen.update(world.faults.keys())
            total["histories"] += 1
            total["commands"] += len(world.units)
            total["asks"] += sum(len(unit.asks) for unit in world.units)
            total["actuations"] += sum(world.laboratory.actuated.values())

        started = time.monotonic()
        lives()
        self.assertGreaterEqual(total["histories"], HISTORIES)
        print(_summary(total, seen, time.monotonic() - started))  # noqa: T201


class AcknowledgementTests(SynchronousTestCase):
    """What the system knows of bytes that have not reached the other end."""

    def setUp(self) -> None:
        listener = socket.create_server(("127.0.0.1", 0))
        self.near = socket.create_connection(listener.getsockname())
        self.far, _ = listener.accept()
        listener.close()
        self.addCleanup(self.near.close)
        self.addCleanup(self.far.close)

    def test_the_end_of_the_other_side_acknowledges_what_has_arrived(self) -> None:
        self.near.sendall(b"OK\r\n")
        self.far.recv(4)
        self.far.shutdown(socket.SHUT_WR)
        self.assertEqual(self.near.recv(1), b"")
        self.assertFalse(is_unacknowledged(self.near))

    def test_what_finds_no_room_there_is_not(self) -> None:
        self.near.setblocking(False)
        with contextlib.suppress(BlockingIOError):
            while True:
                self.near.send(bytes(65536))
        self.assertEqual(is_unacknowledged(self.near), sys.platform == "linux")

    def test_of_what_is_no_socket_nothing_is_known(self) -> None:
        self.assertFalse(is_unacknowledged(object()))


def _summary(total: Counter[str], seen: Counter[str], seconds: float) -> str:
    counts = ", ".join(f"{number} {what}" for what, number in total.items())
    faults = "\n".join(f"  {number:6d}  {what}" for what, number in sorted(seen.items()))
    return f"\n{counts} in {seconds:.0f} s; histories with\n{faults}"
