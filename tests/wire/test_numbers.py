"""A number as a command writes it."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from pychron_comms.wire.numbers import finite_number


class FiniteNumberTests(SynchronousTestCase):
    def test_what_a_person_writes_for_a_number_is_one(self) -> None:
        for text, number in (("7", 7.0), ("-1.5e-3", -0.0015), (" 2 ", 2.0), (".5", 0.5)):
            self.assertEqual(finite_number(text), number)

    def test_what_is_none_is_refused_in_words(self) -> None:
        for text in ("", "x", "nan", "inf", "-inf", "1e999", "1_5", "1,5"):
            error = self.assertRaises(ValueError, finite_number, text)
            self.assertEqual(str(error), "must be a number")
