"""Which laboratory is asked where nobody says which."""

from __future__ import annotations

import io
import os
import tempfile
from contextlib import redirect_stderr
from pathlib import Path
from types import SimpleNamespace

from twisted.trial.unittest import SynchronousTestCase

from pychron_comms.client import reaching
from pychron_comms.client.command_line.options import DEFAULT_SERVER, OPEN_SERVER, read_options
from pychron_comms.client.reaching import connect_to, laboratory_at, qtegra_of, server_of

TWO = """
[[server.listener]]
type = "*"
listen = ["tcp:2060:interface=127.0.0.1"]
[[server.listener]]
type = "System"
listen = ["udp:2061:interface=127.0.0.1", "tcp:2061:interface=10.0.0.2"]
"""


class ReachingTests(SynchronousTestCase):
    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.addCleanup(os.chdir, os.getcwd())
        os.chdir(folder.name)
        self.file = Path(folder.name) / "lab.toml"
        self.patch(os, "environ", {**os.environ, "PYCHRON_SERVER": ""})

    def test_it_is_the_one_whose_folder_this_is(self) -> None:
        self.file.write_text(TWO)
        self.assertEqual(read_options(["Open", "A"]).server, "tcp:10.0.0.2:2061")

    def test_what_is_said_goes_before_it(self) -> None:
        self.file.write_text(TWO)
        self.assertEqual(read_options(["-s", "tcp:x:1", "Open", "A"]).server, "tcp:x:1")
        os.environ["PYCHRON_SERVER"] = "tcp:y:2"
        self.assertEqual(read_options(["Open", "A"]).server, "tcp:y:2")

    def test_without_a_system_it_is_what_serves_all(self) -> None:
        self.file.write_text(TWO.partition('[[server.listener]]\ntype = "System"')[0])
        self.assertEqual(read_options(["Open", "A"]).server, "tcp:127.0.0.1:2060")

    def test_a_command_of_another_type_goes_where_that_is_served(self) -> None:
        """It went to the port of valves, which said that it was not permitted."""
        ways = (["CO2|Enable"], ["--type", "CO2", "Enable"], ["CO2|Enable", "now"])
        for words in ways:
            self.assertEqual(read_options(words).server, OPEN_SERVER)
        self.file.write_text(TWO)
        for words in ways:
            self.assertEqual(read_options(words).server, "tcp:127.0.0.1:2060")
        self.file.write_text(f'{TWO}[[server.listener]]\ntype = "CO2"\nlisten = "tcp:2067"\n')
        for words in ways:
            self.assertEqual(read_options(words).server, "tcp:127.0.0.1:2067")
        for words in (["--type", "System", "Open", "A"], ["Override", "A", "a|b"], []):
            self.assertEqual(read_options(words).server, "tcp:10.0.0.2:2061")

    def test_what_serves_qtegras_clients_takes_none_of_our_lines(self) -> None:
        """`--type Spectrometer` was sent there, and got "Error: Invalid Command"."""
        qtegra = (
            '[[server.listener]]\ntype = "Spectrometer"\nkind = "qtegra"\nlisten = ["udp:2062"]\n'
        )
        self.file.write_text(TWO + qtegra)
        words = ["--type", "Spectrometer", "GetHV"]
        self.assertEqual(read_options(words).server, "tcp:127.0.0.1:2060")
        self.assertEqual(qtegra_of(self.file), "udp:127.0.0.1:2062")
        self.file.write_text(TWO)
        self.assertEqual(qtegra_of(self.file), "")

    def test_without_listeners_or_a_file_it_is_the_usual_one(self) -> None:
        self.assertEqual(read_options(["Open", "A"]).server, DEFAULT_SERVER)
        self.file.write_text('lab = "default"\n')
        self.assertEqual(read_options(["Open", "A"]).server, DEFAULT_SERVER)

    def test_a_server_here_is_told_which_laboratory_is_meant(self) -> None:
        """Another one may have the port, while that of this folder does not run."""
        self.assertEqual(read_options(["Open", "A"]).laboratory, "")
        self.file.write_text('lab = "default"\n')
        here = str(self.file.resolve())
        self.assertEqual(read_options(["Open", "A"]).laboratory, here)
        for words in (["-s", DEFAULT_SERVER], ["--via", "amqp:h:set=a", "--watch", "x"]):
            self.assertEqual(read_options([*words, "A"]).laboratory, "", msg=words)
        # Another computer may have the file in another place.
        self.file.write_text(TWO)
        self.assertEqual(read_options(["Open", "A"]).laboratory, "")
        self.assertEqual(read_options(["--type", "CO2", "Enable"]).laboratory, here)

    def test_it_is_one_laboratory_by_whichever_way_its_folder_is_reached(self) -> None:
        self.file.write_text('lab = "default"\n')
        here = read_options(["Open", "A"]).laboratory
        other = Path(self.mktemp()).absolute()
        other.symlink_to(self.file.parent)
        self.assertEqual(laboratory_at(OPEN_SERVER, other / "lab.toml"), here)

    def test_a_file_that_is_wrong_is_no_reason_to_ask_another_laboratory(self) -> None:
        self.file.write_text("[server")
        said = io.StringIO()
        with redirect_stderr(said):
            self.assertRaises(SystemExit, read_options, ["Open", "A"])
        self.assertIn("lab.toml:1: ", said.getvalue())
        # One who asks by way of a broker asks none.
        words = ["--via", "amqp:rabbit:set=a", "--watch", "x"]
        self.assertEqual(read_options(words).server, DEFAULT_SERVER)
        self.assertIn("-s", said.getvalue())


class WayTests(SynchronousTestCase):
    def test_how_this_computer_reaches_a_listener(self) -> None:
        for listen, way in (
            ("tcp:1061", "tcp:127.0.0.1:1061"),
            ("tcp:port=1061", "tcp:127.0.0.1:1061"),
            ("tcp:1061:interface=0.0.0.0", "tcp:127.0.0.1:1061"),
            ("tcp:1061:backlog=5:interface=10.0.0.2", "tcp:10.0.0.2:1061"),
            ("unix:/run/lab.sock", "unix:/run/lab.sock"),
            ("udp:1061", ""),
            ("tls:1061", ""),
            ("tcp:http", ""),
            ("systemd:domain=INET:index=0", ""),
        ):
            self.assertEqual((listen, connect_to(listen)), (listen, way))

    def test_other_networks_where_they_will_do(self) -> None:
        self.assertEqual(connect_to("udp:1069", ("tcp", "udp")), "udp:127.0.0.1:1069")
        self.assertEqual(connect_to("tcp:1069", ("udp",)), "")

    def test_a_system_without_unix_sockets(self) -> None:
        self.patch(reaching, "HERE", SimpleNamespace(has_unix_sockets=False))
        self.assertEqual(connect_to("unix:/run/lab.sock"), "")


class FileTests(SynchronousTestCase):
    def server(self, text: str, *types: str) -> str:
        file = Path(self.mktemp())
        file.write_text(text)
        return server_of(file, types)

    def test_the_first_type_that_is_served(self) -> None:
        self.assertEqual(self.server(TWO, "CO2", "*"), "tcp:127.0.0.1:2060")
        self.assertEqual(self.server(TWO, "CO2"), "")

    def test_a_listener_that_cannot_be_reached_is_passed_over(self) -> None:
        two = """
            [[server.listener]]
            type = "*"
            listen = "udp:2060"
            [[server.listener]]
            type = "*"
            listen = ["tcp:http", "tcp:2061"]
        """
        self.assertEqual(self.server(two, "*"), "tcp:127.0.0.1:2061")

    def test_a_listener_that_says_not_where_is_passed_over(self) -> None:
        self.assertEqual(self.server('[[server.listener]]\ntype = "*"\n', "*"), "")

    def test_a_folder_is_no_laboratory(self) -> None:
        self.assertEqual(server_of(Path(self.mktemp()).parent, ["*"]), "")
