"""How much room is left on a disk that may not even answer that."""

from __future__ import annotations

from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

from pychron_comms.journal.free_room import FreeRoom
from tests.stepped_disk import SteppedDisk

HERE = Path()


class FreeRoomTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.disk = SteppedDisk()
        self.left = [3]
        self.free = FreeRoom(self.disk, lambda folder: self.left.pop(0))

    def test_is_what_was_found_last_and_nobody_waits_for_it(self) -> None:
        self.assertEqual((self.free(HERE), self.disk.asked), (3, 0))
        self.left = [2, 1]
        self.assertEqual([self.free(HERE), self.free(HERE)], [3, 3])
        self.assertEqual(self.disk.asked, 1)
        self.disk.end()
        self.assertEqual(self.free(HERE), 2)
        self.disk.end()
        self.assertEqual(self.free(HERE), 1)

    def test_where_it_cannot_be_told_that_is_told_until_it_can(self) -> None:
        self.free(HERE)
        self.free(HERE)
        self.disk.end(OSError("stale"))
        self.left = [2]
        self.assertRaises(OSError, self.free, HERE)
        self.disk.end()
        self.assertEqual(self.free(HERE), 2)
