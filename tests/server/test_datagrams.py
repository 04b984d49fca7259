"""The service over UDP, and what keeps datagrams from doing harm."""

from __future__ import annotations

import socket

from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from pychron_comms.errors import InvalidValveError
from pychron_comms.handlers.factories import own_commands
from pychron_comms.observability.metrics import Metrics
from pychron_comms.observability.sender_log import SenderLog
from pychron_comms.server.datagrams import (
    DatagramMessagingHandler,
)
from pychron_comms.server.dispatcher import RequestDispatcher
from pychron_comms.server.messaging_handler import MessagingFactory
from pychron_comms.server.resend.delivery import LAIN
from pychron_comms.transport import datagrams as rules
from pychron_comms.transport.datagram_lanes import LINES
from pychron_comms.transport.datagrams import BURST, DatagramGuard
from pychron_comms.transport.options import WireOptions
from pychron_comms.transport.places import SAFE_LIMIT
from tests.listening import connections, one_turn, shared
from tests.server.datagram_case import DatagramCase, Datagrams
from tests.server.test_server import Transport

HERE = ("127.0.0.1", 40000)


class DatagramTests(DatagramCase):
    def test_a_datagram_gets_one_back_where_it_came_from(self) -> None:
        handler, transport = self.handler()
        handler.datagramReceived(b"Open A\r", self.address)
        self.assertEqual(self.repeater.requests, [("System", "Open A", "10.0.0.1", None)])
        self.repeater.waiting[0].callback("OK")
        self.assertEqual(transport.written, [(b"OK\r\n", self.address)])
        self.assertEqual(handler.logPrefix(), "RemoteCommandServer for System (UDP)")

    def test_a_datagram_is_whole_without_a_terminator(self) -> None:
        handler, _ = self.handler()
        handler.datagramReceived(b"Open A", self.address)
        self.assertEqual(len(self.repeater.requests), 1)

    def test_blank_datagrams_get_nothing(self) -> None:
        handler, transport = self.handler()
        for blank in (b"", b"\r\n", b"  "):
            handler.datagramReceived(blank, self.address)
        self.assertEqual((self.repeater.requests, transport.written), ([], []))

    def test_lines_that_have_no_room_in_a_lane_are_dropped_and_counted_and_no_others(self) -> None:
        metrics = Metrics()
        wire = shared(self.clock, metrics=metrics)
        handler = DatagramMessagingHandler(self.dispatcher(), WireOptions(), wire)
        handler.makeConnection(Datagrams())  # type: ignore[arg-type]
        dropped = 'datagrams_dropped_total{listener="System (UDP)"}'
        for _ in range(LINES // 64):
            handler.datagramReceived(b"Open A\n" * 64, HERE)
        self.assertIn(f"{dropped} 0.0\n", metrics.text())
        # Some were asked as they came: as many find room.
        handler.datagramReceived(b"Open A\n" * 64, HERE)
        asked = len(self.repeater.requests)
        self.assertTrue(asked < 64)
        self.assertIn(f"{dropped} {64 - asked}.0\n", metrics.text())

    def test_a_datagram_of_this_computer_holds_a_few_commands_and_no_more(self) -> None:
        handler, transport = self.handler()
        handler.datagramReceived(b"Open A\n" * 64, HERE)
        self.clock.pump([0] * 20)
        self.assertEqual(len(self.repeater.requests), 64)
        handler.datagramReceived(b"Open B\n" * 65, HERE)
        self.assertEqual(len(self.repeater.requests), 64)
        self.assertEqual(
            transport.written,
            [(b"ERROR 206 : malformed request: at most 64 commands for each datagram\r\n", HERE)],
        )
        handler.datagramReceived(b"ERROR 003 : unknown\n" + b"Open C\n" * 64, HERE)
        self.assertEqual((len(self.repeater.requests), len(transport.written)), (64, 1))

    def test_a_flood_of_them_is_taken_a_few_at_a_time(self) -> None:
        handler, transport = self.handler()
        self.assertEqual(transport.maxThroughput, 32768)
        for _ in range(rules.AT_ONCE):
            handler.datagramReceived(b"", HERE)
        self.assertEqual(transport.maxThroughput, 0)
        self.clock.advance(0)
        self.assertEqual(transport.maxThroughput, 32768)

    def test_anothers_is_found_among_a_flood_that_nobody_can_work_off(self) -> None:
        self.declared = own_commands()
        handler, transport = self.handler()
        for number in range(2000):
            handler.datagramReceived(b"Open %d" % number, HERE)
        handler.datagramReceived(b"Close A", self.address)
        self.assertLess(len(self.repeater.requests), 20)
        for _ in range(2):
            one_turn(self.clock)
        self.assertIn("Close A", self.commands())
        self.assertLess(len(self.repeater.requests), 200)
        self.assertGreater(handler.in_flight, LINES // 2)
        self.assertEqual(transport.written, [])
        self.clock.pump([0] * 100)
        self.assertIn("Open 9", self.commands())
        self.assertNotIn("Open 1999", self.commands())

    def test_copies_of_what_makes_safe_that_wait_reach_the_processor_once(self) -> None:
        self.declared = own_commands()
        handler, transport = self.handler()
        for _ in range(1000):
            handler.datagramReceived(b"Close A", HERE)
        self.clock.pump([0] * 4)
        self.assertLess(len(self.commands()), 20)
        for waiting in self.repeater.waiting:
            waiting.callback("OK")
        self.assertEqual(transport.written, [(b"OK\r\n", HERE)] * 1000)

    def test_what_acts_and_waited_for_long_in_its_lane_is_not_begun(self) -> None:
        self.declared = own_commands()
        handler, transport = self.handler()
        for number in range(20):
            handler.datagramReceived(b"@id=%d GetValveState A" % number, HERE)
        handler.datagramReceived(b"Open A", HERE)
        handler.datagramReceived(b"@id=safe Close B", HERE)
        self.clock.rightNow += LAIN + 0.01
        self.clock.pump([0] * 4)
        self.assertTrue(transport.written[0][0].startswith(b"ERROR 202"))
        self.assertEqual(self.commands()[-2:], ["GetValveState A", "Close B"])

    def test_what_goes_ahead_leaves_the_key_to_the_one_that_is_answered(self) -> None:
        self.declared = own_commands()
        handler, transport = self.handler()
        for _ in range(10):
            handler.datagramReceived(b"Open A", HERE)
        handler.datagramReceived(b"@id=1;key=k Close A", HERE)
        self.clock.pump([0] * 4)
        self.assertEqual(
            [each.key for each in self.repeater.context if each.safe], ["", "k"], self.commands()
        )
        for waiting in self.repeater.waiting:
            waiting.callback("OK")
        self.assertEqual(transport.written.count((b"@id=1 OK\r\n", HERE)), 1)

    def test_it_has_room_for_those_that_come_while_the_reactor_is_busy(self) -> None:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as listening:
            room = listening.getsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF)
            self.patch(Datagrams, "getHandle", lambda _: listening)
            self.handler()
            self.assertGreater(listening.getsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF), room)

    def test_long_ones_that_wait_are_few(self) -> None:
        self.patch(rules, "WAITING_BYTES", 1000)
        handler, transport = self.handler()
        for _ in range(2):
            handler.datagramReceived(b"Open " + b"A" * 600, HERE)
        self.assertEqual(len(self.repeater.requests), 1)
        ((refused, _),) = transport.written
        self.assertIn(b"ERROR 203", refused)
        self.repeater.waiting[0].callback("OK")
        handler.datagramReceived(b"Open " + b"A" * 600, HERE)
        self.assertEqual(len(self.repeater.requests), 2)

    def test_and_each_that_is_answered_leaves_its_room(self) -> None:
        self.patch(rules, "WAITING_BYTES", 1000)
        handler, transport = self.handler()
        handler.datagramReceived(b"Open B", HERE)
        for number in range(1, 4):
            handler.datagramReceived(b"Open " + b"A" * 600, HERE)
            self.repeater.waiting[number].callback("OK")
        self.assertEqual(transport.written, [(b"OK\r\n", HERE)] * 3)

    def test_errors_are_datagrams_too(self) -> None:
        handler, transport = self.handler(line_length=64)
        handler.datagramReceived(b"\xff\xff\xff\xff\xff\xff", self.address)
        handler.datagramReceived(b"x" * 65, self.address)
        handler.datagramReceived(b"@id=3 CO2|Enable", self.address)
        handler.datagramReceived(b"@id=4 Open Z", self.address)
        self.repeater.waiting[0].errback(InvalidValveError("Z"))
        replies = [data for data, _ in transport.written]
        self.assertTrue(replies[0].startswith(b"ERROR 206 : malformed request: "))
        self.assertEqual(replies[1], b"ERROR 205 : line too long: more than 64 bytes\r\n")
        self.assertTrue(replies[2].startswith(b"@id=3 ERROR 208 : "))
        self.assertEqual(replies[3], b"@id=4 ERROR 005 : Z is not a registered valve name\r\n")

    def test_an_answer_that_is_known_at_once_leaves_at_once(self) -> None:
        self.patch(RequestDispatcher, "answer", lambda self, request, sender, connection: "OK")
        handler, transport = self.handler()
        handler.datagramReceived(b"@id=1 Open A", self.address)
        self.assertEqual(transport.written, [(b"@id=1 OK\r\n", self.address)])

    def test_a_bug_counts_and_shows_the_same_as_over_a_connection(self) -> None:
        def broken(*_: object) -> str:
            raise ZeroDivisionError

        metrics, dispatcher = Metrics(), self.dispatcher()
        handler = DatagramMessagingHandler(dispatcher, WireOptions(), shared(Clock(), metrics))
        sent = Datagrams()
        handler.makeConnection(sent)  # type: ignore[arg-type]
        stream = Transport()
        connection = MessagingFactory(dispatcher, connections(Clock(), metrics)).buildProtocol(None)
        connection.makeConnection(stream)

        handler.datagramReceived(b"Open A\r", self.address)
        self.repeater.waiting[-1].errback(ZeroDivisionError())
        connection.dataReceived(b"Open B\r")
        self.repeater.waiting[-1].errback(ZeroDivisionError())
        self.patch(dispatcher, "answer", broken)
        handler.datagramReceived(b"Open A\r", self.address)
        connection.dataReceived(b"Open B\r")

        shown = b"".join(data for data, _ in sent.written)
        self.assertTrue(shown.startswith(b"ERROR 002 : func call problem: err= ZeroDivisionError"))
        self.assertEqual(shown.replace(b"Open A", b"Open B"), stream.value())
        for name in ("System", "System (UDP)"):
            self.assertIn(f'pychron_comms_bugs_total{{listener="{name}"}} 2.0\n', metrics.text())
        self.assertEqual(len(self.flushLoggedErrors(ZeroDivisionError)), 4)

    def test_a_reply_past_a_datagram_is_213(self) -> None:
        handler, transport = self.handler()
        handler.datagramReceived(b"Describe", HERE)
        self.repeater.waiting[0].callback("x" * 70000)
        self.assertEqual(
            transport.written[0][0], b"ERROR 213 : reply too long: 70002 bytes, at most 65507\r\n"
        )

    def test_to_the_network_a_reply_is_one_small_datagram_and_213_tells_to_ask_by_tcp(self) -> None:
        handler, transport = self.handler()
        handler.datagramReceived(b"Help", self.address)
        self.repeater.waiting[-1].callback("x" * 1398)
        self.assertEqual(len(transport.written[0][0]), 1400)
        handler.datagramReceived(b"Describe", self.address)
        self.repeater.waiting[-1].callback("x" * 1399)
        self.assertEqual(
            transport.written[-1][0],
            b"ERROR 213 : reply too long: 1401 bytes, at most 1400 in a datagram: ask by TCP\r\n",
        )

    def test_a_listener_may_say_how_long_a_reply_may_be(self) -> None:
        handler, transport = self.handler(datagram_reply=3000)
        handler.datagramReceived(b"Describe", self.address)
        self.repeater.waiting[-1].callback("x" * 2998)
        self.assertEqual(len(transport.written[0][0]), 3000)

    def test_a_datagram_of_the_network_is_one_command(self) -> None:
        handler, transport = self.handler()
        handler.datagramReceived(b"Open A\r\n" * 1000, self.address)
        self.assertEqual(self.repeater.requests, [])
        error = b"ERROR 206 : malformed request: one command for each datagram\r\n"
        self.assertEqual(transport.written, [(error, self.address)])

    def test_one_that_begins_with_an_error_is_not_even_refused(self) -> None:
        handler, transport = self.handler()
        handler.datagramReceived(b"ERROR 003 : unknown\rOpen B\r", self.address)
        self.assertEqual((transport.written, self.repeater.requests), ([], []))

    def test_on_this_computer_each_line_is_one(self) -> None:
        handler, _ = self.handler()
        handler.datagramReceived(b"Open A\r\nOpen B\r\n", HERE)
        self.assertEqual(len(self.repeater.requests), 2)

    def test_an_error_is_never_answered(self) -> None:
        handler, transport = self.handler(line_length=64)
        for line in (
            b"ERROR 003 : invalid command: Hello",
            b"@id=4 ERROR 206 : malformed request",
            b"001BERROR 003 : invalid command",
            b"Error: Invalid command",
        ):
            for address in (self.address, HERE):
                handler.datagramReceived(line + b"\r\n", address)
        self.assertEqual((self.repeater.requests, transport.written), ([], []))

    def test_an_address_of_the_network_is_not_sent_more_than_its_rate(self) -> None:
        handler, transport = self.handler()
        # Ask no description: it would stand between the requests.
        for number in range(1000):
            handler.datagramReceived(b"GetValue %d" % number, self.address)
            self.clock.pump([0] * 2)
            if len(self.repeater.waiting) > number:
                self.repeater.waiting[-1].callback("x" * 1300)
        sent = sum(len(data) for data, _ in transport.written)
        self.assertLess(sent, 70_000)
        self.assertEqual(len(self.repeater.requests), len(transport.written))
        handler.datagramReceived(b"GetValue", HERE)
        self.repeater.waiting[-1].callback("4.5")
        self.assertEqual(transport.written[-1], (b"4.5\r\n", HERE))
        self.clock.advance(1.0)
        handler.datagramReceived(b"GetValue last", self.address)
        self.assertEqual(self.repeater.requests[-1][1], "GetValue last")

    def test_what_makes_safe_is_done_all_the_same_and_has_room_of_its_own(self) -> None:
        self.declared = own_commands()
        self.patch(rules, "PENDING_LIMIT", 2)
        self.patch(rules, "BURST", 100)
        handler, _ = self.handler()
        for number in range(4):
            handler.datagramReceived(b"Open %d" % number, self.address)
        handler.datagramReceived(b"Close A", self.address)
        self.assertEqual([each[1] for each in self.repeater.requests[2:]], ["Close A"])
        handler.datagramReceived(b"Open 9", self.address)
        self.assertEqual(len(self.repeater.requests), 3)
        handler.datagramReceived(b"Close B", self.address)
        self.assertEqual(len(self.repeater.requests), 4)

    def test_closes_of_a_valve_that_hangs_leave_all_others_their_room(self) -> None:
        self.declared = own_commands()
        self.assertGreater(rules.SAFE_ROOM, SAFE_LIMIT)
        handler, transport = self.handler()
        # As many as get on their way to the processor.
        for _ in range(SAFE_LIMIT):
            handler.datagramReceived(b"Close A", ("10.0.0.2", 40000))
        handler.datagramReceived(b"Close B", self.address)
        handler.datagramReceived(b"Open C", self.address)
        self.clock.pump([0] * 4)
        self.assertEqual(transport.written, [])
        for waiting in self.repeater.waiting:
            waiting.callback("OK")
        self.assertEqual((len(transport.written), handler.in_flight), (SAFE_LIMIT + 2, 0))

    def test_its_own_room_is_bounded_too(self) -> None:
        self.declared = own_commands()
        self.patch(rules, "SAFE_ROOM", 1)
        handler, transport = self.handler()
        for _ in range(2):
            handler.datagramReceived(b"Close A", self.address)
        self.assertTrue(transport.written[0][0].startswith(b"ERROR 203"))
        self.repeater.waiting[0].callback("OK")
        handler.datagramReceived(b"Close A", self.address)
        self.assertEqual(len(self.repeater.requests), 2)

    def test_one_address_of_the_network_cannot_take_all_the_room(self) -> None:
        self.patch(rules, "SHARE", 2)
        handler, transport = self.handler()
        for number in range(3):
            handler.datagramReceived(b"Open %d" % number, self.address)
        self.assertEqual(len(self.repeater.requests), 2)
        self.assertTrue(transport.written[0][0].startswith(b"ERROR 203"))
        handler.datagramReceived(b"Open A", ("10.0.0.2", 40000))
        self.repeater.waiting[0].callback("OK")
        handler.datagramReceived(b"Open B", self.address)
        self.assertEqual(len(self.repeater.requests), 4)

    def test_a_flood_keeps_the_reactor_for_a_moment_only(self) -> None:
        _, transport = self.handler()
        self.assertLess(transport.maxThroughput, 65536)

    def test_too_many_waiting_datagrams_are_refused(self) -> None:
        self.patch(rules, "PENDING_LIMIT", 2)
        handler, transport = self.handler()
        for valve in (b"A", b"B", b"C"):
            handler.datagramReceived(b"Open " + valve, self.address)
        self.assertTrue(transport.written[0][0].startswith(b"ERROR 203 : queue full: "))
        self.repeater.waiting[0].callback("OK")
        handler.datagramReceived(b"Open C", self.address)
        self.assertEqual(len(self.repeater.requests), 3)

    def test_each_datagram_has_a_name_by_which_its_copies_are_known(self) -> None:
        handler, _ = self.handler()
        handler.datagramReceived(b"Open A", self.address)
        handler.datagramReceived(b"Open A", self.address)
        self.assertEqual([context.ask for context in self.repeater.context], ["udp.1", "udp.2"])
        # Nor can it be told that its sender was silent since.
        self.assertEqual([context.silent for context in self.repeater.context], [0.0, 0.0])
        self.repeater.waiting[0].callback("OK")
        # Whether that arrived nobody can tell.
        self.assertEqual(self.repeater.taken, [])

    def test_while_it_stops_only_what_makes_safe_is_begun(self) -> None:
        self.declared = own_commands()
        handler, transport = self.handler()
        handler.refuse_commands()
        handler.datagramReceived(b"Open A\r", self.address)
        handler.datagramReceived(b"Close A\r", self.address)
        ((refusal, _),) = transport.written
        self.assertTrue(refusal.startswith(b"ERROR 209 : "), refusal)
        self.assertEqual([data for _, data, *_ in self.repeater.requests], ["Close A"])
        handler.take_no_more()
        handler.datagramReceived(b"Close B\r", self.address)
        self.assertEqual((len(transport.written), len(self.repeater.requests)), (1, 1))

    def test_an_answer_after_the_stop_harms_nobody(self) -> None:
        handler, transport = self.handler()
        handler.datagramReceived(b"Open A", self.address)
        handler.doStop()
        self.repeater.waiting[0].callback("OK")
        self.assertEqual(transport.written, [])


class RateTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.clock, metrics = Clock(), Metrics()
        log = SenderLog(self.clock, metrics)
        self.guard = DatagramGuard("System (UDP)", self.clock, metrics, log)

    def may_answer(self, host: str) -> bool:
        return self.guard.may_answer(b"GetData", host, False)

    def test_qtegras_clients_at_ten_a_second_are_answered(self) -> None:
        for _ in range(1000):
            self.assertTrue(self.may_answer("10.0.0.1"))
            self.guard.answered("10.0.0.1", 400)
            self.clock.advance(0.1)

    def test_the_last_byte_of_a_burst_is_the_one_that_counts(self) -> None:
        self.guard.answered("10.0.0.1", BURST - 1)
        self.assertTrue(self.may_answer("10.0.0.1"))
        self.guard.answered("10.0.0.1", 1)
        self.assertFalse(self.may_answer("10.0.0.1"))
        self.assertTrue(self.may_answer("127.0.0.1"))

    def test_the_number_of_addresses_is_bounded_and_those_beyond_share_a_rate(self) -> None:
        self.patch(rules, "ADDRESSES", 2)
        for host in ("1", "2", "3"):
            self.guard.answered(host, BURST)
        self.assertEqual([self.may_answer(host) for host in ("1", "2", "3", "4")], [False] * 4)
        self.assertLess(len(self.guard._debts), 4)
        self.clock.advance(2.0)
        self.assertEqual([self.may_answer(host) for host in ("1", "2", "3", "4")], [True] * 4)
