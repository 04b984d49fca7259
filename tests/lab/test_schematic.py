"""Drawings of extraction lines: laid out, or placed by hand."""

from __future__ import annotations

import itertools

from twisted.trial.unittest import SynchronousTestCase

from pychron_comms.config.table import ConfigError, Table
from pychron_comms.lab.schematic.config import schematic_from_config
from pychron_comms.lab.schematic.layout import kind_of, laid_out
from pychron_comms.lab.schematic.model import Schematic, Shape
from pychron_comms.processor.settings import default_laboratory


def overlap(one: Shape, other: Shape) -> bool:
    return (
        abs(one.x - other.x) * 2 < one.width + other.width
        and abs(one.y - other.y) * 2 < one.height + other.height
    )


class LayoutTests(SynchronousTestCase):
    def assert_good(self, schematic: Schematic, valves: set[str]) -> None:
        for one, other in itertools.combinations(schematic.shapes, 2):
            self.assertFalse(overlap(one, other), f"{one} {other}")
        ends = [each.end for each in schematic.connections]
        starts = [each.start for each in schematic.connections]
        for valve in valves:
            self.assertEqual((ends.count(valve), starts.count(valve)), (1, 1), valve)

    def test_the_laboratory_of_the_package(self) -> None:
        schematic = schematic_from_config(default_laboratory())
        self.assertEqual(
            {shape.name for shape in schematic.shapes if shape.kind == "valve"}, set("ABCDEFGHV")
        )
        self.assert_good(schematic, set("ABCDEFGHV"))

    def test_nothing_gives_an_empty_drawing(self) -> None:
        self.assertEqual(laid_out([], {}), Schematic(shapes=[], connections=[]))

    def test_a_valve_that_joins_nothing_stands_apart(self) -> None:
        schematic = laid_out(["bone"], {"A": None, "B": None})
        self.assertEqual([each.name for each in schematic.shapes], ["bone", "A", "B"])
        self.assertEqual(schematic.connections, [])
        self.assert_good(schematic, set())

    def test_chains_rings_and_islands(self) -> None:
        lines: list[dict[str, tuple[str, str] | None]] = [
            {"1": ("a", "b"), "2": ("b", "c"), "3": ("c", "d"), "4": ("d", "e")},
            {"1": ("a", "b"), "2": ("b", "c"), "3": ("c", "a")},
            {"1": ("a", "b"), "2": ("a", "b")},
            {"1": ("a", "b"), "2": ("c", "d"), "3": ("d", "e")},
            {str(n): ("a", x) for n, x in enumerate("bcdefghijk")},
            {"1": ("a", "b"), "2": ("a", "c"), "3": ("b", "d"), "4": ("c", "e"), "5": ("d", "e")},
        ]
        for joins in lines:
            volumes = sorted({end for ends in joins.values() if ends for end in ends})
            self.assert_good(laid_out(volumes, joins), set(joins))

    def test_a_volume_is_known_by_its_name(self) -> None:
        for name, kind in (("Ion pump", "ionpump"), ("turbo2", "turbo"), ("bone", "stage")):
            self.assertEqual(kind_of(name), kind)


class ConfigTests(SynchronousTestCase):
    def read(self, text: str) -> Schematic:
        return schematic_from_config(Table.parse(text, "lab.toml"))

    def test_what_is_placed_by_hand_stands_where_it_was_placed(self) -> None:
        schematic = self.read(
            """
            [[schematic.shape]]
            name = "A"
            x = 1.0
            y = -2.0
            [[schematic.shape]]
            name = "bone"
            kind = "stage"
            x = 9
            y = 0
            label = "Bone"
            [[schematic.connection]]
            start = "bone"
            end = "A"
            points = [1.0, 0.0]
            """
        )
        self.assertEqual(
            schematic.as_json(),
            {
                "shapes": [
                    {
                        "name": "A",
                        "kind": "valve",
                        "x": 1.0,
                        "y": -2.0,
                        "width": 2.0,
                        "height": 2.0,
                        "label": "",
                    },
                    {
                        "name": "bone",
                        "kind": "stage",
                        "x": 9.0,
                        "y": 0.0,
                        "width": 5.0,
                        "height": 3.0,
                        "label": "Bone",
                    },
                ],
                "connections": [{"start": "bone", "end": "A", "points": ((1.0, 0.0),)}],
            },
        )

    def test_mistakes_name_the_key(self) -> None:
        shape = '[[schematic.shape]]\nname = "A"\nx = 0\ny = 0\n'
        for text, message in (
            ('[[schematic.shape]]\nname = "A"\ny = 0\n', r"schematic.shape\[0\].x"),
            (shape + 'kind = "vlave"\n', r"schematic.shape\[0\].kind"),
            (shape + '[[schematic.connection]]\nstart="A"\nend="B"\n', r"connection\[0\].end"),
            (shape + '[[schematic.connection]]\nstart="A"\nend="A"\npoints=[1]\n', "points"),
        ):
            with self.assertRaisesRegex(ConfigError, message):
                self.read(text)
