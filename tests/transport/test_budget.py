"""What one computer's connections may cost together."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from pychron_comms.config.table import ConfigError, Table
from pychron_comms.observability.metrics import Metrics
from pychron_comms.transport import budget as module
from pychron_comms.transport.budget import FREE, Account, BudgetLimits, Budgets, read_budget
from tests.transport.limits_case import LimitsCase


class BudgetsTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.budgets = Budgets(BudgetLimits(commands=2, unread=100, kept=100), Metrics())

    def test_what_is_left_unread_is_the_hosts_until_it_is_read(self) -> None:
        one, two = Account(self.budgets, "h"), Account(self.budgets, "h")
        self.assertFalse(one.owe(100))
        self.assertTrue(two.owe(1))
        one.settle()
        self.assertFalse(two.owe(1))
        two.close()
        self.assertFalse(one.owe(100))

    def test_what_was_read_is_given_back_once(self) -> None:
        one, two = Account(self.budgets, "h"), Account(self.budgets, "h")
        for size in (0, 60, 40):
            one.owe(size)
            one.settle()
            self.assertEqual(one.host.unread, 0)
        one.close()
        self.assertEqual((two.host.unread, two.host.kept), (0, 0))

    def test_what_is_read_behind_the_end_of_its_connection_gives_nothing_back_again(self) -> None:
        one, two = Account(self.budgets, "h"), Account(self.budgets, "h")
        for each in (one, two):
            each.owe(50)
            each.keep(FREE + 50)
        one.close()
        one.settle()
        one.keep(0)
        self.assertEqual((two.host.unread, two.host.kept), (50, 50))

    def test_another_host_is_not_concerned(self) -> None:
        Account(self.budgets, "h").owe(1000)
        self.assertFalse(Account(self.budgets, "other").owe(100))

    def test_a_little_may_wait_at_every_connection(self) -> None:
        one, two = Account(self.budgets, "h"), Account(self.budgets, "h")
        self.assertTrue(one.keep(FREE + 101))
        self.assertFalse(two.keep(FREE))
        self.assertTrue(two.keep(FREE + 1))
        one.keep(0)
        self.assertFalse(two.keep(FREE + 2))

    def test_all_that_waits_is_the_hosts_until_its_connection_ends(self) -> None:
        one, two = Account(self.budgets, "h"), Account(self.budgets, "h")
        self.assertEqual(one.host.kept, 0)
        self.assertFalse(one.keep(FREE + 100))
        self.assertTrue(two.keep(FREE + 1))
        # What waits no more is no reason to drop its connection.
        self.assertFalse(two.keep(FREE))
        one.keep(FREE + 200)
        self.assertTrue(two.keep(FREE + 1))
        self.assertFalse(two.keep(0))
        one.close()
        self.assertEqual(two.host.kept, 0)

    def test_who_waits_for_room_is_called_in_turn(self) -> None:
        host = Account(self.budgets, "h").host
        called: list[str] = []
        host.commands = 3
        for name, uses in (("gone", False), ("a", True), ("b", True)):
            host.waiting.append(lambda name=name, uses=uses: bool(called.append(name)) or uses)
        for left, known in ((2, []), (1, ["gone", "a"])):
            host.commands = left
            host.call_next()
            self.assertEqual(called, known)
        host.call_next()
        self.assertEqual(called, ["gone", "a", "b"])

    def test_a_host_is_known_while_it_has_connections_or_commands(self) -> None:
        first = Account(self.budgets, "h")
        first.host.commands = 1
        first.close()
        second = Account(self.budgets, "h")
        self.assertIs(second.host, first.host)
        second.host.commands = 0
        second.close()
        self.assertIsNot(Account(self.budgets, "h").host, first.host)

    def test_a_host_is_known_until_the_last_of_its_connections_ends(self) -> None:
        one, two, three = (Account(self.budgets, "h") for _ in range(3))
        one.close()
        two.close()
        self.assertIs(Account(self.budgets, "h").host, three.host)

    def test_the_number_of_hosts_is_bounded(self) -> None:
        self.patch(module, "HOSTS", 2)
        gone = Account(self.budgets, "gone")
        gone.host.commands = 1
        gone.close()
        gone.host.commands = 0
        one, two = Account(self.budgets, "1"), Account(self.budgets, "2")
        three, four = Account(self.budgets, "3"), Account(self.budgets, "4")
        self.assertIs(three.host, four.host)
        self.assertIsNot(one.host, two.host)
        three.close()

    def test_the_limits_can_be_said(self) -> None:
        table = Table.parse("commands = 9\nunread = 2097152\nkept = 1048576", "lab.toml")
        limits = BudgetLimits(commands=9, unread=2097152, kept=1048576)
        self.assertEqual(read_budget(table), limits)
        self.assertEqual(read_budget(Table.parse("commands = 1", "lab.toml")).commands, 1)
        self.assertEqual(read_budget(Table.parse("", "lab.toml")), BudgetLimits())
        for wrong in ("commands = 0", "unread = 1048575", "kept = 1048575"):
            self.assertRaises(ConfigError, read_budget, Table.parse(wrong, "lab.toml"))


class ConnectionTests(LimitsCase):
    """Connections of one computer, with a budget between them."""

    def test_the_commands_of_one_computer_are_limited_and_each_connection_has_one(self) -> None:
        self.listen(budget={"commands": 2})
        first, second = self.connect(), self.connect()
        first.protocol.dataReceived(b"wait\n" * 5)
        second.protocol.dataReceived(b"wait\n" * 5)
        self.assertEqual([len(each.protocol.waiting) for each in (first, second)], [2, 1])
        first.protocol.waiting[0].callback("")
        self.clock.advance(0)
        self.assertEqual([len(each.protocol.waiting) for each in (first, second)], [2, 1])
        first.protocol.waiting[1].callback("")
        self.clock.advance(0)
        self.assertEqual(sum(len(each.protocol.waiting) for each in (first, second)), 4)
        for _ in range(10):
            for each in (first, second):
                for answer in each.protocol.waiting:
                    if not answer.called:
                        answer.callback("")
            self.clock.advance(0)
        self.assertEqual([len(each.protocol.waiting) for each in (first, second)], [5, 5])

    def test_who_waits_for_room_waits_once_whatever_comes_meanwhile(self) -> None:
        self.listen(budget={"commands": 1})
        one = self.connect()
        for _ in range(3):
            one.protocol.dataReceived(b"wait\n" * 2)
        self.assertEqual(len(one.protocol._account.host.waiting), 1)

    def test_who_leaves_too_much_unread_is_dropped_and_who_reads_is_not(self) -> None:
        self.listen(budget={"unread": 1000})
        reads, slow, slower = self.connect(), self.connect(), self.connect()
        for each in (slow, slower):
            each.protocol.dataReceived(b"wait\n" * 2)
            each.protocol.pauseProducing()
        slow.protocol.waiting[0].callback("x" * 990)
        self.assertFalse(slow.aborted)
        slower.protocol.waiting[0].callback("x" * 100)
        self.assertEqual((slow.aborted, slower.aborted), (False, True))
        reads.protocol.dataReceived(b"hello\n")
        self.assertEqual((reads.value(), reads.aborted), (b"hello\r\n", False))
        self.assertIn("pychron_comms_budget_dropped_total 1.0\n", self.metrics.text())
        slow.protocol.waiting[1].callback("x" * 100)
        self.assertTrue(slow.aborted)
        self.assertIn("pychron_comms_budget_dropped_total 2.0\n", self.metrics.text())

    def test_who_keeps_too_much_unfinished_is_dropped(self) -> None:
        self.listen(budget={"kept": 1000}, line_length=65536)
        one, other = self.connect(), self.connect()
        one.protocol.dataReceived(b"x" * (FREE + 1001))
        other.protocol.dataReceived(b"hello")
        self.assertEqual((one.aborted, other.aborted), (True, False))
