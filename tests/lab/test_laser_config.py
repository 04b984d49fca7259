"""Lasers as a configuration describes them, and what is said of mistakes in it."""

from importlib.resources import files
from random import Random

from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from pychron_comms.config.table import ConfigError, Table
from pychron_comms.errors import EmergencyShutdownError
from pychron_comms.lab.simulated.laser.config import laser_from_config
from pychron_comms.lab.simulated.laser.laser import SimulatedLaser
from pychron_comms.lab.simulated.laser.uv_laser import SimulatedUVLaser
from tests.config.table_case import without_line

HOLDER = "holders = { 221-hole = { pitch = 2.0, rows = [1, 2] } }\n"


def read(text: str) -> SimulatedLaser:
    table = Table.parse(text, "lab.toml")
    laser = laser_from_config("co2", table, Clock(), Random(1))
    table.finish()
    return laser


class LaserConfigTests(SynchronousTestCase):
    def test_least(self) -> None:
        laser = read(HOLDER)
        self.assertIs(type(laser), SimulatedLaser)
        self.assertEqual(laser.name, "co2")
        self.assertEqual(laser.get_sample_holder(), "221-hole")
        laser.enable()
        laser.set_laser_output(10.0, "watts")
        self.assertEqual(laser.output.power, 50.0)

    def test_uv(self) -> None:
        laser = read(f'kind = "uv"\nnburst = 3\n{HOLDER}')
        assert isinstance(laser, SimulatedUVLaser)
        self.assertEqual(laser.get_nburst(), 3)

    def test_faults(self) -> None:
        laser = read(f'faults = {{ emergency = "coolant flow" }}\n{HOLDER}')
        self.assertRaises(EmergencyShutdownError, laser.enable)

    def test_the_lasers_that_are_shipped(self) -> None:
        text = files("pychron_comms.lab").joinpath("default.toml").read_text("utf-8")
        tables = Table.parse(text, "default.toml").named_tables("laser")
        self.assertEqual(list(tables), ["co2", "diode", "synrad", "uv"])
        for name, table in tables.items():
            laser = laser_from_config(name, table, Clock(), Random(1))
            table.finish()
            self.assertEqual(isinstance(laser, SimulatedUVLaser), name == "uv")
            self.assertEqual(laser.get_sample_holder(), "221-hole")
            self.assertEqual(laser.get_pattern_names(), ["pa", "pb"])
            laser.enable()
            laser.set_laser_power(100.0)
            laser.go_to_hole(221, True)
            laser.go_to_named_position("t1")
            laser.go_to_point("p1")
            laser.go_to_point("t1")
            laser.trace_path(1.0, "l1", "continuous")
            self.assertTrue(laser.set_motor("mask", 0.0))
            self.assertTrue(laser.set_motor("attenuator", 100.0))

    def test_mistakes(self) -> None:
        for text, said in (
            ('kind = "ir"', "kind: expected one of laser, uv, got 'ir'"),
            ("", "holders: expected a table for each sample holder, and it is missing"),
            (f'holder = "x"\n{HOLDER}', "holder: expected one of 221-hole, got 'x'"),
            (
                "holders = { a = { pitch = 1.0, rows = [1.5] } }",
                "holders.a.rows: expected the number of holes in each row, got [1.5]",
            ),
            (
                "holders = { a = { pitch = 1.0, rows = [] } }",
                "holders.a.rows: expected the number of holes in each row, got []",
            ),
            (
                f"stage = {{ x = [1.0, 2.0] }}\n{HOLDER}",
                "stage.x: expected the two ends of its travel in mm, with 0 between them, "
                "got [1.0, 2.0]",
            ),
            (
                f"power_curve = {{ percent = [0, 90], watts = [0, 1] }}\n{HOLDER}",
                "power_curve.percent: expected ascending numbers from 0 to 100, got [0, 90]",
            ),
            (
                f"power_curve = {{ percent = [], watts = [] }}\n{HOLDER}",
                "power_curve.percent: expected ascending numbers from 0 to 100, got []",
            ),
            (
                f"power_curve = {{ watts = [0, 2, 1] }}\n{HOLDER}",
                "power_curve.watts: expected 2 ascending numbers from 0, one for each percent, "
                "got [0, 2, 1]",
            ),
            (
                f"positions = {{ a = [1.0] }}\n{HOLDER}",
                "positions.a: expected x and y, and perhaps z, in mm, got [1.0]",
            ),
            (
                f"paths = {{ a = [1.0, 2.0, 3.0] }}\n{HOLDER}",
                "paths.a: expected x1, y1, x2, y2 and so on in mm, got [1.0, 2.0, 3.0]",
            ),
            (
                f"motors = {{ mask = {{ minimum = 5.0, maximum = 1.0 }} }}\n{HOLDER}",
                "motors.mask.maximum: expected a number, 5 or more, got 1.0",
            ),
            (f"power = 1\n{HOLDER}", "power: no such key is known"),
        ):
            error = self.assertRaises(ConfigError, read, text)
            self.assertIn(f"lab.toml: {said}", without_line(str(error)))
