"""The configuration read again: checked wholly first, routes changed, all else named."""

from __future__ import annotations

from twisted.logger import capturedLogs, formatEvent
from twisted.trial.unittest import SynchronousTestCase

from pychron_comms.config.table import Table
from pychron_comms.server.routing.reload import Read, Reload
from pychron_comms.server.settings import ServerSettings, read_server_settings

FILE = """
[server]
processor = "tcp:a:1"
[server.routes]
CO2 = "tcp:b:1"
"""


class ReloadTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.text = FILE
        self.changed: list[ServerSettings] = []
        self.why = ""
        self.reload = Reload(self.read(), self.read, self.change)

    def read(self) -> Read:
        table = Table.parse(self.text, "lab.toml")
        settings = read_server_settings(table.table("server"))
        table.table("server").finish()
        return Read(settings, table)

    def change(self, settings: ServerSettings) -> None:
        if self.why:
            raise ValueError(self.why)
        self.changed.append(settings)

    def told(self) -> list[str]:
        with capturedLogs() as events:
            self.reload()
        return [formatEvent(event) or "" for event in events]

    def test_a_route_that_is_another_is_changed_and_told(self) -> None:
        self.text = FILE.replace("tcp:b:1", "tcp:c:1") + 'UV = "tcp:c:1"\n'
        said = "CO2 goes to tcp:c:1, no more to tcp:b:1; UV goes to tcp:c:1, no more to tcp:a:1"
        self.assertEqual(self.told(), [f"SIGHUP: {said}"])
        self.assertEqual(self.changed[0].routes, {"CO2": "tcp:c:1", "UV": "tcp:c:1"})
        self.text = FILE.replace("tcp:a:1", "tcp:d:1")
        last = "other types goes to tcp:d:1, no more to tcp:a:1"
        self.assertEqual(self.told()[0].rpartition("; ")[2], last)

    def test_a_route_that_is_gone_goes_where_all_others_do_and_these_come_last(self) -> None:
        self.text = FILE + 'zinc = "tcp:c:1"\n'
        self.assertEqual(self.told(), ["SIGHUP: zinc goes to tcp:c:1, no more to tcp:a:1"])
        self.text = FILE.replace("tcp:a:1", "tcp:d:1")
        said = (
            "zinc goes to tcp:d:1, no more to tcp:c:1; "
            "other types goes to tcp:d:1, no more to tcp:a:1"
        )
        self.assertEqual(self.told(), [f"SIGHUP: {said}"])

    def test_a_file_that_is_wrong_changes_nothing_and_the_log_says_why(self) -> None:
        for text, why in (
            (FILE.replace("CO2 =", "CO2 = ="), "lab.toml:5: cannot be read"),
            (FILE.replace("tcp:b:1", "tcp:b:x"), "lab.toml:5: server.routes.CO2: expected"),
            (FILE + "[server.bugdet]\n", "did you mean budget?"),
        ):
            self.text = text
            (line,) = self.told()
            self.assertIn("SIGHUP: nothing is changed: ", line)
            self.assertIn(why, line)
        self.assertEqual(self.changed, [])

    def test_what_the_server_cannot_change_leaves_all_as_it_was(self) -> None:
        self.why = "takes a restart"
        self.text = FILE.replace("tcp:b:1", "tcp:c:1")
        self.assertEqual(self.told(), ["SIGHUP: nothing is changed: takes a restart"])
        self.why = ""
        self.assertIn("CO2 goes to tcp:c:1", self.told()[0])

    def test_what_takes_a_restart_is_named_until_it_was_done(self) -> None:
        self.text = FILE.replace("[server]\n", "[server]\nkeep_replies = 1.0\n")
        self.text += '[access]\nhosts = ["10.0.0.1"]\n[processor]\nkeep_keys = 5.0\n'
        self.text += '[[alarm]]\nname = "valve"\n'
        keys = "access.hosts, alarm, server.keep_replies"
        named = f"a restart is needed for what else is changed: {keys}"
        for _ in range(2):
            self.assertEqual(self.told(), ["SIGHUP: no route is changed", f"SIGHUP: {named}"])

    def test_of_one_process_everything_else_takes_a_restart(self) -> None:
        self.text = "[processor]\nkeep_keys = 5.0\n"
        self.reload = Reload(self.read(), self.read, self.change)
        self.text = '[processor]\nkeep_keys = 6.0\n[server.routes]\nUV = "tcp:c:1"\n'
        self.assertEqual(
            self.told(),
            [
                "SIGHUP: UV goes to tcp:c:1, no more to here",
                "SIGHUP: a restart is needed for what else is changed: processor.keep_keys",
            ],
        )

    def test_without_a_file_there_is_nothing_to_read(self) -> None:
        self.reload = Reload(Read(ServerSettings(), None), self.read, self.change)
        said = "SIGHUP: there is no configuration file to read again; nothing changes"
        self.assertEqual(self.told(), [said])
        self.assertEqual(self.changed, [])
