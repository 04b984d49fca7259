"""From a line to its reply, without a transport."""

from __future__ import annotations

from collections.abc import Sequence
from types import SimpleNamespace
from typing import Any

from twisted.internet.defer import Deferred
from twisted.internet.task import Clock
from twisted.logger import capturedLogs
from twisted.trial.unittest import SynchronousTestCase

from pychron_comms.errors import (
    DriverEndError,
    InvalidValveError,
    LineTooLongError,
    QueueFullError,
    SecurityError,
)
from pychron_comms.interfaces import Replies
from pychron_comms.observability.metrics import Metrics
from pychron_comms.observability.sender_log import SenderLog
from pychron_comms.transport.exchange import Exchange
from pychron_comms.wire.grammar import Request, Tags
from pychron_comms.wire.line_table import LineTable

_BUG = "ERROR 002 : func call problem: err= "

KNOWN = SimpleNamespace(command="Read a", way="there")


class Somebody:
    """Asks, and keeps its replies as ``(id, text)``, the late ones with a mark."""

    sender = "10.0.0.1"

    def __init__(self, result: Any) -> None:
        self.result = result
        self.known_reads: LineTable[Any] = LineTable()
        self.known_reads.keep(b"Read a", KNOWN, self.sender)
        self.replies: list[tuple[str, str]] = []

    def answer(self, request: Request) -> Any:
        if isinstance(self.result, BaseException):
            raise self.result
        return self.result

    def ask_again(self, read: Any, tags: Tags) -> Any:
        if isinstance(self.result, Deferred):
            return self.result
        return f"{read.command} again, for {tags.get('id', 'nobody')}"

    def makes_safe(self, line: bytes) -> bool:
        return b"Close" in line

    def reply(self, identifier: str, text: str) -> None:
        self.replies.append((identifier, text))

    def wait(self, identifier: str) -> str:
        return f"{identifier} later"

    def reply_late(self, text: str, place: str) -> None:
        self.replies.append((place, text))


class Together(Somebody):
    """Asks many things at once."""

    def __init__(self, result: Any) -> None:
        super().__init__(result)
        self.expected: list[str] = []
        self.waits: list[list[str]] = []
        self.runs: list[tuple[int, dict[str, str]]] = []

    def ask_all(self, reads: Any, tags: Tags, replies: Replies) -> None:
        self.runs.append((len(reads), dict(tags)))
        if isinstance(self.result, SecurityError):
            raise self.result
        for at, read in enumerate(reads):
            if isinstance(self.result, Exception):
                replies.failed(at, self.result)
            elif isinstance(self.result, Deferred):
                replies.later(at, self.result)
            else:
                replies.replied(at, [f"{read.command} again"])

    def expect(self, identifier: str, reply: Deferred[str]) -> None:
        self.expected.append(identifier)

    def reply_all(self, identifiers: Sequence[str], texts: Sequence[str | bytes]) -> None:
        self.replies += zip(identifiers, map(str, texts), strict=True)

    def wait_for_all(self, identifiers: Sequence[str]) -> list[str]:
        self.waits.append(list(identifiers))
        return [f"{each} later" for each in identifiers]

    def reply_late_to_all(self, texts: Sequence[str | bytes], place: list[str], at: int) -> None:
        self.replies += zip(place[at:], map(str, texts), strict=False)


class Mixed(Together):
    """The second of three is told later."""

    def ask_all(self, reads: Any, tags: Tags, replies: Replies) -> None:
        replies.replied(0, ["one"])
        replies.later(1, self.result)
        replies.replied(2, ["three"])


class ExchangeTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.metrics = Metrics()
        self.exchange = Exchange("System", self.metrics, SenderLog(Clock(), self.metrics))

    def ask_all(self, result: Any, *lines: bytes) -> Together:
        """As a connection does with a chunk of these lines."""
        somebody, at = Together(result), 0
        while at < len(lines):
            at += self.exchange.take_from(lines, at, somebody)
        return somebody

    def ask(self, result: Any, line: bytes = b"@id=4 Open A") -> list[tuple[str, str]]:
        somebody = Somebody(result)
        self.exchange.take(line, somebody)
        return somebody.replies

    def counted(self, what: str, times: int = 1) -> bool:
        count = f'pychron_comms_{what}_total{{listener="System"}} {times}.0\n'
        return count in self.metrics.text()

    def test_an_answer_that_is_there_is_sent(self) -> None:
        self.assertEqual(self.ask("OK"), [("4", "OK")])
        self.assertEqual(self.ask("OK", b"Open A"), [("", "OK")])

    def test_a_read_that_is_known_is_asked_again(self) -> None:
        self.assertEqual(self.ask("new", b"@id=4 Read a"), [("4", "Read a again, for 4")])
        self.assertEqual(self.ask("new", b"Read a"), [("", "Read a again, for nobody")])
        for line in (b"@id=4 Read b", b"@id=4;within=1 Read a", b" Read a"):
            self.assertEqual(self.ask("new", line)[0][1], "new")

    def test_those_that_come_together_are_asked_together(self) -> None:
        somebody = self.ask_all("new", b"Read a", b"Read a", b"Open A", b"Read a")
        self.assertEqual(somebody.runs, [(2, {})])
        texts = ["Read a again", "Read a again", "new", "Read a again, for nobody"]
        self.assertEqual([text for _, text in somebody.replies], texts)

    def test_but_not_with_those_on_other_terms(self) -> None:
        here, there = b"@id=1;from=here Read a", b"@id=2;from=there Read a"
        both = (b"@id=4;from=there;sent=1.5 Read a", b"@id=5;from=there;sent=1.5 Read a")
        somebody = self.ask_all("new", here, here, there, *both, b"Read a", b"@id=3 Read a")
        first, second = {"id": "1", "from": "here"}, {"id": "4", "from": "there", "sent": "1.5"}
        self.assertEqual(somebody.runs, [(2, first), (2, second)])
        names = ["1", "1", "2", "4", "5", "", "3"]
        self.assertEqual([name for name, _ in somebody.replies], names)

    def test_nor_with_those_that_lead_elsewhere(self) -> None:
        somebody = Together("new")
        other = SimpleNamespace(command="Read b", way="elsewhere")
        somebody.known_reads.keep(b"Read b", other, somebody.sender)
        self.assertEqual(self.exchange.take_from([b"Read a", b"Read b"], 0, somebody), 1)
        self.assertEqual(self.exchange.take_from([b"Read b", b"Read b"], 0, somebody), 2)

    def test_nor_where_the_process_stops_or_with_what_is_no_line(self) -> None:
        somebody = Together("new")
        self.assertEqual(self.exchange.take_from([b"Read a", None, b"Read a"], 0, somebody), 1)
        self.assertEqual(self.exchange.take_from([None, b"Read a", b"Read a"], 1, somebody), 2)
        self.exchange.refusing = True
        self.assertEqual(self.exchange.take_from([b"Read a", b"Read a"], 0, somebody), 1)

    def test_each_of_them_has_its_own_reply_to_come(self) -> None:
        result: Deferred[str] = Deferred()
        somebody = self.ask_all(result, b"@id=1 Read a", b"@id=2 Read a")
        self.assertEqual((somebody.replies, somebody.expected), ([], ["1", "2"]))
        result.errback(InvalidValveError("Z"))
        error = "ERROR 005 : Z is not a registered valve name"
        self.assertIn(("1 later", error), somebody.replies)

    def test_and_its_own_error(self) -> None:
        for error in (SecurityError("10.0.0.1"), ZeroDivisionError("why")):
            somebody = self.ask_all(error, b"@id=1 Read a", b"@id=2 Read a")
            alone = [text for _, text in self.ask(error, b"@id=1 Open A")]
            self.assertEqual([name for name, _ in somebody.replies], ["1", "2"])
            self.assertEqual(somebody.replies[0][1][:9], alone[0][:9])
        self.flushLoggedErrors(ZeroDivisionError)

    def test_what_is_answered_at_once_waits_for_no_place_but_what_is_behind_does(self) -> None:
        result: Deferred[str] = Deferred()
        somebody = Mixed(result)
        lines = [b"@id=1 Read a", b"@id=2 Read a", b"@id=3 Read a"]
        self.assertEqual(self.exchange.take_from(lines, 0, somebody), 3)
        self.assertEqual(somebody.replies, [("1", "one"), ("3 later", "three")])
        result.callback("two")
        self.assertEqual(somebody.replies[2], ("2 later", "two"))

    def test_a_process_that_stops_knows_no_read(self) -> None:
        self.exchange.refusing = True
        self.assertIn("ERROR 209", self.ask("new", b"Read a")[0][1])

    def test_an_answer_that_comes_later_is_sent_to_its_place(self) -> None:
        result: Deferred[str] = Deferred()
        replies = self.ask(result)
        self.assertEqual(replies, [])
        result.callback("OK")
        self.assertEqual(replies, [("4 later", "OK")])

    def test_an_error_is_its_line_now_or_later(self) -> None:
        text = "ERROR 005 : Z is not a registered valve name"
        self.assertEqual(self.ask(InvalidValveError("Z")), [("4", text)])
        result: Deferred[str] = Deferred()
        replies = self.ask(result)
        result.errback(InvalidValveError("Z"))
        self.assertEqual(replies, [("4 later", text)])

    def test_a_line_that_is_none_is_answered_to_its_id(self) -> None:
        ((name, text),) = self.ask("OK", b"@id=4 ")
        self.assertEqual((name, text), ("4", "ERROR 206 : malformed request: no command"))

    def test_a_bug_is_answered_counted_and_logged(self) -> None:
        ((_, text),) = self.ask(ZeroDivisionError("why"))
        self.assertIn("ERROR 002 : func call problem: err= ZeroDivisionError('why')", text)
        self.assertTrue(self.counted("bugs"))
        self.ask(ZeroDivisionError("why"))
        self.assertTrue(self.counted("bugs", 2))
        # The same is told once.
        self.assertEqual(len(self.flushLoggedErrors(ZeroDivisionError)), 1)

    def test_so_is_what_would_end_the_process(self) -> None:
        self.assertEqual(
            self.ask(SystemExit(3)),
            [("4", f"{_BUG}DriverEndError('SystemExit(3)') args= b'@id=4 Open A'")],
        )
        self.assertTrue(self.counted("bugs"))
        self.flushLoggedErrors(DriverEndError)

    def test_a_bug_that_comes_later_is_logged_with_where_it_was(self) -> None:
        number: Deferred[int] = Deferred()
        replies = self.ask(number.addCallback(lambda number: str(1 // number)))
        with capturedLogs() as events:
            number.callback(0)
        self.assertEqual(replies[0][0], "4 later")
        self.assertIn("ERROR 002 : func call problem: err= ZeroDivisionError", replies[0][1])
        self.assertIn("Open A", replies[0][1])
        ((event,),) = [[each for each in events if "log_failure" in each]]
        self.assertIn("test_exchange.py", event["log_failure"].getTraceback())
        self.assertEqual((event["command"], event["sender"]), ("Open A", "10.0.0.1"))
        self.flushLoggedErrors(ZeroDivisionError)

    def test_so_is_one_of_a_read_that_is_known_alone_or_with_others(self) -> None:
        for lines in ([b"@id=4 Read a"], [b"@id=4 Read a", b"@id=5 Read a"]):
            number: Deferred[int] = Deferred()
            somebody = self.ask_all(number.addCallback(lambda number: str(1 // number)), *lines)
            with capturedLogs() as events:
                number.callback(0)
            self.assertEqual(somebody.replies[0][0], "4 later")
            self.assertIn("ERROR 002", somebody.replies[0][1])
            self.assertIn("Read a", somebody.replies[0][1])
            event = next(each for each in events if "log_failure" in each)
            self.assertIn("test_exchange.py", event["log_failure"].getTraceback())
            self.assertEqual(event["command"], "Read a")
            self.flushLoggedErrors(ZeroDivisionError)
            self.setUp()

    def test_who_is_not_admitted_is_told_in_the_log_once(self) -> None:
        with capturedLogs() as events:
            for _ in range(2):
                self.assertIn("ERROR 013", self.ask(SecurityError("10.0.0.1"))[0][1])
        ((said, reason),) = [(event["sender"], event["reason"]) for event in events]
        self.assertEqual((said, reason), ("10.0.0.1", "Not an approved ip address 10.0.0.1"))

    def test_what_is_full_and_what_is_too_long_is_counted(self) -> None:
        refusal = ("", "ERROR 205 : line too long: more than 64 bytes")
        somebody = Somebody("OK")
        for times in (1, 2):
            self.ask(QueueFullError("much"))
            self.assertTrue(self.counted("queue_full", times))
            self.exchange.refuse(LineTooLongError(64), somebody)
            self.assertTrue(self.counted("lines_too_long", times))
            self.assertEqual(somebody.replies, [refusal] * times)

    def test_while_it_refuses_every_command_gets_209(self) -> None:
        self.exchange.refusing = True
        self.assertEqual(self.ask("OK"), [("4", "ERROR 209 : shutting down: Open A")])

    def test_but_what_makes_safe_is_done(self) -> None:
        self.exchange.refusing = True
        self.assertEqual(self.ask("OK", b"Close A"), [("", "OK")])
