"""SIGHUP: what is to be read again, or a terminal that is gone."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable

from twisted.internet.error import ReactorNotRunning
from twisted.trial.unittest import SynchronousTestCase

from pychron_comms.process.hangup import Hangup, end_with_terminal


class HangupTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.terminals = {0, 1}
        self.acts = self.stops = self.calls = 0
        self.stop_error: Exception | None = None
        if hasattr(signal, "SIGHUP"):
            # These may have been started to outlive their terminal, too.
            before = signal.signal(signal.SIGHUP, signal.SIG_DFL)
            self.addCleanup(signal.signal, signal.SIGHUP, before)

    def stop(self) -> None:
        self.stops += 1
        if self.stop_error is not None:
            raise self.stop_error

    def callWhenRunning(self, call: Callable[[], None]) -> None:
        call()

    def callFromThread(self, call: Callable[[], None]) -> None:
        self.calls += 1

    def act(self) -> None:
        self.acts += 1

    def made(self) -> Hangup:
        return Hangup(self, self.act, lambda stream: stream in self.terminals)

    def test_it_acts(self) -> None:
        for self.terminals in (set(), {0, 1}):
            self.made().heard()
        self.assertEqual((self.acts, self.stops), (2, 0))

    def test_a_terminal_that_was_closed_ends_the_process(self) -> None:
        hangup = self.made()
        self.terminals = set()
        hangup.heard()
        self.assertEqual((self.acts, self.stops), (0, 1))

    def test_one_that_stops_already_stops_on(self) -> None:
        hangup = self.made()
        self.terminals = set()
        self.stop_error = ReactorNotRunning()
        hangup.heard()
        self.assertEqual((self.acts, self.stops), (0, 1))

    def test_what_was_started_to_outlive_its_terminal_does(self) -> None:
        if not hasattr(signal, "SIGHUP"):
            raise self.skipTest("it has no such signal")
        before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
        self.addCleanup(signal.signal, signal.SIGHUP, before)
        hangup = self.made()
        self.terminals = set()
        hangup.heard()
        self.assertEqual((self.acts, self.stops), (1, 0))

    def test_a_service_that_reads_nothing_again_is_not_ended_by_the_signal_itself(self) -> None:
        if not hasattr(signal, "SIGHUP"):
            raise self.skipTest("it has no such signal")
        before = signal.signal(signal.SIGHUP, lambda number, frame: None)
        self.addCleanup(signal.signal, signal.SIGHUP, before)
        end_with_terminal(self)
        os.kill(os.getpid(), signal.SIGHUP)
        self.assertEqual(self.calls, 1)
