"""What is counted and timed of commands that act."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from pychron_comms.observability.metrics import Metrics
from pychron_comms.processor.execution.figures import OUTCOMES, WORDS, CommandFigures, outcome_of
from tests.doubles import ScriptedCall
from tests.help_texts import unfinished


class FigureTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.metrics = Metrics()
        self.figures = CommandFigures(self.metrics)

    def ended(self, word: str, reply: str, seconds: float = 0.0, ran: float | None = None) -> None:
        self.figures.all_ended([(ScriptedCall(word), {"type": "System"}, reply, seconds, ran)])

    def test_a_command_is_counted_by_what_came_of_it(self) -> None:
        self.ended("Open", "OK", 0.22, 0.2)
        self.ended("Open", "OK")
        self.ended("Open", "ERROR 207 : interlock: A is open")
        text = self.metrics.text()
        for outcome, count in (("ok", 2), ("interlock", 1)):
            line = f'commands_total{{command="Open",outcome="{outcome}",type="System"}} {count}.0\n'
            self.assertIn(line, text)
        self.assertIn('command_wait_seconds_bucket{le="0.025",type="System"} 1.0\n', text)
        self.assertIn('command_wait_seconds_bucket{le="0.01",type="System"} 0.0\n', text)
        self.assertIn('command_run_seconds_count{type="System"} 1.0\n', text)
        self.assertEqual(unfinished(self.metrics), {})

    def test_outcomes_are_a_closed_set(self) -> None:
        replies = [
            "OK",
            "ERROR",
            "ERROR x",
            "Error: no",
            "3.5",
            *(f"ERROR {n:03}" for n in range(999)),
        ]
        self.assertEqual({outcome_of(reply) for reply in replies}, OUTCOMES)

    def test_words_without_end_are_counted_together(self) -> None:
        for number in range(WORDS + 10):
            self.ended(f"Word{number}", "OK")
        text = self.metrics.text()
        self.assertEqual(text.count("commands_total{"), WORDS + 1)
        self.assertIn('commands_total{command="other",outcome="ok",type="System"} 10.0\n', text)
        # Those that were told apart are so further on.
        self.ended("Word0", "OK")
        self.assertIn(
            'commands_total{command="Word0",outcome="ok",type="System"} 2.0\n', self.metrics.text()
        )
