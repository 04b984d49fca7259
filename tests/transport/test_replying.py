"""What one connection writes, the second time too: pauses, turns, drops, and what ends it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, cast

from twisted.internet.address import IPv4Address
from twisted.internet.defer import Deferred
from twisted.internet.task import Clock
from twisted.internet.testing import StringTransport
from twisted.logger import capturedLogs
from twisted.trial.unittest import SynchronousTestCase

from pychron_comms.interfaces import IKnownRead, Replies
from pychron_comms.observability.metrics import Metrics
from pychron_comms.transport.line_protocol import CommandLineReceiver
from pychron_comms.transport.turns import AT_ONCE, QUICK, SLICE
from pychron_comms.wire.grammar import Request, Tags
from pychron_comms.wire.line_table import LineTable
from tests.listening import connections, one_turn
from tests.transport.limits_case import LimitsCase
from tests.transport.test_line_protocol import Parrot, ProtocolCase, Transport


class TogetherTests(ProtocolCase):
    """Replies to what was asked together."""

    def test_plain_ones_keep_their_places_among_all(self) -> None:
        parrot, transport = self.connect()
        parrot.dataReceived(b"wait\n")
        place = parrot.wait_for_all(["", "", ""])
        parrot.dataReceived(b"say e\n")
        self.assertEqual(parrot.in_flight, 4)
        parrot.reply_late_to_all(["c", "d"], place, 1)
        parrot.waiting[0].callback("a")
        self.assertEqual(transport.value(), b"a\r\n")
        parrot.reply_late_to_all(["b"], place, 0)
        self.assertEqual(transport.value(), b"a\r\nb\r\nc\r\nd\r\ne\r\n")
        self.assertEqual(parrot.in_flight, 0)

    def test_plain_ones_that_are_there_at_once_wait_behind_those_before_them(self) -> None:
        parrot, transport = self.connect()
        parrot.dataReceived(b"wait\n")
        parrot.reply_all(["", ""], ["b", b"c"])
        self.assertEqual(transport.value(), b"")
        parrot.waiting[0].callback("a")
        self.assertEqual(transport.value(), b"a\r\nb\r\nc\r\n")
        parrot.reply_all(["", ""], ["d", "e"])
        self.assertEqual(transport.value(), b"a\r\nb\r\nc\r\nd\r\ne\r\n")

    def test_each_that_is_passed_on_as_it_came_is_a_line_however_long(self) -> None:
        parrot, transport = self.connect()
        place = parrot.wait_for_all(["", "", ""])
        with capturedLogs() as logs:
            parrot.reply_late_to_all([b"a", b"b" * 4094], place, 0)
            self.assertEqual(logs, [])
            parrot.reply_late_to_all([b"c" * 4095], place, 2)
        self.assertEqual([each["length"] for each in logs], [4097])
        lines = [b"a", b"b" * 4094, b"c" * 4095]
        self.assertEqual(transport.value(), b"".join(line + b"\r\n" for line in lines))

    def test_those_with_ids_overtake(self) -> None:
        parrot, transport = self.connect()
        parrot.dataReceived(b"wait\n")
        place = parrot.wait_for_all(["1", "2", "3"])
        parrot.reply_late_to_all(["c"], place, 2)
        parrot.reply_late_to_all(["a", "b"], place, 0)
        self.assertEqual(transport.value(), b"@id=3 c\r\n@id=1 a\r\n@id=2 b\r\n")
        self.assertEqual(parrot.in_flight, 1)


class Known:
    """A read that was understood before."""

    command = "read a"
    way = None


class Knowing(Parrot):
    """Knows one read, and must not need to understand it."""

    def makes_safe(self, line: bytes) -> bool:
        raise AssertionError(line)

    only_reads = makes_safe

    def ask_all(self, reads: Sequence[IKnownRead], tags: Tags, replies: Replies) -> None:
        replies.replied(0, ["True"] * len(reads))


class KnownReadTests(SynchronousTestCase):
    def test_those_that_wait_for_their_turn_are_not_understood_anew(self) -> None:
        """So a thousand clients' reads, that come at once, cost no more each than one's."""
        clock = Clock()
        knowing, transport = Knowing(connections(clock)), Transport()
        knowing.known_reads = LineTable()
        knowing.known_reads.keep(b"read a", cast(IKnownRead, Known()), "somebody")
        knowing.makeConnection(transport)
        knowing.dataReceived(b"read a\r\n" * (2 * AT_ONCE))
        self.assertEqual(transport.value(), b"True\r\n" * AT_ONCE)
        clock.pump([0] * 10)
        self.assertEqual(transport.value(), b"True\r\n" * 2 * AT_ONCE)


class TurnTests(ProtocolCase):
    def test_a_line_waits_behind_those_whose_turn_has_not_come(self) -> None:
        parrot, _ = self.connect()
        many = 3000
        parrot.dataReceived(b"say many\n" * many)
        self.assertLess(len(parrot.seen), many)
        parrot.dataReceived(b"say last\n")
        while self.clock.getDelayedCalls() and len(parrot.seen) <= many:
            self.clock.advance(0.01)
        self.assertEqual(parrot.seen, ["say many"] * many + ["say last"])

    def test_who_waits_for_a_turn_gets_one_whatever_comes_meanwhile(self) -> None:
        parrot, _ = self.connect()
        asked: list[object] = []
        turns = parrot._connections.turns
        wait = turns.wait

        def noting(worker: Any, host: str) -> None:
            asked.append(worker)
            wait(worker, host)

        self.patch(turns, "wait", noting)
        for _ in range(3):
            parrot.dataReceived(b"say a\n" * (AT_ONCE + 1))
        self.assertEqual(len(asked), 1)

    def test_replies_of_a_turn_are_counted_together(self) -> None:
        """Two slices, of 35 KB and of twice as much, are enough."""
        parrot, _ = self.connect()
        self.patch(parrot, "answer", self.answer_of(parrot))
        parrot.dataReceived(b"tell\n" * AT_ONCE)
        self.assertEqual(len(parrot.seen), SLICE + QUICK)

    def answer_of(self, parrot: Parrot) -> Callable[[Request], str]:
        def answer(request: Request) -> str:
            parrot.seen.append(request.command)
            return "x" * 2200

        return answer


class FairTests(ProtocolCase):
    def test_a_computer_with_many_connections_has_no_more_turns_than_one_with_one(self) -> None:
        clock = Clock()
        both = connections(clock)
        parrots = []
        for host in (*["10.0.0.1"] * 10, "10.0.0.2"):
            parrots.append(Parrot(both))
            parrots[-1].makeConnection(Transport(peerAddress=IPv4Address("TCP", host, 40000)))
            parrots[-1].dataReceived(b"say a\n" * 200)
        for _ in range(3):
            before = len(parrots[-1].seen)
            one_turn(clock)
            self.assertGreaterEqual(len(parrots[-1].seen) - before, 2 * SLICE)


class HalfCloseTests(ProtocolCase):
    def test_who_sends_no_more_has_every_reply_before_the_end(self) -> None:
        parrot, transport = self.connect()
        parrot.dataReceived(b"wait\nwait\n")
        parrot.readConnectionLost()
        parrot.waiting[0].callback("a")
        self.assertEqual((transport.value(), transport.disconnecting), (b"a\r\n", False))
        parrot.waiting[1].callback("b")
        self.assertEqual((transport.value(), transport.disconnecting), (b"a\r\nb\r\n", True))


class PauseTests(ProtocolCase):
    def test_it_is_the_transport_that_says_when_its_buffer_is_full(self) -> None:
        _, transport = self.connect()
        self.assertTrue(transport.streaming)

    def test_each_pause_has_its_own_time(self) -> None:
        parrot, transport = self.connect(stall=60.0)
        for _ in range(3):
            parrot.pauseProducing()
            self.clock.advance(59)
            parrot.resumeProducing()
        self.assertEqual((transport.aborted, self.clock.getDelayedCalls()), (False, []))
        parrot.pauseProducing()
        self.clock.advance(60)
        self.assertTrue(transport.aborted)

    def test_a_pause_is_one_however_often_it_is_told(self) -> None:
        """A transport tells it at each write while its buffer is full."""
        parrot, transport = self.connect(stall=60.0)
        parrot.pauseProducing()
        self.clock.advance(30)
        parrot.pauseProducing()
        parrot.pauseProducing()
        self.assertEqual(len(self.clock.getDelayedCalls()), 1)
        parrot.resumeProducing()
        self.assertEqual((transport.aborted, self.clock.getDelayedCalls()), (False, []))

    def test_its_time_begins_when_it_is_told_first(self) -> None:
        parrot, transport = self.connect(stall=60.0)
        parrot.pauseProducing()
        self.clock.advance(30)
        parrot.pauseProducing()
        self.clock.advance(29)
        self.assertFalse(transport.aborted)
        self.clock.advance(1)
        self.assertTrue(transport.aborted)

    def test_a_listener_that_closes_after_each_reply_does_so_after_a_pause_too(self) -> None:
        parrot, transport = self.connect(close_after_reply=True)
        parrot.dataReceived(b"wait\n")
        parrot.pauseProducing()
        parrot.resumeProducing()
        parrot.waiting[0].callback("a")
        self.assertEqual((transport.value(), transport.disconnecting), (b"a\r\n", True))

    def test_any_other_stays_open_after_a_pause(self) -> None:
        parrot, transport = self.connect()
        parrot.pauseProducing()
        parrot.resumeProducing()
        parrot.dataReceived(b"say a\n")
        self.assertEqual((transport.value(), transport.disconnecting), (b"a\r\n", False))


class DropTests(LimitsCase):
    def test_who_is_dropped_is_counted_once_whatever_is_still_to_be_told(self) -> None:
        self.listen(budget={"unread": 1000})
        slow = self.connect()
        slow.waits = True
        slow.protocol.dataReceived(b"wait\n" * 3)
        self.patch(slow, "abortConnection", lambda: None)
        slow.protocol.pauseProducing()
        for waiting in slow.protocol.waiting:
            waiting.callback("x" * 1100)
        self.assertIn("pychron_comms_budget_dropped_total 1.0\n", self.metrics.text())

    def test_who_comes_is_known_to_the_protocol_by_where_it_comes_from(self) -> None:
        self.listen()
        peers: list[object] = []
        built = self.factory._factory.buildProtocol
        self.patch(
            self.factory._factory, "buildProtocol", lambda peer: peers.append(peer) or built(peer)
        )
        self.connect()
        (peer,) = peers
        self.assertIsNotNone(peer)


class AbstractTests(SynchronousTestCase):
    """What a receiver is that says nothing of its lines."""

    def test_it_knows_of_no_line_that_makes_safe_or_only_reads(self) -> None:
        receiver = CommandLineReceiver(connections(Clock(), Metrics()))
        receiver.makeConnection(StringTransport())
        for tells in (receiver.makes_safe, receiver.only_reads, receiver.goes_ahead):
            self.assertIs(tells(b"Close A"), False)
        receiver.expect("1", Deferred())
