"""How much of a flood of datagrams is taken, and when."""

from __future__ import annotations

from types import SimpleNamespace

from twisted.internet.task import Clock
from twisted.logger import capturedLogs, formatEvent
from twisted.trial.unittest import SynchronousTestCase

from pychron_comms.errors import QueueFullError
from pychron_comms.observability.metrics import Metrics
from pychron_comms.observability.sender_log import SenderLog
from pychron_comms.transport.datagrams import (
    ADDRESSES,
    AT_ONCE,
    BURST,
    PENDING_LIMIT,
    RATE,
    SAFE_ROOM,
    SHARE,
    WAITING_BYTES,
    DatagramGuard,
)
from pychron_comms.transport.peer_identity import is_here

HERE, OTHER, FAR = "127.0.0.1", "127.0.0.2", "10.0.0.1"


class GuardCase(SynchronousTestCase):
    def setUp(self) -> None:
        self.clock, self.metrics = Clock(), Metrics()
        log = SenderLog(self.clock, self.metrics)
        self.guard = DatagramGuard("System (UDP)", self.clock, self.metrics, log)


class TurnTests(GuardCase):
    """A port reads on while fewer bytes have come than its ``maxThroughput``."""

    def setUp(self) -> None:
        super().setUp()
        self.port = SimpleNamespace(maxThroughput=1 << 18)
        self.guard.listens(self.port)

    def test_a_port_takes_no_more_than_so_many_bytes_at_once(self) -> None:
        self.assertEqual(self.port.maxThroughput, 32768)

    def test_nor_more_than_so_many_datagrams_however_short(self) -> None:
        for _ in range(3):
            for _ in range(AT_ONCE - 1):
                self.guard.came(self.port)
                self.assertEqual(self.port.maxThroughput, 32768)
            self.guard.came(self.port)
            self.assertEqual(self.port.maxThroughput, 0)
            self.clock.advance(0)
            self.assertEqual(self.port.maxThroughput, 32768)


class DropTests(GuardCase):
    def test_all_are_counted_and_each_host_is_named_once_for_each_time_that_many_are_read(
        self,
    ) -> None:
        lines: list[str] = []
        self.patch(self.guard._senders, "warn", lambda log, text, sender: lines.append(sender))
        port = SimpleNamespace(maxThroughput=0)
        for _ in range(2):
            for host in (FAR, OTHER, FAR, FAR):
                self.guard.dropped(host)
            self.guard.listens(port)
        self.assertEqual(lines, [FAR, OTHER] * 2)
        self.assertIn('datagrams_dropped_total{listener="System (UDP)"} 8.0\n', self.metrics.text())


class DebtTests(GuardCase):
    def test_an_address_that_had_enough_waits_however_late_it_is(self) -> None:
        self.clock.advance(1000.0)
        self.guard.answered(FAR, 2 * BURST)
        self.assertFalse(self.guard.may_answer(b"GetData", FAR, False))
        self.clock.advance(BURST / RATE - 0.1)
        self.assertFalse(self.guard.may_answer(b"GetData", FAR, False))
        self.clock.advance(0.2)
        self.assertTrue(self.guard.may_answer(b"GetData", FAR, False))

    def test_the_oldest_gives_its_name_when_its_debt_is_over_and_no_sooner(self) -> None:
        self.clock.advance(1000.0)
        for number in range(ADDRESSES):
            self.guard.answered(f"10.1.{number // 250}.{number % 250}", RATE)
        for seconds, is_known in ((0.5, False), (0.49, False), (0.01, True)):
            self.clock.advance(seconds)
            self.guard.answered(FAR, 1)
            self.assertEqual(FAR in self.guard._debts, is_known)

    def test_what_is_not_answered_is_counted_whatever_the_reason(self) -> None:
        self.assertFalse(self.guard.may_answer(b"ERROR 003 : no", FAR, False))
        self.guard.answered(FAR, BURST)
        self.assertFalse(self.guard.may_answer(b"Open A", FAR, False))
        self.assertTrue(self.guard.may_answer(b"Close A", FAR, True))
        self.assertIn('datagrams_dropped_total{listener="System (UDP)"} 2.0\n', self.metrics.text())
        for count in (3, 4):
            self.assertFalse(self.guard.may_answer(b"Open A", FAR, False))
            told = f'datagrams_dropped_total{{listener="System (UDP)"}} {count}.0\n'
            self.assertIn(told, self.metrics.text())
        self.guard.dropped(FAR)
        self.assertIn('datagrams_dropped_total{listener="System (UDP)"} 5.0\n', self.metrics.text())
        self.assertFalse(self.guard.may_answer(b"ERROR 003 : no", FAR, False))
        self.assertIn('datagrams_dropped_total{listener="System (UDP)"} 6.0\n', self.metrics.text())


class LogTests(GuardCase):
    def test_who_is_not_answered_is_named_with_the_reason(self) -> None:
        self.guard.answered(FAR, BURST)
        with capturedLogs() as logs:
            self.guard.may_answer(b"Open A", FAR, False)
            self.guard.dropped(OTHER)
        self.assertEqual(
            [formatEvent(each) for each in logs],
            [
                f"dropped datagrams of {FAR}: it had enough replies",
                f"dropped datagrams of {OTHER}: too many wait for their turn",
            ],
        )

    def test_one_that_had_a_byte_less_than_enough_is_answered(self) -> None:
        self.guard.answered(FAR, BURST - 1)
        self.assertTrue(self.guard.may_answer(b"Open A", FAR, False))


class HereTests(SynchronousTestCase):
    def test_this_computer_has_many_addresses(self) -> None:
        for host in ("127.0.0.1", "127.1.2.3", "::1", "::ffff:127.0.0.1"):
            self.assertTrue(is_here(host), host)
        for host in ("10.0.0.1", "128.0.0.1", "::ffff:10.0.0.1", "::2", "fe80::1", ""):
            self.assertFalse(is_here(host), host)


class RoomTests(GuardCase):
    def test_this_computer_may_fill_all_the_room(self) -> None:
        for _ in range(PENDING_LIMIT):
            self.guard.look_for_room(HERE, False)
            self.guard.begin(HERE)
        error = self.assertRaises(QueueFullError, self.guard.look_for_room, HERE, False)
        self.assertIn(f"{PENDING_LIMIT} datagrams wait for their replies", str(error))

    def test_what_makes_safe_has_room_of_its_own_and_takes_no_others(self) -> None:
        for _ in range(SAFE_ROOM):
            self.guard.look_for_room(FAR, True)
            self.guard.begin(FAR, True)
        error = self.assertRaises(QueueFullError, self.guard.look_for_room, OTHER, True)
        self.assertIn(f"{SAFE_ROOM} datagrams wait for their replies", str(error))
        for _ in range(SHARE):
            self.guard.look_for_room(FAR, False)
            self.guard.begin(FAR)
        self.guard.end(FAR, True)
        self.guard.look_for_room(OTHER, True)
        self.assertRaises(QueueFullError, self.guard.look_for_room, FAR, False)
        self.assertEqual(self.guard.in_flight, SAFE_ROOM - 1 + SHARE)

    def test_what_has_no_bytes_leaves_none(self) -> None:
        for _ in range(2):
            self.guard.begin(FAR)
        self.guard.end(FAR)
        self.guard.look_for_room(FAR, False, WAITING_BYTES + 2)

    def test_the_bytes_of_one_address_that_wait_are_bounded(self) -> None:
        for host in (HERE, FAR):
            for size in (WAITING_BYTES - 10, 5):
                self.guard.look_for_room(host, False, size)
                self.guard.begin(host, False, size)
            self.guard.look_for_room(host, False, 5)
            with self.assertRaises(QueueFullError) as caught:
                self.guard.look_for_room(host, False, 6)
            self.assertIn(f"{WAITING_BYTES - 5} bytes of {host} wait", str(caught.exception))
            self.guard.look_for_room(OTHER, False, 6)
            self.guard.look_for_room(host, True, 6)

    def test_what_has_its_reply_leaves_its_room(self) -> None:
        for size in (WAITING_BYTES, 1):
            self.guard.begin(HERE, False, size)
        self.guard.end(HERE, False, WAITING_BYTES)
        self.guard.look_for_room(HERE, False, WAITING_BYTES - 1)
        self.guard.end(HERE, False, 1)
        self.assertEqual(self.guard.in_flight, 0)

    def test_one_that_waits_alone_may_be_as_long_as_it_likes(self) -> None:
        self.guard.look_for_room(HERE, False, WAITING_BYTES + 1)

    def test_one_address_of_the_network_has_its_share_and_no_more(self) -> None:
        for _ in range(SHARE):
            self.guard.look_for_room(FAR, False)
            self.guard.begin(FAR)
        error = self.assertRaises(QueueFullError, self.guard.look_for_room, FAR, False)
        self.assertIn(f"{SHARE} datagrams of {FAR} wait for their replies", str(error))
        self.guard.look_for_room("10.0.0.2", False)
        self.guard.end(FAR)
        self.guard.look_for_room(FAR, False)
