"""Many that make safe: the senders take turns, and what is asked again is done once for all."""

from __future__ import annotations

from typing import Any

from twisted.internet.defer import CancelledError, Deferred
from twisted.trial.unittest import SynchronousTestCase

from pychron_comms.errors import NoResponseError, OutcomeUnknownError
from pychron_comms.processor.execution.safe_turns import Action, SafeTurn
from tests.doubles import ScriptedCall, ScriptedHandler
from tests.executions import KeptRecord, execution_of
from tests.processor.queue_case import QueueCase, Repeated

FLOOD, GOOD = "10.0.0.66", "10.0.0.1"


class Close(Repeated):
    """Does the same as another of the same sender and part."""

    def __init__(
        self,
        part: str,
        sender: str = GOOD,
        to: str = "",
        name: str = "Close",
        manager: object = "manager",
    ) -> None:
        super().__init__(name, safe=True, target=part, sender=sender, manager=manager)
        self.act = name, manager, part, sender, to

    def same_act(self, other: Any) -> bool:
        return bool(other.act == self.act)


class TurnsCase(QueueCase):
    def setUp(self) -> None:
        super().setUp()
        self.first = Close("Z", FLOOD)
        self.submit(self.first, 60.0)

    def let_go(self) -> None:
        """What is made safe just now ends, and all that waits has its turn."""
        self.first.works[0].callback("OK")


class SharedTests(TurnsCase):
    def test_what_one_sender_asks_again_and_again_is_done_once_for_all(self) -> None:
        closes = [Close("A") for _ in range(300)]
        replies = [self.submit(close) for close in closes]
        self.let_go()
        self.assertEqual(sum(close.runs for close in closes), 1)
        self.assertNoResult(replies[0])
        closes[0].works[0].callback("OK")
        self.assertEqual([self.successResultOf(each) for each in replies], ["OK"] * 300)
        self.assertEqual(self.clock.getDelayedCalls(), [])

    def test_one_that_comes_when_it_has_begun_is_done_by_itself(self) -> None:
        before, after = Close("A"), Close("A")
        self.submit(before)
        self.let_go()
        self.submit(after)
        before.works[0].callback("OK")
        self.assertEqual((before.runs, after.runs), (1, 1))

    def test_each_is_written_down_and_begun_before_it_is_done(self) -> None:
        records = [KeptRecord(), KeptRecord()]
        written: list[Any] = []

        class Watched(Close):
            def run(self) -> Any:
                written.extend([list(record.events) for record in records])
                written.extend(execution.begun for execution in executions)
                return super().run()

        calls = [Watched("A"), Watched("A")]
        executions = [execution_of(*each) for each in zip(calls, records, strict=True)]
        for call, execution in zip(calls, executions, strict=True):
            self.queue.submit(ScriptedHandler(call), call, None, execution)
        self.let_go()
        self.assertEqual(written, [["begin"], ["begin"], True, True])
        calls[0].works[0].callback("OK")
        self.assertEqual([record.events for record in records], [["begin", "OK"]] * 2)

    def test_what_differs_is_done_apart(self) -> None:
        closes = [Close("A"), Close("A", "10.0.0.2"), Close("B"), Close("A", to="1"), Close("A")]
        for close in closes:
            self.submit(close)
        self.let_go()
        for close in closes[:4]:
            close.works[0].callback("OK")
        # The last one is as the first.
        self.assertEqual([close.runs for close in closes], [1, 1, 1, 1, 0])

    def test_so_is_each_of_many_that_differ(self) -> None:
        closes = [Close("A", to=str(number)) for number in range(5)]
        replies = [self.submit(close) for close in closes]
        self.let_go()
        for close in closes:
            close.works[0].callback("OK")
        self.assertEqual([close.runs for close in closes], [1] * 5)
        self.assertEqual([self.successResultOf(each) for each in replies], ["OK"] * 5)

    def test_what_is_asked_again_behind_something_else_is_done_once(self) -> None:
        """Each is known again, whichever came first: by its name, its part and its manager."""
        other = object()
        asked = [
            Close("A"),
            Close("B"),
            Close("A", name="Shut"),
            Close("A", manager=other),
        ]
        again = [
            Close("B"),
            Close("A", name="Shut"),
            Close("A", manager=other),
        ]
        for close in (*asked, *again):
            self.submit(close)
        self.let_go()
        for close in asked:
            close.works[0].callback("OK")
        self.assertEqual([close.runs for close in (*asked, *again)], [1] * 4 + [0] * 3)

    def test_its_error_is_told_to_all_who_asked(self) -> None:
        closes = [Close("A"), Close("A")]
        replies = [self.submit(close) for close in closes]
        self.let_go()
        closes[0].works[0].errback(NoResponseError())
        for reply in replies:
            self.failureResultOf(reply, NoResponseError)

    def test_the_time_of_each_begins_with_it(self) -> None:
        replies = [self.submit(Close("A"), within) for within in (1.0, 2.0)]
        self.clock.advance(4)
        self.let_go()
        self.clock.advance(1)
        self.failureResultOf(replies[0], OutcomeUnknownError)
        self.assertNoResult(replies[1])
        self.clock.advance(1)
        self.failureResultOf(replies[1], OutcomeUnknownError)

    def test_it_is_done_again_once_for_all_behind_what_acts_on_its_part(self) -> None:
        opening = ScriptedCall("Open", Deferred(), target="A")
        self.let_go()
        self.submit(opening)
        closes = [Close("A") for _ in range(100)]
        replies = [self.submit(close) for close in closes]
        closes[0].works[0].callback("OK")
        closes[1].works[0].callback("OK")
        opening.result.callback("OK")
        closes[0].works[1].callback("OK")
        closes[1].works[1].callback("OK")
        self.assertEqual([self.successResultOf(each) for each in replies], ["OK"] * 100)
        self.assertEqual(sum(close.runs for close in closes), 4)

    def test_what_waited_to_act_is_dropped_by_each(self) -> None:
        closes = [Close("A"), Close("A")]
        self.submit(closes[0])
        opening = ScriptedCall("Open", "OK", target="A")
        opened = self.submit(opening)
        self.submit(closes[1])
        self.failureResultOf(opened)
        self.assertEqual(opening.runs, 0)


class WideTests(QueueCase):
    """As many at a time as two."""

    width = 2

    def test_what_is_done_again_is_done_once_for_all_who_wait_for_it(self) -> None:
        opening = ScriptedCall("Open", Deferred(), target="A")
        self.submit(opening)
        closes = [Close("A"), Close("A")]
        replies = [self.submit(close) for close in closes]
        for close in closes:
            close.works[0].callback("OK")
        others = [Close("Y", FLOOD), Close("Z", FLOOD)]
        for close in others:
            self.submit(close)
        opening.result.callback("OK")
        self.assertEqual([close.runs for close in closes], [1, 1])
        others[0].works[0].callback("OK")
        closes[0].works[1].callback("OK")
        self.assertEqual([self.successResultOf(each) for each in replies], ["OK", "OK"])
        self.assertEqual([close.runs for close in closes], [2, 1])


class OrderTests(TurnsCase):
    def test_one_senders_many_hold_up_anothers_by_one(self) -> None:
        flood = [Close(str(number), FLOOD) for number in range(100)]
        for close in flood:
            self.submit(close)
        good = Close("A")
        reply = self.submit(good)
        self.let_go()
        flood[0].works[0].callback("OK")
        good.works[0].callback("OK")
        self.assertEqual(self.successResultOf(reply), "OK")
        self.assertEqual(sum(close.runs for close in flood), 2)

    def test_those_of_one_sender_keep_their_order(self) -> None:
        closes = [Close(part) for part in "ABC"]
        for close in closes:
            self.submit(close)
        self.let_go()
        closes[0].works[0].callback("OK")
        self.assertEqual([close.runs for close in closes], [1, 1, 0])


class GivenUpTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.overs: list[str] = []
        self.work: Deferred[str] = Deferred()
        self.turn = SafeTurn((), None, lambda: self.overs.append("over"))

    def begin(self, count: int) -> list[Deferred[str]]:
        results: list[Deferred[str]] = []
        for _ in range(count):
            self.turn.join().addCallback(
                lambda turn: results.append(turn.act(Action(lambda take: self.work)))
            )
        self.turn.come()
        return results

    def test_it_goes_on_while_anybody_waits(self) -> None:
        first, second = self.begin(2)
        first.cancel()
        self.failureResultOf(first, CancelledError)
        self.work.callback("OK")
        self.assertEqual((self.successResultOf(second), self.overs), ("OK", ["over"]))

    def test_it_is_given_up_with_the_last(self) -> None:
        for each in self.begin(2):
            each.cancel()
            self.failureResultOf(each, CancelledError)
        self.assertEqual(self.overs, ["over"])

    def test_where_none_does_anything_it_is_over(self) -> None:
        for _ in range(2):
            self.turn.join().addCallback(SafeTurn.give_back)
        self.turn.come()
        self.assertEqual(self.overs, ["over"])

    def test_one_that_does_nothing_keeps_no_other_from_it(self) -> None:
        self.turn.join().addCallback(SafeTurn.give_back)
        (result,) = self.begin(1)
        self.work.callback("OK")
        self.assertEqual((self.successResultOf(result), self.overs), ("OK", ["over"]))

    def test_nobody_wants_what_all_have_left(self) -> None:
        joined = self.turn.join()
        self.assertTrue(self.turn.is_wanted)
        joined.cancel()
        self.failureResultOf(joined, CancelledError)
        self.assertFalse(self.turn.is_wanted)
