"""What waits for one manager: the senders take turns, and each one's commands keep their order."""

from __future__ import annotations

from typing import Any

from twisted.internet.defer import Deferred
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from pychron_comms.errors import QueueFullError
from pychron_comms.interfaces import Effect
from pychron_comms.processor.execution.manager_queue import ASSURED, ManagerQueue
from pychron_comms.processor.execution.runners import ReactorRunner
from tests.doubles import ScriptedCall
from tests.executions import submitted

FLOOD, GOOD = "10.0.0.66", "10.0.0.1"


class WaitingJobsTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.clock = Clock()
        self.queue = ManagerQueue(ReactorRunner(), self.clock, limit=20)
        self.done: list[str] = []
        self.first: Deferred[str] = Deferred()
        self.submit("first", FLOOD, self.first)

    def submit(self, name: str, sender: str, result: Any = None, **options: Any) -> Any:
        done = self.done

        class Noted(ScriptedCall):
            def run(self) -> Any:
                done.append(self.name)
                return super().run()

        return submitted(self.queue, Noted(name, result or "OK", sender=sender, **options))

    def let_go(self) -> list[str]:
        """What was done when all that waits has been, behind what runs."""
        self.done.clear()
        self.first.callback("OK")
        return self.done

    def read(self, name: str, sender: str) -> Any:
        return self.submit(name, sender, effect=Effect.READ)

    def test_one_senders_many_hold_up_anothers_by_one(self) -> None:
        for number in range(15):
            self.submit(f"flood {number}", FLOOD)
        self.submit("Open", GOOD)
        self.submit("Close", GOOD)
        self.assertEqual(self.let_go()[:4], ["flood 0", "Open", "flood 1", "Close"])

    def test_those_of_one_sender_keep_their_order(self) -> None:
        for name in "abc":
            self.submit(name, GOOD)
        self.assertEqual(self.let_go(), ["a", "b", "c"])

    def test_each_sender_has_some_places(self) -> None:
        for number in range(20):
            self.submit(f"flood {number}", FLOOD)
        self.assertRaises(QueueFullError, self.submit, "one more", FLOOD)
        for number in range(ASSURED):
            self.assertNoResult(self.submit(f"good {number}", GOOD))
        self.assertRaises(QueueFullError, self.submit, "too many", GOOD)

    def test_many_who_read_the_same_have_one_answer(self) -> None:
        replies = [self.read("Get", f"10.0.0.{number}") for number in range(10)]
        self.assertEqual(self.let_go(), ["Get"])
        self.assertEqual([self.successResultOf(reply) for reply in replies], ["OK"] * 10)

    def test_a_read_is_compared_with_none_that_asks_something_else(self) -> None:
        compared: list[object] = []

        class Question(str):
            __hash__ = str.__hash__

            def __eq__(self, other: object) -> bool:
                compared.append(other)
                return str(self) == other

        for number in range(15):
            self.read(Question(f"flood {number}"), FLOOD)
        compared.clear()
        self.read(Question("Get"), FLOOD)
        self.assertEqual(compared, [])

    def test_a_read_joins_none_from_before_a_change_nor_what_waits_no_more(self) -> None:
        self.read("Get", GOOD)
        self.submit("Open", GOOD)
        forgotten = self.read("Get", GOOD)
        self.assertTrue(self.queue.forget(forgotten))
        self.failureResultOf(forgotten)
        self.read("Get", GOOD)
        self.assertEqual(self.let_go(), ["Get", "Open", "Get"])

    def test_a_read_joins_none_that_is_behind_anothers_many(self) -> None:
        for name in "abc":
            self.read(name, FLOOD)
        self.read("c", GOOD)
        self.assertEqual(self.let_go(), ["a", "c", "b", "c"])

    def test_nor_one_that_would_come_before_what_its_asker_asked_first(self) -> None:
        self.submit("Open A", GOOD)
        self.submit("Open B", GOOD)
        self.read("Get", FLOOD)
        self.read("Get", GOOD)
        self.assertEqual(self.let_go(), ["Open A", "Get", "Open B", "Get"])

    def test_what_is_forgotten_is_passed_over(self) -> None:
        gone = self.submit("gone", FLOOD)
        self.submit("stays", FLOOD)
        self.submit("Open", GOOD)
        self.assertTrue(self.queue.forget(gone))
        self.failureResultOf(gone)
        self.assertEqual(self.let_go(), ["stays", "Open"])
