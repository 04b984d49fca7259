"""Colours are for a terminal, and for who wants them; what ends a tool ends it tidily."""

from __future__ import annotations

import io
import os
import signal

from twisted.trial.unittest import SynchronousTestCase

from pychron_comms.process.terminal import ToldToEnd, ended_as_by_ctrl_c, shows_colours


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


class ColourTests(SynchronousTestCase):
    def test_who_sees_them(self) -> None:
        for stream, environ, wanted in (
            (Terminal(), {"TERM": "xterm"}, True),
            (io.StringIO(), {"TERM": "xterm"}, False),
            (Terminal(), {"TERM": "xterm", "NO_COLOR": "1"}, False),
            (Terminal(), {"TERM": "dumb"}, False),
            (Terminal(), {}, False),
        ):
            self.assertEqual(shows_colours(stream, environ), wanted)


class EndTests(SynchronousTestCase):
    def test_sigterm_is_as_ctrl_c_and_afterwards_what_it_was(self) -> None:
        before = signal.getsignal(signal.SIGTERM)
        tidied = []

        def tell() -> None:
            with ended_as_by_ctrl_c():
                try:
                    os.kill(os.getpid(), signal.SIGTERM)
                except KeyboardInterrupt:
                    tidied.append(True)
                    raise

        self.assertRaises(ToldToEnd, tell)
        self.assertEqual((tidied, signal.getsignal(signal.SIGTERM)), ([True], before))

    def test_what_nohup_has_ignored_stays_so(self) -> None:
        before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
        self.addCleanup(signal.signal, signal.SIGHUP, before)
        with ended_as_by_ctrl_c():
            os.kill(os.getpid(), signal.SIGHUP)
            self.assertIs(signal.getsignal(signal.SIGHUP), signal.SIG_IGN)
