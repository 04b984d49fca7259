"""The thread that waits for the disk."""

from __future__ import annotations

import threading
from collections.abc import Callable
from queue import SimpleQueue

from twisted.trial.unittest import SynchronousTestCase

from pychron_comms.journal.syncing import SyncThread

_PATIENCE = 20.0


class Threads(SynchronousTestCase):
    def setUp(self) -> None:
        self.called: SimpleQueue[Callable[[], None]] = SimpleQueue()
        self.syncing = SyncThread(self.called.put)
        self.addCleanup(self.syncing.stop)
        self.done: list[object] = []

    def reactor_turn(self) -> None:
        self.called.get(timeout=_PATIENCE)()

    def test_syncs_elsewhere_and_tells_in_the_reactors_thread(self) -> None:
        threads: list[threading.Thread] = []
        for _ in range(2):
            self.syncing.begin(lambda: threads.append(threading.current_thread()), self.done.append)
            self.reactor_turn()
        self.assertEqual(self.done, [None, None])
        self.assertEqual(len(set(threads)), 1)
        self.assertNotIn(threading.current_thread(), threads)
        # A disk that hangs keeps no process from ending.
        self.assertTrue(threads[0].daemon)

    def test_does_one_thing_after_another_and_tells_what_each_gave(self) -> None:
        gate = threading.Event()
        self.addCleanup(gate.set)
        self.syncing.begin(lambda: gate.wait(_PATIENCE) and 1, self.done.append)
        self.syncing.begin(lambda: 2, self.done.append)
        gate.set()
        for _ in range(2):
            self.reactor_turn()
        self.assertEqual(self.done, [1, 2])

    def test_tells_what_went_wrong_a_bug_too(self) -> None:
        errors = OSError("bad sector"), ZeroDivisionError()
        for error in errors:
            self.syncing.begin(_raising(error), self.done.append)
            self.reactor_turn()
        self.assertEqual(self.done, list(errors))

    def test_who_waits_for_it_is_told_there_and_once(self) -> None:
        self.syncing.begin(lambda: None, self.done.append)
        self.syncing.wait(_PATIENCE)
        self.assertEqual(self.done, [None])
        self.reactor_turn()
        self.assertEqual(self.done, [None])

    def test_who_waits_does_so_for_no_longer_than_he_says(self) -> None:
        gate = threading.Event()
        self.addCleanup(gate.set)
        self.syncing.begin(lambda: _wait(gate), self.done.append)
        self.syncing.wait(0.01)
        self.syncing.wait(0.0)
        self.assertEqual(self.done, [])
        gate.set()
        self.reactor_turn()
        self.assertEqual(self.done, [None])

    def test_where_no_thread_can_be_begun_it_is_told_and_the_next_one_tries(self) -> None:
        with_one = self.patch(threading.Thread, "start", _no_more)
        self.syncing.begin(lambda: 1, self.done.append)
        self.assertEqual(self.done, [])
        self.reactor_turn()
        (error,) = self.done
        assert isinstance(error, OSError)
        self.assertEqual(error.strerror, "no thread can be begun to write it")
        with_one.restore()
        self.syncing.begin(lambda: 2, self.done.append)
        self.reactor_turn()
        self.assertEqual(self.done[1:], [2])

    def test_ends_when_none_will_come(self) -> None:
        threads: list[threading.Thread] = []
        self.syncing.begin(lambda: threads.append(threading.current_thread()), self.done.append)
        self.reactor_turn()
        self.syncing.stop()
        threads[0].join(_PATIENCE)
        self.assertFalse(threads[0].is_alive())


def _no_more(thread: threading.Thread) -> None:
    raise RuntimeError("can't start new thread")


def _wait(gate: threading.Event) -> None:
    gate.wait(_PATIENCE)


def _raising(error: Exception) -> Callable[[], None]:
    def sync() -> None:
        raise error

    return sync
