"""Bounds of what a configuration may say of a server, on both sides."""

from __future__ import annotations

from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from pychron_comms.config.table import ConfigError, Table
from pychron_comms.safeguards.hosts import HostRule
from pychron_comms.server.settings import (
    QTEGRA,
    ListenerSettings,
    ServerSettings,
    parse_listener,
    places_of,
    read_server_settings,
    warnings_about,
)
from pychron_comms.transport.datagrams import DATAGRAM_LIMIT

LISTENER = '[[listener]]\ntype = "System"\nlisten = ["tcp:1061"]\n'


def read(text: str, **options: Any) -> ServerSettings:
    return read_server_settings(Table.parse(text, "lab.toml"), **options)


def listener(text: str) -> ListenerSettings:
    (settings,) = read(LISTENER + text).listeners
    return settings


class ServerBoundsTests(SynchronousTestCase):
    def test_of_a_listener(self) -> None:
        for key, inside, outside in (
            ("line_length", (64, 1_000_000), (63,)),
            ("in_flight", (1, 100_000), (0,)),
            ("stall", (0.1, 600.0), (0.09,)),
            ("datagram_reply", (0, DATAGRAM_LIMIT), (-1, DATAGRAM_LIMIT + 1)),
            ("unterminated_after", (0.0, 10.0), (-0.1, 10.1)),
        ):
            for value in inside:
                told = getattr(listener(f"{key} = {value}\n").options, key)
                self.assertEqual(told or 0, value, key)
            for value in outside:
                self.assertRaises(ConfigError, listener, f"{key} = {value}\n")

    def test_of_the_server(self) -> None:
        for value in (0.0, 60.0):
            self.assertEqual(read(f"keep_replies = {value}\n").keep_replies, value)
        for value in (-0.1, 60.1):
            self.assertRaises(ConfigError, read, f"keep_replies = {value}\n")

    def test_who_may_ask_by_forged_datagrams_is_warned_of_each(self) -> None:
        listeners = (
            '[[listener]]\ntype = "System"\nlisten = ["udp:1061", "tcp:1061"]\n'
            '[[listener]]\ntype = "CO2"\nlisten = ["udp:1067:interface=127.0.0.1", "udp:1068"]\n'
        )
        self.assertEqual(
            warnings_about(read(listeners)),
            [
                f"{where} takes commands from any computer: a datagram's source can be forged;"
                " name those that may ask in [access] hosts"
                for where in ("udp:1061", "udp:1068")
            ],
        )
        self.assertEqual(warnings_about(read(listeners, hosts=HostRule(["10.0.0.1"]))), [])

    def test_a_frame_is_said_by_its_form_or_not_at_all(self) -> None:
        self.assertIsNone(listener("").options.frame)
        self.assertIsNotNone(listener('frame = "L4,-,C4"\n').options.frame)
        error = self.assertRaises(ConfigError, listener, 'frame = "L4,-,?"\n')
        self.assertIn("frame: expected a message frame such as L4,-,C4", str(error))

    def test_a_listener_of_the_command_line_names_a_type_that_there_is(self) -> None:
        for text, why in (
            ("Sytem=tcp:1061", "no request type Sytem; did you mean System? (known: *, CO2, Sys"),
            ("tcp:1061", "'tcp:1061': expected TYPE=ENDPOINT, as in System=tcp:1061"),
            ("System", "'System': expected TYPE=ENDPOINT, as in System=tcp:1061"),
            ("System=1061", "'System=1061': expected TYPE=ENDPOINT, as in System=tcp:1061"),
            ("System=tpc:1061", "there is no tpc:; did you mean tcp?"),
        ):
            error = self.assertRaises(ValueError, parse_listener, text, ["System", "CO2"])
            self.assertIn(why, str(error))
        settings = parse_listener("System=tcp:1061", ["System", "CO2"])
        self.assertEqual((settings.request_type, settings.listen), ("System", ["tcp:1061"]))

    def test_nor_is_a_type_of_two_words_one(self) -> None:
        self.assertRaises(ValueError, parse_listener, "Sys:tem=tcp:1061")

    def test_another_processor_has_no_standby_unless_a_route_says_so(self) -> None:
        pair = '["tcp:a:1", "tcp:b:1"]'
        routed = '["tcp:c:1", "tcp:d:1"]'
        settings = read(f"processor = {pair}\n[routes]\nCO2 = {routed}\n")
        self.assertEqual(settings.standbys, {"tcp:a:1": "tcp:b:1", "tcp:c:1": "tcp:d:1"})
        other = settings.with_processor("tcp:e:1")
        self.assertEqual((other.processor, other.standbys), ("tcp:e:1", {"tcp:c:1": "tcp:d:1"}))

    def test_a_type_that_nobody_serves_is_named_with_those_that_there_are(self) -> None:
        text = LISTENER.replace("System", "Sytem") + '[routes]\nUV = "tcp:uv:1"\n'
        error = self.assertRaises(ConfigError, read, text, types=["System", "CO2"])
        self.assertIn("lab.toml:2: listener[0].type: expected a request type: ", str(error))
        self.assertIn("*, CO2, System, UV, or one that [server.routes] names", str(error))
        for request_type in ("System", "UV", "*"):
            read(text.replace("Sytem", request_type), types=["System", "CO2"])


class PlacesTests(SynchronousTestCase):
    def test_what_is_served_in_lines_has_a_place_and_no_secrets(self) -> None:
        listeners = [
            ListenerSettings(request_type="System", listen=["udp:1061", "tcp:1061:interface=::"]),
            ListenerSettings(request_type="CO2", listen=["tls:1063:certificate=x:privateKey=k"]),
            ListenerSettings(request_type="UV", listen=["tcp:0", "systemd:domain=INET:index=0"]),
            ListenerSettings(request_type="Spectrometer", listen=["tcp:1069"], kind=QTEGRA),
            ListenerSettings(request_type="System", listen=["tcp:2061"]),
        ]
        self.assertEqual(places_of(listeners), {"System": "tcp:1061", "CO2": "tls:1063"})
