"""Limits and ends of Qtegra's listeners."""

from __future__ import annotations

from typing import Any

from twisted.internet.defer import Deferred

from pychron_comms.transport import datagrams as rules
from pychron_comms.transport.budget import FREE
from pychron_comms.transport.connections import AWAITED, UNUSED
from pychron_comms.transport.datagram_lanes import AT_ONCE
from tests.listening import one_turn
from tests.qtegra.test_wire import ADDRESS, WireCase

HERE = ("127.0.0.1", 40000)


class StreamLimitTests(WireCase):
    def test_silent_connections_of_one_computer_are_limited(self) -> None:
        self.connect()
        for _ in range(49):
            _, transport = self.connect_again()
            self.assertEqual(transport.value(), b"")
        _, refused = self.connect_again()
        self.assertEqual(refused.value(), b"ERROR 215 : too many connections: at most 50\r\n")
        self.assertEqual(self.connections.open, 50)

    def test_the_end_of_one_makes_room(self) -> None:
        protocol, _ = self.connect()
        protocol.connectionLost()
        self.assertEqual(self.connections.open, 0)

    def test_a_client_that_does_not_read_its_reply_is_dropped(self) -> None:
        protocol, transport = self.connect()
        protocol.dataReceived(b"GetHV\r")
        self.clock.advance(4.9)
        self.assertFalse(transport.disconnected)
        self.clock.advance(0.2)
        self.assertTrue(transport.disconnected)
        self.assertIn(
            'pychron_comms_stalled_dropped_total{listener="System"} 1', self.metrics.text()
        )

    def test_a_command_in_flight_is_waited_for(self) -> None:
        self.reply = Deferred()
        protocol, transport = self.connect()
        protocol.dataReceived(b"SetMass 40\r")
        self.assertEqual(self.connections.in_flight, 1)
        self.assertEqual(protocol.worth, AWAITED)
        self.connections.refuse_commands()
        late, refused = self.connect_again()
        late.dataReceived(b"GetHV\r")
        self.assertEqual(refused.value(), b"ERROR 209 : shutting down: GetHV")
        self.reply.callback("OK")
        self.assertEqual((transport.value(), self.connections.in_flight), (b"OK", 0))
        self.assertEqual(protocol.worth, UNUSED)

    def test_what_waits_at_the_end_gets_201_and_a_late_reply_is_dropped(self) -> None:
        self.reply = Deferred()
        protocol, transport = self.connect()
        protocol.dataReceived(b"SetMass 40\r")
        _, silent = self.connect_again()
        self.connections.close()
        unknown = b"ERROR 201 : outcome unknown: no reply until this process stopped"
        self.assertEqual((transport.value(), transport.disconnecting), (unknown, True))
        self.assertEqual((silent.value(), silent.disconnecting), (b"", True))
        self.reply.callback("OK")
        self.assertEqual(transport.value(), unknown)

    def test_what_makes_safe_is_taken_until_nothing_is(self) -> None:
        _, first = self.connect()
        others = [self.connect_again()[1] for _ in range(2)]
        self.connections.refuse_commands()
        first_protocol, second_protocol, third_protocol = self.connections._open
        first_protocol.dataReceived(b"BlankBeam True\r")
        second_protocol.dataReceived(b"BlankBeam False\r")
        self.connections.take_no_more()
        third_protocol.dataReceived(b"BlankBeam True\r")
        self.assertEqual(
            [first.value(), *(each.value() for each in others)],
            [b"4.5", b"ERROR 209 : shutting down: BlankBeam False", b""],
        )
        self.assertEqual(self.asked, [("BlankBeam True", "10.0.0.2")])
        self.connections.close()
        self.assertEqual(others[1].disconnecting, True)

    def test_its_lines_are_of_its_computers_budget(self) -> None:
        protocol, _ = self.connect()
        host = protocol._account.host
        protocol.dataReceived(b"x" * (FREE + 100))
        self.assertEqual(host.kept, 100)
        protocol.connectionLost()
        self.assertEqual(host.kept, 0)


class DatagramLimitTests(WireCase):
    def test_an_error_is_never_answered(self) -> None:
        protocol, sent = self.datagrams()
        for line in (b"Error: Invalid command", b"ERROR 203 : queue full"):
            protocol.datagramReceived(line, ADDRESS)
            protocol.datagramReceived(line, HERE)
        self.assertEqual((self.asked, sent), ([], []))

    def test_a_reply_to_the_network_is_a_small_one(self) -> None:
        self.reply = "x" * 2000
        protocol, sent = self.datagrams()
        protocol.datagramReceived(b"GetParameters", ADDRESS)
        protocol.datagramReceived(b"GetParameters", HERE)
        self.assertEqual(sent[0][0], b"ERROR 213 : reply too long: 2000 bytes, at most 1400")
        self.assertEqual(len(sent[1][0]), 2000)

    def test_while_it_stops_what_is_in_flight_is_answered_and_new_commands_get_209(self) -> None:
        reply: Any = Deferred()
        self.reply = reply
        protocol, sent = self.datagrams()
        protocol.datagramReceived(b"SetMass 40", ADDRESS)
        protocol.refuse_commands()
        protocol.datagramReceived(b"GetHV", ADDRESS)
        self.assertEqual(protocol.in_flight, 1)
        reply.callback("OK")
        self.assertEqual([data for data, _ in sent], [b"ERROR 209 : shutting down: GetHV", b"OK"])

    def test_what_makes_safe_is_taken_until_nothing_is(self) -> None:
        protocol, sent = self.datagrams()
        protocol.refuse_commands()
        protocol.datagramReceived(b"BlankBeam True\r", ADDRESS)
        self.assertEqual(sent, [(b"4.5", ADDRESS)])
        protocol.take_no_more()
        protocol.datagramReceived(b"BlankBeam True\r", ADDRESS)
        self.assertEqual(len(self.asked), 1)

    def test_what_makes_safe_has_room_of_its_own(self) -> None:
        self.patch(rules, "PENDING_LIMIT", 1)
        self.reply = Deferred()
        protocol, sent = self.datagrams()
        protocol.datagramReceived(b"SetMass 40", ADDRESS)
        protocol.datagramReceived(b"BlankBeam True", ADDRESS)
        self.assertEqual((sent, protocol.in_flight), ([], 2))
        self.reply.callback("OK")
        self.assertEqual(protocol.in_flight, 0)

    def test_anothers_is_found_among_a_flood_that_nobody_can_work_off(self) -> None:
        self.reply = Deferred()
        protocol, sent = self.datagrams()
        for number in range(2000):
            protocol.datagramReceived(b"GetParameter %d" % number, HERE)
        protocol.datagramReceived(b"GetHV", ADDRESS)
        self.assertLess(len(self.asked), 20)
        one_turn(self.clock)
        one_turn(self.clock)
        self.assertIn(("GetHV", ADDRESS[0]), self.asked)
        self.assertLess(len(self.asked), 200)
        self.assertLess(self.looked_at, 400)
        self.clock.pump([0] * 100)
        self.assertNotIn(("GetParameter 1999", HERE[0]), self.asked)
        self.assertEqual((sent, protocol.in_flight), ([], len(self.asked)))

    def test_copies_of_what_makes_safe_that_wait_are_done_once_and_each_is_answered(self) -> None:
        protocol, sent = self.datagrams()
        for _ in range(AT_ONCE):
            protocol.datagramReceived(b"GetHV", ADDRESS)
        for line in (b"SetMass 40", *[b"BlankBeam True"] * 3):
            protocol.datagramReceived(line, ADDRESS)
        self.asked.clear()
        sent.clear()
        self.clock.pump([0] * 4)
        lines = [line for line, _ in self.asked]
        self.assertEqual(lines, ["BlankBeam True", "SetMass 40", "BlankBeam True"])
        self.assertEqual(sent, [(b"4.5", ADDRESS)] * 4)

    def test_what_waits_for_its_turn_at_the_end_is_answered(self) -> None:
        protocol, sent = self.datagrams()
        for _ in range(AT_ONCE + 2):
            protocol.datagramReceived(b"GetHV", ADDRESS)
        protocol.refuse_commands()
        protocol.take_no_more()
        self.assertEqual(
            [data for data, _ in sent[AT_ONCE:]], [b"ERROR 209 : shutting down: GetHV"] * 2
        )
        self.assertEqual(protocol.in_flight, 0)
