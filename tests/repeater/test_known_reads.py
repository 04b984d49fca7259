"""Reads on the hop whose words are written once."""

from __future__ import annotations

from typing import Any

from pychron_comms.errors import OutcomeUnknownError, PychronCommunicationError
from pychron_comms.wire.context import PLAIN, RequestContext
from tests.repeater.test_endpoint import EndpointCase


class KnownReadTests(EndpointCase):
    """A read whose words are written already."""

    def ask_again(self, context: RequestContext = PLAIN) -> list[object]:
        """What is heard, which is nothing yet."""
        heard: list[object] = []
        reply: Any = self.repeater.known_read("System", "Read a").ask("10.0.0.1", context)
        reply.addCallbacks(heard.append, lambda failure: heard.append(failure.value))
        return heard

    def test_it_is_the_same_line(self) -> None:
        self.start()
        for context in (PLAIN, RequestContext(0.5, role="observe")):
            self.repeater.get_response("System", "Read a", "10.0.0.1", context)
            self.ask_again(context)
            first, again = self.processor.read()
            self.assertEqual(again.partition(";")[2], first.partition(";")[2])

    def test_its_reply_is_told_apart_from_others(self) -> None:
        self.start()
        heard = [self.ask_again(), self.ask_again()]
        self.processor.say(b"@id=2 two\r\n@id=1;len=3 \r\none")
        self.assertEqual(heard, [["one"], ["two"]])

    def test_a_listener_with_a_bug_harms_no_other(self) -> None:
        self.start()
        reply: Any = self.repeater.known_read("System", "Read a").ask("10.0.0.1", PLAIN)
        reply.addCallbacks(lambda text: 1 / 0, lambda failure: None)
        heard = self.ask_again()
        self.processor.say(b"@id=1 one\r\n@id=2 two\r\n")
        self.assertEqual(heard, [b"two"])
        self.assertEqual(len(self.flushLoggedErrors(ZeroDivisionError)), 1)

    def test_without_a_connection_it_was_never_sent(self) -> None:
        self.assertRaises(PychronCommunicationError, self.ask_again)

    def test_what_was_sent_and_not_answered_is_unknown(self) -> None:
        self.start()
        heard = self.ask_again()
        self.processor.drop()
        self.assertIsInstance(heard[0], OutcomeUnknownError)
        self.clock.advance(3)
        heard = self.ask_again(RequestContext(0.5))
        self.clock.pump([0.5] * 4)
        self.assertIsInstance(heard[0], OutcomeUnknownError)

    def test_each_connection_is_told_of(self) -> None:
        came: list[bool] = []
        self.repeater.when_connected(lambda: came.append(True))
        self.start()
        self.processor.drop()
        self.clock.advance(3)
        self.assertEqual(len(came), 2)
