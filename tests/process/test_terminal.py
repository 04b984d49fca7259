"""Colours are for a terminal, and for who wants them."""

from __future__ import annotations

import io

from twisted.trial.unittest import SynchronousTestCase

from pychron_comms.process.terminal import shows_colours


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
