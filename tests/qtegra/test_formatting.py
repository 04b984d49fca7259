"""Numbers and data as Qtegra writes them."""

from __future__ import annotations

from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from pychron_comms.interfaces import Intensity
from pychron_comms.qtegra import formatting as texts
from tests.properties import holds


class NumberTests(SynchronousTestCase):
    def test_as_dot_net_writes_them(self) -> None:
        for value, text in (
            (0.0, "0"),
            (-0.0, "0"),
            (1.0, "1"),
            (4500.0, "4500"),
            (1.048, "1.048"),
            (5.35, "5.35"),
            (-2.25, "-2.25"),
            (1.5e-9, "1.5E-09"),
            (-1.25e-5, "-1.25E-05"),
            (0.0001, "0.0001"),
            (0.00001, "1E-05"),
            (123456789012345.0, "123456789012345"),
            (999999999999999.0, "999999999999999"),
            (1e15, "1E+15"),
            (1.5e-300, "1.5E-300"),
            (0.1 + 0.2, "0.3"),
            (250 * 1.0005, "250.125"),
            (1 / 3, "0.333333333333333"),
            (2 / 3, "0.666666666666667"),
        ):
            self.assertEqual((value, texts.number(value)), (value, text))

    @holds
    @given(st.floats(-1e308, 1e308))
    def test_every_number_comes_back_to_15_digits(self, value: float) -> None:
        text = texts.number(value)
        self.assertLessEqual(len(Decimal(text).as_tuple().digits), 15)
        back = float(text)
        self.assertLessEqual(abs(back - value), 1e-14 * abs(value) + 5e-324)

    def test_what_dot_net_reads(self) -> None:
        for text, value in (
            ("5", 5),
            (" 5 ", 5),
            ("+5.", 5),
            ("-.5", -0.5),
            ("4,500", 4500),
            ("1e-3", 0.001),
            ("1E+3", 1000),
        ):
            self.assertEqual((text, texts.parse_number(text)), (text, value))

    def test_what_is_no_number(self) -> None:
        for text in (
            "",
            " ",
            "five",
            ",5",
            "1_0",
            "0x10",
            "nan",
            "NaN",
            "inf",
            "1e999",
            "1 2",
            "٣",
        ):
            self.assertRaises(ValueError, texts.parse_number, text)


class DataTests(SynchronousTestCase):
    intensities = (Intensity("H2", 1.5), Intensity("CDD", 2e-7))

    def test_tagged(self) -> None:
        self.assertEqual(texts.data(self.intensities, True), "H2,1.5,CDD,2E-07")

    def test_untagged(self) -> None:
        self.assertEqual(texts.data(self.intensities, False), "1.5,2E-07")
