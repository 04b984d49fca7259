"""Pairs in the configuration: those that two could own at once are refused."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from pychron_comms.config.table import ConfigError, Table
from pychron_comms.server.routing.settings import RouteSettings, read_routes


class PairSettingsTests(SynchronousTestCase):
    def read(self, text: str) -> RouteSettings:
        table = Table.parse(f"[server]\n{text}", "lab.toml").table("server")
        routes = read_routes(table)
        table.finish()
        return routes

    def test_one_processor_or_a_primary_and_a_standby(self) -> None:
        self.assertEqual(self.read(""), ("", {}, {}))
        text = 'processor = "tcp:a:1"\n[server.routes]\nCO2 = ["tcp:b:1", "tcp:c:1"]\n'
        self.assertEqual(
            self.read(f'{text}UV = ["tcp:b:1", "tcp:c:1"]'),
            ("tcp:a:1", {"CO2": "tcp:b:1", "UV": "tcp:b:1"}, {"tcp:b:1": "tcp:c:1"}),
        )
        self.assertEqual(
            self.read('processor = ["unix:a", "unix:b"]').standbys, {"unix:a": "unix:b"}
        )

    def test_what_two_could_own_at_once_is_refused(self) -> None:
        pair = 'processor = ["tcp:a:1", "tcp:b:1"]\n[server.routes]\n'
        for text, why in (
            ("processor = []", "two can stand for each other, not more"),
            (
                'processor = ["tcp:a:1", "tcp:b:1", "tcp:c:1"]',
                "two can stand for each other, not more",
            ),
            ('processor = ["tcp:a:1", "tcp:a:1"]', "nobody is a standby of itself"),
            (
                'processor = ["", "tcp:a:1"]',
                "a processor in the server's own process has no standby",
            ),
            (
                'processor = ["tcp:a:1", "amqp:b:5672:set=x"]',
                "a broker finds the owner by itself: name it alone",
            ),
            (
                f'{pair}CO2 = "tcp:b:1"',
                "tcp:b:1 stands elsewhere with another partner, or with none",
            ),
            (
                f'{pair}CO2 = ["tcp:b:1", "tcp:a:1"]',
                "tcp:b:1 stands elsewhere with another partner, or with none",
            ),
            (
                f'{pair}CO2 = ["tcp:a:1", "tcp:c:1"]',
                "tcp:a:1 stands elsewhere with another partner, or with none",
            ),
        ):
            error = self.assertRaises(ConfigError, self.read, text)
            meant = "where to connect, such as tcp:HOST:1059, or a list of a primary and a standby"
            self.assertIn(f": expected {meant} ({why})", str(error), text)

    def test_a_way_that_leads_nowhere_is_refused_with_what_is_meant(self) -> None:
        for text, why in (
            ('processor = ["tcp:a:x", "tcp:b:1"]', "such as tcp:HOST:1059, or a list"),
            ("processor = 1", "a text or a list of texts"),
            ("[server.routes]\nCO2 = 1", "a text or a list of texts"),
        ):
            error = self.assertRaises(ConfigError, self.read, text)
            self.assertIn(why, str(error), text)
