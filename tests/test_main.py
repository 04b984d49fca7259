"""``python -m pychron_comms`` is ``pychron-lab run``."""

from __future__ import annotations

from collections.abc import Sequence

from twisted.trial.unittest import SynchronousTestCase

from pychron_comms import __main__ as program


class MainTests(SynchronousTestCase):
    def test_it_runs_the_laboratory_that_is_named(self) -> None:
        asked: list[Sequence[str]] = []
        self.patch(program, "lab", lambda words: asked.append(words) or 0)
        self.assertEqual(program.main(["--config", "lab.toml"]), 0)
        self.assertEqual(asked, [["run", "--config", "lab.toml"]])
