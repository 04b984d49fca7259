"""The nearest known word: near enough to be meant, or none."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from pychron_comms.config.nearest import did_you_mean, nearest

COMMANDS = ("Open", "Close", "StartRun", "StopRun", "Subscribe", "GetValveState", "Help", "SetXY")


class NearestTests(SynchronousTestCase):
    def test_a_slip_of_the_fingers_is_seen_through(self) -> None:
        for typed, meant in (
            ("Opne", "Open"),
            ("Opeen", "Open"),
            ("Opn", "Open"),
            ("Opem", "Open"),
            ("open", "Open"),
            ("GetValvState", "GetValveState"),
            ("GetVavleSatte", "GetValveState"),
            ("StartRum", "StartRun"),
            ("Setx", "SetXY"),
        ):
            self.assertEqual(nearest(typed, COMMANDS), meant)

    def test_what_only_has_letters_in_common_is_not_offered(self) -> None:
        for typed, unfit in (
            ("Status", "StartRun"),
            ("Status", "StartMultRuns"),
            ("Substance", "Subscribe"),
            ("GetTemperature", "GetParameter"),
            ("Disable", "Enable"),
        ):
            self.assertEqual(nearest(typed, (unfit,)), "", typed)
        self.assertEqual(did_you_mean("Status", COMMANDS), "")

    def test_one_letter_is_like_another_only_where_it_stands_in_it(self) -> None:
        self.assertEqual(nearest("Q", ("A", "B")), "")
        self.assertEqual(nearest("X", ("AX", "H1")), "AX")

    def test_short_for_long_and_long_for_short(self) -> None:
        self.assertEqual(nearest("int16", ("u16", "i16", "f32")), "i16")
        self.assertEqual(nearest("co", ("CO2", "Synrad")), "CO2")

    def test_of_several_the_one_with_the_fewest_slips(self) -> None:
        self.assertEqual(nearest("prcessor", ("processes", "processor")), "processor")
        self.assertEqual(nearest("gc_tpc", ("gc", "pneu_tcp", "gc_tcp")), "gc_tcp")

    def test_what_is_too_long_to_be_a_slip_is_not_compared(self) -> None:
        self.assertEqual(nearest("x" * 65, ("x" * 65,)), "")
