"""One message for much that happens, within its rate; what fails is seen, and sent again."""

from __future__ import annotations

from twisted.internet.defer import Deferred
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from pychron_comms.alarms.notice import Notice
from pychron_comms.alarms.notifiers.message import MOST as MOST_TOLD
from pychron_comms.alarms.notifiers.message import Message, message_about
from pychron_comms.alarms.notifiers.outbox import GATHER, MOST, PATIENCE, RETRY, Outbox
from pychron_comms.errors import NotifierError
from pychron_comms.interfaces import Severity
from pychron_comms.observability.metrics import Metrics
from pychron_comms.observability.state.stream import StateStream


def notice(alarm: str = "IG", what: str = "raised", text: str = "") -> Notice:
    return Notice(alarm, what, Severity.MAJOR, "too high", text, 1e9)


class Recorder:
    """Takes messages; each is on its way until the test says what came of it."""

    def __init__(self) -> None:
        self.messages: list[Message] = []
        self.sent: list[Deferred[object]] = []

    def send(self, message: Message) -> Deferred[object]:
        self.messages.append(message)
        self.sent.append(Deferred())
        return self.sent[-1]


class OutboxTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.clock = Clock()
        self.sender = Recorder()
        self.metrics = Metrics()
        self.stream = StateStream("s1", self.clock.seconds)
        self.box = Outbox(
            "mail",
            self.sender,
            every=100.0,
            place="lab",
            stream=self.stream,
            clock=self.clock,
            now=self.clock.seconds,
            metrics=self.metrics,
        )
        self.box.start()

    def told(self) -> list[list[str]]:
        return [[each.alarm for each in message.notices] for message in self.sender.messages]

    def end(self, result: object = None) -> None:
        self.sender.sent[-1].callback(result)

    def refuse(self, reason: str = "connection refused") -> None:
        self.sender.sent[-1].errback(OSError(reason))

    def severity(self) -> tuple[object, Severity, str]:
        item = self.stream.get("road/notifier/mail")
        assert item is not None
        return item.value, item.severity, item.reason

    def test_what_happens_at_once_is_one_message(self) -> None:
        for name in ("A", "B", "C"):
            self.box.add(notice(name))
        self.assertEqual(self.told(), [])
        self.clock.advance(GATHER)
        self.assertEqual(self.told(), [["A", "B", "C"]])

    def test_the_next_message_waits_and_tells_of_all_that_came(self) -> None:
        self.box.add(notice("A"))
        self.clock.advance(GATHER)
        self.end()
        self.box.add(notice("B"))
        self.clock.advance(50.0)
        self.box.add(notice("C"))
        self.clock.advance(49.0)
        self.assertEqual(len(self.told()), 1)
        self.clock.advance(1.0)
        self.assertEqual(self.told()[1:], [["B", "C"]])

    def test_what_was_not_sent_is_sent_again_with_what_came_since(self) -> None:
        self.box.add(notice("A"))
        self.clock.advance(GATHER)
        self.refuse()
        self.box.add(notice("B"))
        self.clock.advance(max(RETRY, 100.0))
        self.assertEqual(self.told()[1:], [["A", "B"]])

    def test_its_failure_is_seen_until_it_works(self) -> None:
        self.assertEqual(self.severity(), ("not used yet", Severity.OK, ""))
        self.box.add(notice())
        self.clock.advance(GATHER)
        self.refuse()
        self.assertEqual(self.severity(), ("fails", Severity.MAJOR, "connection refused"))
        self.clock.advance(100.0)
        self.end()
        self.assertEqual(self.severity(), ("works", Severity.OK, ""))
        text = self.metrics.text()
        for result in ("sent", "failed"):
            line = f'pychron_comms_notifications_total{{channel="mail",result="{result}"}} 1.0\n'
            self.assertIn(line, text)
        self.assertEqual(len(self.flushLoggedErrors()), 0)

    def test_one_that_never_answers_is_given_up(self) -> None:
        self.box.add(notice())
        self.clock.advance(GATHER)
        self.clock.advance(PATIENCE)
        self.assertEqual(self.severity()[0], "fails")

    def test_a_flood_keeps_the_newest_and_counts_the_rest(self) -> None:
        for number in range(MOST + 5):
            self.box.add(notice(f"A{number}"))
        self.clock.advance(GATHER)
        (message,) = self.sender.messages
        self.assertEqual(len(message.notices), MOST_TOLD)
        self.assertEqual(message.notices[-1].alarm, f"A{MOST + 4}")
        self.assertIn(f"and {MOST + 4} more", message.subject)
        self.assertTrue(message.body.startswith(f"{MOST + 5 - MOST_TOLD} more before these\n"))

    def test_a_test_is_sent_at_once_and_tells_what_came_of_it(self) -> None:
        sent = self.box.test()
        self.assertIn("test", self.sender.messages[0].subject)
        self.end()
        self.successResultOf(sent)
        failing = self.box.test()
        self.refuse()
        error = self.failureResultOf(failing, NotifierError).value
        self.assertEqual(str(error), "notifier mail: connection refused")

    def test_nothing_is_left_when_it_stops(self) -> None:
        self.box.add(notice())
        self.clock.advance(GATHER)
        self.box.add(notice())
        self.box.stop()
        self.assertEqual(self.severity()[0], "fails")
        self.assertEqual(self.clock.getDelayedCalls(), [])


class MessageTests(SynchronousTestCase):
    def test_it_says_what_when_and_what_to_do(self) -> None:
        message = message_about([notice(text="Close V.")], 0, "lab")
        self.assertEqual(message.subject, "[lab] IG raised (major): too high")
        self.assertEqual(
            message.body, "2001-09-09 01:46:40 UTC  IG raised (major): too high\n    Close V."
        )

    def test_a_reason_of_two_lines_makes_no_header(self) -> None:
        message = message_about([notice("a\r\nBcc: all@lab.org")], 0, "lab")
        self.assertNotIn("\n", message.subject)
        self.assertNotIn("\r", message.body)
