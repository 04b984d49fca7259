"""Endpoint strings of a configuration: what is wrong is told before anything listens."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from pychron_comms.config.table import ConfigError, Table
from pychron_comms.process.platform import Platform
from pychron_comms.transport.addresses import (
    Address,
    Listening,
    check_client,
    listener_address,
    read_client,
)


class ListenerTests(SynchronousTestCase):
    def wrong(self, text: str) -> str:
        return str(self.assertRaises(ValueError, listener_address, text))

    def test_what_a_string_names(self) -> None:
        for text, address in (
            ("tcp:1061", Address("tcp", "1061")),
            ("tcp:port=01061:interface=127.0.0.1", Address("tcp", "1061", "127.0.0.1")),
            ("udp:1061:interface=127.0.0.1", Address("udp", "1061", "127.0.0.1")),
            ("unix:/run/x.sock", Address("unix", "/run/x.sock")),
            ("systemd:domain=INET:name=x", None),
            ("tls:1061:certificate=a:privateKey=b", Address("tcp", "1061")),
        ):
            self.assertEqual(listener_address(text), address, text)

    def test_a_port_is_one(self) -> None:
        self.assertEqual(listener_address("tcp:65535"), Address("tcp", "65535"))
        self.assertIn("from 0 to 65535, not 65536", self.wrong("tcp:65536"))
        self.assertIn("from 0 to 65535, not nothing", self.wrong("udp:"))
        self.assertIn("from 0 to 65535, not 99067", self.wrong("tcp:99067"))
        self.assertIn("not 99067", self.wrong("tls:99067:certificate=a"))
        self.assertIn("not 99067", self.wrong("udp:99067"))
        self.assertIn("not x", self.wrong("tcp:x"))
        self.assertIn("not \u0661", self.wrong("tcp:\u0661"))
        self.assertIn("not interface=127", self.wrong("tcp:interface=127.0.0.1"))

    def test_a_kind_is_one(self) -> None:
        self.assertEqual(self.wrong("tpc:1061"), "there is no tpc:; did you mean tcp?")
        self.assertIn("has no colon", self.wrong("1061"))

    def test_an_option_is_one(self) -> None:
        for text, why in (
            ("tcp:1061:interfce=127.0.0.1", "no option interfce; did you mean interface?"),
            ("unix:/run/x:mode=600:wait=5", "no option wait; there are mode, backlog, lockfile"),
            ("unix:/run/x:mode=rw", "invalid literal"),
            ("ssl:1061:privateKee=x", "privateKee"),
        ):
            self.assertIn(why, self.wrong(text))

    def test_unix_sockets_are_not_everywhere(self) -> None:
        with self.assertRaises(ValueError):
            listener_address("unix:/run/x", Platform("win32"))


class ClashTests(SynchronousTestCase):
    def clash(self, one: str, other: str) -> bool:
        first, second = listener_address(one), listener_address(other)
        assert first is not None
        assert second is not None
        return first.clashes(second)

    def test_the_same_port_twice(self) -> None:
        for one, other, wanted in (
            ("tcp:1061", "tcp:1061:interface=127.0.0.1", True),
            ("tcp:1061:interface=127.0.0.1", "tls:1061:certificate=a:interface=127.0.0.1", True),
            ("tcp:1061", "udp:1061", False),
            ("tcp:0", "tcp:0", False),
            ("tcp:1061:interface=127.0.0.1", "tcp:1061:interface=10.0.0.1", False),
        ):
            self.assertIs(self.clash(one, other), wanted, (one, other))

    def test_is_told_with_its_line(self) -> None:
        table = Table.parse('a = ["tcp:1"]\nb = ["udp:1", "tcp:1"]', "lab.toml")
        listening = Listening()
        self.assertEqual(listening.read(table, "a"), ["tcp:1"])
        with self.assertRaises(ConfigError) as caught:
            listening.read(table, "b")
        self.assertIn(
            "lab.toml:2: b: expected a place that is not a's too (", str(caught.exception)
        )

    def test_a_wrong_string_is_told_with_its_line(self) -> None:
        table = Table.parse('\nlisten = ["tcp:99067"]', "lab.toml")
        with self.assertRaises(ConfigError) as caught:
            Listening().read(table, "listen")
        self.assertIn(
            "lab.toml:2: listen: expected endpoint strings such as", str(caught.exception)
        )

    def test_what_is_not_said_is_the_default_or_a_mistake(self) -> None:
        empty, said = Table.parse("", "lab.toml"), Table.parse('at = ["tcp:1"]', "lab.toml")
        listening = Listening()
        self.assertEqual(listening.read(empty, "at", ["tcp:2"]), ["tcp:2"])
        self.assertEqual(listening.read(said, "at", ["tcp:2"]), ["tcp:1"])
        self.assertRaises(ConfigError, listening.read, empty, "at")

    def test_unix_sockets_are_not_everywhere(self) -> None:
        table = Table.parse('listen = ["unix:/run/x"]', "lab.toml")
        self.assertEqual(Listening(Platform("linux")).read(table, "listen"), ["unix:/run/x"])
        with self.assertRaises(ConfigError) as caught:
            Listening(Platform("win32")).read(table, "listen")
        self.assertIn("'unix:/run/x'", str(caught.exception))


class ClientTests(SynchronousTestCase):
    def test_right_ones(self) -> None:
        for text in ("", "tcp:lab-pc:1061", "unix:/run/x", "tls:lab-pc:1061", "quic:whatever"):
            check_client(text)

    def test_wrong_ones(self) -> None:
        for text, why in (
            ("tcp:lab-pc", "'tcp:lab-pc': it is tcp:HOST:PORT"),
            ("tcp:lab-pc:99067", "not 99067"),
            ("tcp:host=lab-pc:port=99067", "not 99067"),
            ("tls:lab-pc", "tls:"),
            ("tcp:lab-pc:x", "'tcp:lab-pc:x': invalid literal"),
            ("tpc:lab-pc:1061", "there is no tpc:; did you mean tcp?"),
            ("tsl:lab-pc:1061", "there is no tsl:; did you mean tls?"),
            ("ampq:rabbit:set=a", "there is no ampq:; did you mean amqp?"),
        ):
            self.assertIn(why, str(self.assertRaises(ValueError, check_client, text)))

    def test_what_is_not_said_is_the_default_or_a_mistake(self) -> None:
        empty, said = Table.parse("", "lab.toml"), Table.parse('at = "tcp:h:1"', "lab.toml")
        self.assertEqual(read_client(empty, "at", "tcp:h:2"), "tcp:h:2")
        self.assertEqual(read_client(said, "at", "tcp:h:2"), "tcp:h:1")
        self.assertEqual(read_client(said, "at"), "tcp:h:1")
        self.assertRaises(ConfigError, read_client, empty, "at")

    def test_are_told_with_their_line(self) -> None:
        table = Table.parse('processor = "tcp:lab-pc"', "lab.toml")
        with self.assertRaises(ConfigError) as caught:
            read_client(table, "processor", "")
        self.assertIn("lab.toml:1: processor: expected where to connect", str(caught.exception))
