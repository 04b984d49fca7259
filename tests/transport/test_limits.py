"""How many connections a listener bears, how long one may be silent, and what is counted."""

from __future__ import annotations

from typing import Any

from twisted.internet.address import IPv4Address
from twisted.internet.task import Clock
from twisted.logger import capturedLogs, formatEvent
from twisted.trial.unittest import SynchronousTestCase

from pychron_comms.config.table import ConfigError, Table
from pychron_comms.observability.metrics import Metrics
from pychron_comms.transport.admission import PATIENCE, AdmissionFactory
from pychron_comms.transport.connections import Connections
from pychron_comms.transport.options import ConnectionLimits, WireOptions, read_connection_limits
from pychron_comms.wire.frames import FrameFormat
from tests.listening import one_turn, shared
from tests.transport.limits_case import LimitsCase, ParrotFactory, Transport


class ConnectionLimitTests(LimitsCase):
    def test_who_comes_beyond_the_limit_is_told_so_and_closed(self) -> None:
        self.listen(connections=2)
        first, second = self.connect("10.0.0.1"), self.connect("10.0.0.2")
        self.greet(first, second)
        third = self.connect("10.0.0.3")
        self.assertEqual(third.value(), b"ERROR 215 : too many connections: at most 2\r\n")
        self.assertFalse(third.disconnecting)
        third.protocol.dataReceived(b"wait\r\n")
        self.assertTrue(third.disconnecting)
        self.assertEqual(len(third.value().splitlines()), 1)
        for other in (first, second):
            other.protocol.dataReceived(b"hello\n")
            self.assertEqual(other.value(), b"hello\r\n")
        self.assertEqual(self.number("connections_refused_total"), "1")
        self.assertEqual(self.number("connections"), "2")

    def test_one_computer_cannot_take_all_the_room(self) -> None:
        self.listen(connections_per_host=2)
        self.connect("10.0.0.1")
        self.connect("::ffff:10.0.0.1".removeprefix("::ffff:"))
        refused, other = self.connect("10.0.0.1"), self.connect("10.0.0.2")
        self.assertEqual(refused.value(), b"ERROR 215 : too many connections: at most 2\r\n")
        self.assertEqual(other.value(), b"")
        self.assertEqual(self.number("connections"), "3")

    def greet(self, *transports: Transport) -> None:
        for each in transports:
            each.protocol.dataReceived(b"hello\n")
            self.assertEqual(each.value(), b"hello\r\n")
            each.clear()

    def fill(self, hosts: int = 4, each: int = 3, **limits: Any) -> dict[str, list[Transport]]:
        """From ``10.0.0.1`` on, as many as may be; oldest first."""
        self.listen(connections=hosts * each, connections_per_host=each, **limits)
        names = [f"10.0.0.{number + 1}" for number in range(hosts)]
        return {name: [self.connect(name) for _ in range(each)] for name in names}

    def test_nor_can_four(self) -> None:
        """They had a quarter of it each, and nobody else came in, to close a valve or for more."""
        held = self.fill()
        fifth = self.connect("10.0.0.5")
        fifth.protocol.dataReceived(b"safe\n")
        self.assertEqual(fifth.value(), b"safe\r\n")
        self.assertEqual([each.aborted for each in held["10.0.0.1"]], [False, False, True])
        self.assertEqual(self.number("connections"), "12")
        self.assertEqual(self.number("gave_way_total"), "1")
        self.assertEqual(self.number("connections_refused_total"), "0")

    def test_each_of_those_that_have_most_gives_way_until_none_has_more(self) -> None:
        held = self.fill()
        fifth = [self.connect("10.0.0.5") for _ in range(3)]
        self.assertEqual([len(each.value()) > 0 for each in fifth], [False, False, True])
        gave = [sum(each.aborted for each in of_host) for of_host in held.values()]
        self.assertEqual(gave, [1, 1, 0, 0])

    def test_none_gives_way_to_one_of_a_computer_with_as_many(self) -> None:
        held = self.fill(each=1)
        self.greet(*(each for of_host in held.values() for each in of_host))
        self.assertIn(b"ERROR 215", self.connect("10.0.0.5").value())
        self.assertFalse(any(each.aborted for of_host in held.values() for each in of_host))

    def test_but_the_oldest_does_that_has_never_said_anything(self) -> None:
        """One program had a thousand addresses of loopback, and let nobody else in."""
        held = [each for of_host in self.fill(each=1).values() for each in of_host]
        self.greet(held[0])
        for number in (5, 6):
            fresh = self.connect(f"10.0.0.{number}")
            self.greet(fresh)
        self.assertEqual([each.aborted for each in held], [False, True, True, False])
        self.assertEqual(self.number("gave_way_total"), "2")

    def test_not_for_a_second_one_of_the_same_computer(self) -> None:
        self.listen(connections=2, connections_per_host=2)
        silent = self.connect("10.0.0.1")
        self.greet(self.connect("10.0.0.2"))
        self.assertIn(b"ERROR 215", self.connect("10.0.0.2").value())
        self.assertFalse(silent.aborted)

    def test_what_waits_for_a_reply_gives_way_last(self) -> None:
        held = self.fill(hosts=1)["10.0.0.1"]
        for busy in (0, 2):
            held[busy].protocol.dataReceived(b"wait\n")
        self.connect("10.0.0.2")
        self.assertEqual([each.aborted for each in held], [False, True, False])

    def test_and_does_where_all_wait(self) -> None:
        """Who keeps a command on each connection keeps nobody out; what has begun goes on."""
        held = self.fill(hosts=1)["10.0.0.1"]
        for busy in held:
            busy.protocol.dataReceived(b"wait\n")
        self.assertEqual(self.connect("10.0.0.2").value(), b"")
        self.assertEqual([each.aborted for each in held], [False, False, True])

    def test_what_something_lasts_as_long_as_gives_no_way(self) -> None:
        held = self.fill(hosts=1)["10.0.0.1"]
        for each in held:
            each.protocol.lasts = True
        self.assertIn(b"ERROR 215", self.connect("10.0.0.2").value())

    def test_the_end_of_one_makes_room_for_another(self) -> None:
        self.listen(connections=1, connections_per_host=1)
        self.connect().loseConnection()
        self.assertEqual(self.number("connections"), "0")
        self.assertEqual(self.connect().value(), b"")
        self.assertIn(b"ERROR 215", self.connect().value())

    def test_many_that_are_refused_are_told_once_in_the_log_until_there_was_room(self) -> None:
        self.listen(connections=1)
        told = []
        for _ in range(2):
            inside = self.connect("10.0.0.1")
            self.greet(inside)
            with capturedLogs() as events:
                for number in (2, 3):
                    self.connect(f"10.0.0.{number}")
            told.append([(each["sender"], each["open"], each["limit"]) for each in events])
            self.clock.advance(60)
            inside.loseConnection()
        self.assertEqual(told, [[("10.0.0.2", 1, 1)]] * 2)
        self.assertEqual(self.number("connections_refused_total"), "4")

    def test_the_clients_of_unix_sockets_are_one_host(self) -> None:
        self.listen(connections_per_host=1)
        self.connect("")
        self.assertIn(b"ERROR 215", self.connect("").value())

    def test_a_refused_client_that_says_nothing_is_closed_in_a_moment(self) -> None:
        self.listen(connections=1)
        self.connect()
        silent, stubborn = self.connect(), self.connect(waits=True)
        self.clock.advance(PATIENCE)
        self.assertEqual((silent.disconnecting, silent.aborted), (True, False))
        self.clock.advance(PATIENCE)
        self.assertTrue(stubborn.aborted)
        self.assertFalse(silent.aborted)
        self.assertEqual(self.factory.waited_for, 0)

    def test_a_flood_of_clients_is_not_waited_for(self) -> None:
        self.listen(connections=1)
        self.connect()
        flood = [self.connect(waits=True) for _ in range(66)]
        self.assertEqual([each.disconnecting for each in flood], [False] * 64 + [True] * 2)

    def test_a_flood_of_clients_in_one_turn_of_the_loop_takes_few_descriptors(self) -> None:
        self.listen(connections=1)
        self.connect()
        flood = [self.connect(waits=True) for _ in range(96)]
        address = IPv4Address("TCP", "10.0.0.1", 40000)
        # The reactor closes at once what nothing is built for.
        self.assertIsNone(self.factory.buildProtocol(address))
        self.assertEqual(self.number("connections_refused_total"), "97")
        flood[0].protocol.connectionLost()
        self.assertIn(b"ERROR 215", self.connect().value())

    def test_a_client_that_wants_frames_is_refused_in_one(self) -> None:
        self.listen(frame=FrameFormat(4), connections=1)
        self.connect()
        text = b"ERROR 215 : too many connections: at most 1"
        self.assertEqual(self.connect().value(), FrameFormat(4).encode(text))

    def test_the_listener_keeps_its_name(self) -> None:
        self.listen()
        self.assertEqual(self.factory.logPrefix(), "Parrots")


class IdleTests(LimitsCase):
    def test_a_silent_connection_is_closed_without_a_word(self) -> None:
        self.listen(idle=8.0)
        silent = self.connect()
        for _ in range(3):
            self.clock.advance(2.0)
        self.assertFalse(silent.disconnecting)
        with capturedLogs() as logs:
            for _ in range(3):
                self.clock.advance(2.0)
        self.assertEqual((silent.disconnecting, silent.value()), (True, b""))
        self.assertIn("silent for 8 s", str(formatEvent(logs[0])))
        self.assertEqual(self.number("idle_closed_total"), "1")

    def test_each_byte_counts_from_the_start(self) -> None:
        self.listen(idle=8.0)
        busy = self.connect()
        for _ in range(20):
            busy.protocol.dataReceived(b"a")
            self.clock.advance(2.0)
        self.assertFalse(busy.disconnecting)

    def test_who_waits_for_a_reply_is_not_idle(self) -> None:
        self.listen(idle=8.0)
        client = self.connect()
        client.protocol.dataReceived(b"wait\n")
        for _ in range(20):
            self.clock.advance(2.0)
        self.assertFalse(client.disconnecting)
        client.protocol.waiting[0].callback("OK")
        self.clock.advance(6.0)
        self.assertEqual((client.value(), client.disconnecting), (b"OK\r\n", False))
        for _ in range(3):
            self.clock.advance(2.0)
        self.assertTrue(client.disconnecting)

    def test_a_line_that_never_ends_does_not_keep_a_connection(self) -> None:
        self.listen(idle=8.0)
        client = self.connect()
        client.protocol.dataReceived(b"Open ")
        for _ in range(6):
            self.clock.advance(2.0)
        self.assertTrue(client.disconnecting)
        self.assertEqual(self.number("unterminated_dropped_total"), "1")

    def test_one_that_does_not_agree_to_its_end_is_dropped(self) -> None:
        self.listen(idle=8.0)
        gone = self.connect(waits=True)
        for _ in range(5):
            self.clock.advance(2.0)
        self.assertEqual((gone.disconnecting, gone.aborted), (True, False))
        self.clock.advance(2.0)
        self.assertTrue(gone.aborted)
        self.assertEqual(self.number("idle_closed_total"), "1")

    def test_one_that_did_is_not_touched_again(self) -> None:
        self.listen(idle=8.0)
        silent, busy = self.connect(), self.connect()
        for _ in range(12):
            busy.protocol.dataReceived(b"a")
            self.clock.advance(2.0)
        self.assertEqual((silent.disconnecting, silent.aborted), (True, False))

    def test_zero_is_never(self) -> None:
        self.listen(idle=0.0)
        self.connect()
        self.assertEqual(self.clock.getDelayedCalls(), [])

    def test_one_timer_serves_all_and_none_runs_for_nobody(self) -> None:
        self.listen()
        for _ in range(10):
            self.connect()
        self.assertEqual(len(self.clock.getDelayedCalls()), 1)
        for connection in list(self.connections._open):
            connection.transport.end()
        self.clock.advance(60.0)
        self.assertEqual(self.clock.getDelayedCalls(), [])
        self.connect()
        self.assertEqual(len(self.clock.getDelayedCalls()), 1)


class CountTests(LimitsCase):
    def test_what_goes_wrong_is_counted(self) -> None:
        self.listen()
        client = self.connect()
        client.protocol.dataReceived(b"x" * 65 + b"\nfull\nfull\nbreak\n")
        self.assertEqual(self.number("lines_too_long_total"), "1")
        self.assertEqual(self.number("queue_full_total"), "2")
        self.assertEqual(self.number("bugs_total"), "1")
        self.assertEqual(len(self.flushLoggedErrors(ZeroDivisionError)), 1)

    def test_a_slow_reader_is_counted_when_it_is_paused_and_when_it_is_dropped(self) -> None:
        self.listen()
        client = self.connect()
        client.protocol.pauseProducing()
        self.assertEqual(self.number("readers_paused_total"), "1")
        self.assertEqual(self.number("stalled_dropped_total"), "0")
        self.clock.advance(5.0)
        self.assertTrue(client.aborted)
        self.assertEqual(self.number("stalled_dropped_total"), "1")

    def test_commands_in_flight_are_told(self) -> None:
        self.listen()
        for client in (self.connect(), self.connect()):
            client.protocol.dataReceived(b"wait\nwait\n")
        self.assertEqual(self.number("in_flight"), "4")


class LongLineTests(LimitsCase):
    def test_long_lines_are_worked_off_a_few_at_a_time(self) -> None:
        self.listen(line_length=65536)
        client = self.connect()
        # Its blanks are cut off, and what is answered is short.
        long = b"full" + b" " * 40_000 + b"\n"
        client.protocol.dataReceived(long * 20)
        self.assertEqual(client.value().count(b"\n"), 2)
        one_turn(self.clock)
        self.assertEqual(client.value().count(b"\n"), 2 + 4 * 2)
        self.clock.advance(0)
        self.assertEqual(client.value().count(b"\n"), 20)


class EndTests(LimitsCase):
    def test_new_commands_get_209_and_old_ones_their_reply(self) -> None:
        self.listen()
        client = self.connect()
        client.protocol.dataReceived(b"wait\n")
        self.connections.refuse_commands()
        client.protocol.dataReceived(b"hello\n@id=2 hello\n")
        client.protocol.waiting[0].callback("OK")
        self.assertEqual(
            client.value().splitlines(),
            [b"@id=2 ERROR 209 : shutting down: hello", b"OK", b"ERROR 209 : shutting down: hello"],
        )

    def test_one_that_is_just_accepted_is_refused_too(self) -> None:
        self.listen()
        self.connections.refuse_commands()
        late = self.connect()
        late.protocol.dataReceived(b"hello\n")
        self.assertEqual(late.value(), b"ERROR 209 : shutting down: hello\r\n")

    def test_what_still_waits_gets_201_and_a_late_reply_is_dropped(self) -> None:
        self.listen()
        client = self.connect()
        client.waits = True
        client.protocol.dataReceived(b"wait\nhello\nwait\n@id=1 wait\n")
        client.protocol.waiting[2].callback("third")
        self.connections.close()
        for late in client.protocol.waiting[:2]:
            late.callback("too late")
        unknown = b"ERROR 201 : outcome unknown: no reply until this process stopped"
        self.assertEqual(client.value().splitlines(), [b"@id=1 third", unknown, b"hello", unknown])
        self.assertTrue(client.disconnecting)

    def test_what_makes_safe_is_taken_until_nothing_is(self) -> None:
        self.listen()
        client = self.connect(waits=True)
        self.connections.refuse_commands()
        client.protocol.dataReceived(b"safe 1\nhello\n")
        self.connections.take_no_more()
        # Over TLS more may come, and is not run: whoever asks finds the end of the connection.
        client.protocol.dataReceived(b"safe 2\nhello\n")
        self.assertEqual(
            client.value().splitlines(), [b"safe 1", b"ERROR 209 : shutting down: hello"]
        )
        self.connections.close()
        self.assertEqual(client.protocol.seen, ["safe 1"])
        self.assertTrue(client.disconnecting)

    def test_what_waits_for_its_turn_is_answered_at_the_end(self) -> None:
        self.listen()
        client = self.connect()
        client.protocol.dataReceived(b"hello\n" * 1000 + b"safe\n")
        self.connections.refuse_commands()
        self.connections.take_no_more()
        replies = client.value().splitlines()
        self.assertEqual((len(replies), replies[-1]), (1001, b"safe"))
        self.assertIn("safe", client.protocol.seen)
        self.assertLess(client.protocol.seen.count("hello"), 1000)

    def test_a_line_without_end_is_not_taken_when_nothing_is(self) -> None:
        self.clock = Clock()
        options = WireOptions(unterminated_after=0.5)
        self.connections = Connections("System", options, shared(self.clock, Metrics()))
        self.factory = AdmissionFactory(ParrotFactory(self.connections), self.connections)
        client = self.connect()
        client.protocol.dataReceived(b"safe")
        self.connections.take_no_more()
        self.clock.advance(1.0)
        self.assertEqual(client.protocol.seen, [])

    def test_what_comes_over_a_silent_connection_that_is_closed_is_not_run(self) -> None:
        self.listen(idle=1.0)
        client = self.connect(waits=True)
        self.clock.pump([0.5] * 6)
        self.assertTrue(client.disconnecting)
        client.protocol.dataReceived(b"hello\n")
        self.assertEqual(client.protocol.seen, [])

    def test_what_is_not_read_by_then_is_dropped(self) -> None:
        self.listen()
        client = self.connect(waits=True)
        self.connections.close()
        self.assertEqual(self.connections.open, 1)
        self.connections.abort()
        self.assertEqual((client.aborted, self.connections.open), (True, 0))
        self.assertEqual(self.clock.getDelayedCalls(), [])


class SettingsTests(SynchronousTestCase):
    def read(self, text: str) -> ConnectionLimits:
        return read_connection_limits(Table.parse(text, "lab.toml"))

    def test_what_is_not_said_has_its_default(self) -> None:
        self.assertEqual(
            self.read(""),
            ConnectionLimits(connections=1000, connections_per_host=250, idle=86400.0),
        )

    def test_all_can_be_said(self) -> None:
        self.assertEqual(
            self.read("connections = 5\nconnections_per_host = 2\nidle = 0"),
            ConnectionLimits(connections=5, connections_per_host=2, idle=0.0),
        )

    def test_no_listener_can_be_told_to_take_nobody(self) -> None:
        for text in ("connections = 0", "connections_per_host = 0", "idle = -1"):
            self.assertRaises(ConfigError, self.read, text)
        one = self.read("connections = 1\nconnections_per_host = 1")
        self.assertEqual((one.connections, one.connections_per_host), (1, 1))
