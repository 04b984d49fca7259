"""What people are told of a processor's replies: in errors, in the log, word for word."""

from __future__ import annotations

from twisted.internet.defer import Deferred
from twisted.logger import capturedLogs, formatEvent
from twisted.python.failure import Failure

from pychron_comms.errors import OutcomeUnknownError, PychronCommunicationError
from tests.repeater.test_endpoint import EndpointCase


class ErrorTests(EndpointCase):
    def unknown(self, reply: Deferred[str]) -> str:
        return str(self.failureResultOf(reply, OutcomeUnknownError).value)

    def test_of_what_was_not_answered_it_is_said_why_and_of_which_command(self) -> None:
        self.start()
        late, lost = self.ask("Open A", within=1.0), self.ask("Open B")
        self.clock.pump([1.0] * 2)
        self.assertEqual(self.unknown(late), "outcome unknown: no reply in time to Open A")
        self.processor.drop()
        self.assertEqual(
            self.unknown(lost), "outcome unknown: the processor was lost during Open B"
        )

    def test_the_words_of_the_servers_own_are_named_too(self) -> None:
        self.start()
        connection = self.repeater.connection
        assert connection is not None
        told = connection.tell("Lease s1 ask", 3.0)
        self.clock.pump([1.0] * 3)
        self.assertEqual(self.unknown(told), "outcome unknown: no reply in time to Lease s1 ask")

    def test_an_echo_that_is_none(self) -> None:
        self.start()
        test = self.repeater.test_connection()
        self.assertEqual(self.processor.read(), ["@id=1;from= test|are you there"])
        self.processor.say(b"@id=1 ARE YOU THERE\r\n")
        error = self.failureResultOf(test, PychronCommunicationError).value
        self.assertTrue(str(error).endswith("its echo was ARE YOU THERE"), str(error))


class LogTests(EndpointCase):
    def told(self, data: bytes) -> list[str]:
        with capturedLogs() as events:
            self.processor.say(data)
        return [str(formatEvent(each)) for each in events]

    def test_a_reply_that_comes_too_late_is_told_each_time(self) -> None:
        self.start()
        for number in (1, 2):
            reply = self.ask("Open A", within=0.5)
            self.clock.pump([1.0] * 2)
            self.failureResultOf(reply, OutcomeUnknownError)
            self.assertEqual(self.told(b"@id=%d OK\r\n" % number), ["a reply came too late: b'OK'"])
        self.assertFalse(self.processor.transport.aborted)

    def test_garbage_is_told_with_what_is_wrong_with_it(self) -> None:
        self.start()
        self.ask("Open A").addErrback(Failure.trap, OutcomeUnknownError)
        self.assertEqual(
            self.told(b"@id=9 OK\r\n")[0],
            "the processor answers garbage: a reply to request 9, which was never sent",
        )
