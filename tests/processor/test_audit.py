"""What acts is written down, before it begins and when it has ended."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from twisted.internet.task import Clock
from twisted.logger import capturedLogs, formatEvent
from twisted.trial.unittest import SynchronousTestCase

from pychron_comms.errors import JournalError, NotPermittedError
from pychron_comms.interfaces import Effect, Happened
from pychron_comms.journal.group import Told
from pychron_comms.journal.memory import MemoryJournal
from pychron_comms.processor.execution.audit import OWED_OF_SAFE, TRY_AGAIN, Audit
from pychron_comms.transport.cork import Cork
from tests.processor.key_case import ME, KeyCase


class JournalTests(KeyCase):
    def test_a_command_that_acts_is_written_down_before_and_after(self) -> None:
        self.ask()
        request = {"type": "System", "command": "Open", "sender": ME, "key": "k"}
        self.assertEqual(self.events(), [{"n": 1, "event": "begin", **request}])
        self.opening.result.callback("OK")
        self.assertEqual(self.events()[1:], [{"n": 2, "event": "end", "of": 1, "reply": "OK"}])

    def test_a_start_names_its_process(self) -> None:
        self.gate._audit.start()
        (record,) = self.events()
        self.assertEqual((record["event"], record["pid"]), ("start", os.getpid()))

    def test_one_that_was_not_begun_is_written_down_as_refused(self) -> None:
        self.mood.bad = True
        self.assertRaises(NotPermittedError, self.ask, key="")
        (record,) = self.events()
        self.assertEqual(
            (record["event"], record["command"], record["reply"]),
            ("refused", "Open", "ERROR 208 : not permitted: not now"),
        )

    def test_a_read_is_not_written_down(self) -> None:
        self.other.effect = Effect.READ
        self.ask("Other")
        self.assertEqual(self.events(), [])

    def test_one_that_cannot_be_written_down_is_not_run(self) -> None:
        self.journal.failing = "the disk is full"
        error = self.assertRaises(JournalError, self.ask, key="")
        self.assertEqual((error.code, str(error)), (214, "journal: the disk is full"))
        self.assertEqual(self.opening.runs, 0)

    def test_one_that_waited_is_not_run_either(self) -> None:
        self.ask("Busy", key="")
        reply = self.ask()
        self.journal.failing = "the disk is full"
        self.busy.result.callback("")
        self.failureResultOf(reply, JournalError)
        self.assertEqual(self.opening.runs, 0)

    def test_what_makes_safe_is_run_all_the_same(self) -> None:
        self.journal.failing = "the disk is full"
        self.other.safe = True
        self.assertEqual((self.ask("Other"), self.other.runs), ("done", 1))
        self.assertEqual(self.outcome(), "done done")

    def test_an_end_that_cannot_be_written_down_does_not_spoil_the_reply(self) -> None:
        reply = self.ask()
        self.journal.failing = "the disk is full"
        with capturedLogs() as logs:
            self.opening.result.callback("OK")
        self.assertEqual(self.successResultOf(reply), "OK")
        self.assertEqual(
            [formatEvent(each) for each in logs],
            ["not written down: end {'of': 1, 'reply': 'OK'}: journal: the disk is full"],
        )

    def test_a_bug_is_written_down_as_its_reply(self) -> None:
        self.opening.result = ZeroDivisionError("x")
        self.assertRaises(ZeroDivisionError, self.ask)
        reply = self.events()[1]["reply"]
        self.assertTrue(reply.startswith("ERROR 002"), reply)
        self.assertIn("Open", reply)

    def test_start_and_stop_are_written_down(self) -> None:
        self.gate.startService()
        self.successResultOf(self.gate.stopService())
        self.gate.close()
        self.assertEqual([each["event"] for each in self.events()], ["start", "all_safe", "stop"])
        self.assertRaises(JournalError, self.journal.write, "late", {})


class Grouping(MemoryJournal):
    """One that writes the records of a turn together, when the test says so."""

    groups = True

    def __init__(self) -> None:
        super().__init__(lambda: 0.0)
        self.soon: list[tuple[str, Mapping[str, Any], Told]] = []

    def write_soon(self, event: str, fields: Mapping[str, Any], told: Told) -> None:
        self.soon.append((event, fields, told))


class GroupTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.journal = Grouping()
        self.clock = Clock()
        self.audit = Audit(self.journal, lambda: 0.0, self.clock.callLater)
        self.over: list[int] = []

    def end(self, number: int) -> None:
        request = {"type": "System", "command": "Open A"}
        self.audit.end_soon(number, request, "OK", lambda: self.over.append(number))

    def test_an_end_is_there_when_it_is_written_with_others(self) -> None:
        self.end(7)
        self.end(0)
        self.assertEqual(
            [(event, fields) for event, fields, _ in self.journal.soon],
            [
                ("end", {"of": 7, "reply": "OK"}),
                ("end", {"type": "System", "command": "Open A", "reply": "OK"}),
            ],
        )
        self.assertEqual(self.over, [])
        for _, _, told in self.journal.soon:
            told(8)
        self.assertEqual(self.over, [7, 0])

    def test_one_that_could_not_be_is_told_in_the_log_and_holds_up_no_reply(self) -> None:
        self.end(7)
        with capturedLogs() as logs:
            self.journal.soon[0][2](JournalError("the disk is full"))
        self.assertEqual(self.over, [7])
        self.assertEqual(
            [formatEvent(each) for each in logs],
            ["not written down: end {'of': 7, 'reply': 'OK'}: journal: the disk is full"],
        )

    def test_what_is_owed_goes_before_all_else_and_is_owed_again_where_that_fails(self) -> None:
        self.audit.note("lapse", part="A")
        self.end(7)
        for _ in range(2):
            soon, self.journal.soon = self.journal.soon, []
            for _, _, told in soon:
                told(JournalError("the disk is full"))
            self.audit.begin_soon({"command": "Open A"}, lambda outcome: None)
            self.assertEqual(
                [event for event, _, _ in self.journal.soon], ["lapse", "end", "begin"]
            )
        for _, _, told in self.journal.soon:
            told(8)
        self.journal.soon.clear()
        self.end(8)
        self.assertEqual([event for event, _, _ in self.journal.soon], ["end"])

    def test_what_is_owed_is_tried_again_though_nothing_else_is_written(self) -> None:
        self.audit.note("lapse", part="A")
        for _ in range(2):
            self.journal.soon.pop()[2](JournalError("the disk is full"))
            self.assertEqual(self.journal.soon, [])
            self.clock.advance(TRY_AGAIN)
            self.assertEqual([event for event, _, _ in self.journal.soon], ["lapse"])

    def test_what_is_to_be_so_is_when_it_is_on_the_disk(self) -> None:
        good, bad = self.audit.write("claim", part="A"), self.audit.write("claim", part="B")
        assert good is not None
        assert bad is not None
        self.assertNoResult(good)
        self.journal.soon[0][2](3)
        self.journal.soon[1][2](JournalError("the disk is full"))
        self.successResultOf(good)
        self.failureResultOf(bad, JournalError)


class Writes(MemoryJournal):
    """Notes the events of each write."""

    def __init__(self) -> None:
        super().__init__(lambda: 0.0)
        self.writes: list[list[str]] = []

    def keep(self, events: Sequence[bytes]) -> int:
        number = super().keep(events)
        self.writes.append([json.loads(b"{%b}" % each)["event"] for each in events])
        return number


class ManyTests(SynchronousTestCase):
    """Commands that are worked off together, so that their replies leave together."""

    def setUp(self) -> None:
        self.journal = Writes()
        self.cork = Cork()
        self.audit = Audit(self.journal, lambda: 0.0, cork=self.cork)

    def act(self) -> int:
        number = self.audit.begin({"command": "Open A"}, safe=False)
        self.audit.end(number, {"command": "Open A"}, "OK")
        return number

    def test_the_end_of_one_is_written_with_the_begin_of_the_next(self) -> None:
        with self.cork:
            numbers = [self.act(), self.act()]
            self.assertEqual(self.journal.writes, [["begin"], ["end", "begin"]])
        self.assertEqual(self.journal.writes[2:], [["end"]])
        self.assertEqual(numbers, [1, 3])
        ends = [each for each in self.journal.records() if each["event"] == "end"]
        self.assertEqual([each["of"] for each in ends], numbers)

    def test_all_of_them_before_a_reply_leaves(self) -> None:
        left: list[int] = []

        class Replies:
            def release(_) -> None:
                left.append(len(list(self.journal.records())))

        with self.cork:
            self.cork.keep(Replies())
            self.act()
            self.cork.let_out()
            self.cork.keep(Replies())
            self.act()
        self.assertEqual(left, [2, 4])

    def test_at_once_where_a_reply_leaves_at_once(self) -> None:
        self.act()
        self.assertEqual(self.journal.writes, [["begin"], ["end"]])

    def test_a_note_between_them_comes_behind_the_end(self) -> None:
        with self.cork:
            self.act()
            self.audit.note("lapse", part="A")
        self.assertEqual(self.journal.writes, [["begin"], ["end", "lapse"]])

    def test_what_a_full_disk_did_not_take_is_owed_in_its_order(self) -> None:
        with self.cork, capturedLogs() as logs:
            self.act()
            self.journal.failing = "the disk is full"
            self.assertRaises(JournalError, self.act)
            self.audit.end(5, {}, "OK")
        self.assertEqual(self.journal.writes, [["begin"]])
        self.assertEqual(len(logs), 1)
        self.journal.failing = ""
        self.audit.note("lapse", part="A")
        ends = [each.get("of") for each in self.journal.records()]
        self.assertEqual(ends, [None, 1, 5, None])


class OwedTests(SynchronousTestCase):
    """What has happened while the disk was full."""

    def setUp(self) -> None:
        self.clock = Clock()
        self.journal = MemoryJournal(self.clock.seconds)
        self.audit = Audit(self.journal, self.clock.seconds, self.clock.callLater)
        self.journal.failing = "the disk is full"

    def written(self, *fields: str) -> list[list[Any]]:
        return [[each.get(field) for field in fields] for each in self.journal.records()]

    def test_it_is_written_before_all_else_in_its_order_and_says_when_it_was(self) -> None:
        self.audit.note("lapse", part="A")
        self.audit.end(7, {}, "OK")
        self.clock.advance(2)
        self.audit.note("safe", part="A")
        self.journal.failing = ""
        self.audit.begin({"command": "Open A"}, safe=False)
        first, second = "1970-01-01T00:00:00.000000Z", "1970-01-01T00:00:02.000000Z"
        self.assertEqual(
            self.written("n", "event", "part", "of", "was"),
            [
                [1, "lapse", "A", None, first],
                [2, "end", None, 7, first],
                [3, "safe", "A", None, second],
                [4, "begin", None, None, None],
            ],
        )

    def test_until_it_is_written_nothing_is_begun(self) -> None:
        class Small(MemoryJournal):
            """Has room for what is short."""

            def write(
                self, event: str, fields: Mapping[str, Any], before: Sequence[Happened] = ()
            ) -> int:
                self.failing = "full" if len(str(fields)) > 60 else ""
                return super().write(event, fields, before)

        journal = Small(self.clock.seconds)
        audit = Audit(journal, self.clock.seconds)
        audit.note("lapse", part="A" * 60)
        for _ in range(2):
            self.assertRaises(JournalError, audit.begin, {"command": "B"}, False)
        self.assertEqual(list(journal.records()), [])

    def test_it_is_tried_again_by_itself(self) -> None:
        self.audit.note("override", part="A")
        self.audit.note("lapse", part="B")
        self.clock.advance(TRY_AGAIN)
        self.journal.failing = ""
        self.clock.advance(TRY_AGAIN - 0.1)
        self.assertEqual(self.written("event"), [])
        self.clock.advance(0.1)
        self.assertEqual(self.written("event"), [["override"], ["lapse"]])
        self.assertEqual(self.clock.getDelayedCalls(), [])

    def test_not_past_the_end(self) -> None:
        self.audit.note("lapse", part="A")
        self.audit.stop()
        self.clock.advance(TRY_AGAIN)
        self.assertEqual(self.clock.getDelayedCalls(), [])

    def test_of_a_flood_that_makes_safe_a_part_is_enough(self) -> None:
        for number in range(2 * OWED_OF_SAFE):
            self.audit.end(0, {"command": f"Close {number}"}, "OK")
        self.audit.note("lapse", part="A")
        self.journal.failing = ""
        self.audit.write("claim")
        events = [event for (event,) in self.written("event")]
        self.assertEqual(events, ["end"] * OWED_OF_SAFE + ["lapse", "claim"])


class TimeTests(SynchronousTestCase):
    """Times as records write them."""

    def setUp(self) -> None:
        self.journal = MemoryJournal(lambda: 0.0)
        self.audit = Audit(self.journal, lambda: 100_000.5)

    def test_a_time_is_told_by_how_long_ago_it_was(self) -> None:
        self.assertEqual(self.audit.now(), 100_000.5)
        for ago, text in (
            (0.0, "1970-01-02T03:46:40.500000Z"),
            (13_600.5, "1970-01-02T00:00:00.000000Z"),
            (100_000.5, "1970-01-01T00:00:00.000000Z"),
            # Of a clock that was set back.
            (200_000.0, "1970-01-01T00:00:00.000000Z"),
        ):
            self.assertEqual(self.audit.time_text(ago), text)
        self.assertEqual(self.audit.age("1970-01-02T00:00:00.250000Z"), 13_600.25)

    def test_a_day_is_recalled(self) -> None:
        asked: list[float] = []

        def recall(since: float) -> Iterator[Any]:
            asked.append(since)
            return iter(())

        self.patch(self.journal, "recall", recall)
        self.assertEqual(list(self.audit.recalled()), [])
        self.assertEqual(asked, [100_000.5 - 86_400.0])

    def test_one_whose_begin_could_not_be_written_ends_with_all_that_is_known_of_it(self) -> None:
        request = {"type": "System", "command": "Close A", "sender": ME}
        self.journal.failing = "the disk is full"
        self.assertRaises(JournalError, self.audit.begin, request, safe=False)
        number = self.audit.begin(request, safe=True)
        self.journal.failing = ""
        self.assertIsNone(self.audit.end(number, request, "OK"))
        (record,) = self.journal.records()
        told = {name: record[name] for name in ("event", "type", "command", "sender", "reply")}
        self.assertEqual(told, {"event": "end", **request, "reply": "OK"})
        self.assertNotIn("of", record)
