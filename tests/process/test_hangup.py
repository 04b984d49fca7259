"""SIGHUP: what is to be read again, or a terminal that is gone."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from pychron_comms.process.hangup import Hangup


class HangupTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.terminals = {0, 1}
        self.acts = self.stops = 0

    def stop(self) -> None:
        self.stops += 1

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
