"""The server's log of commands: one line for each that may act."""

from __future__ import annotations

from twisted.internet.defer import Deferred
from twisted.internet.task import Clock
from twisted.logger import LogEvent, formatEvent, globalLogPublisher
from twisted.trial.unittest import SynchronousTestCase

from pychron_comms.errors import OutcomeUnknownError
from pychron_comms.server.command_log import Asked, ServedCommandLog
from pychron_comms.wire.context import RequestContext


class ServedCommandLogTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.clock = Clock()
        self.lines: list[str] = []
        globalLogPublisher.addObserver(self.note)
        self.addCleanup(globalLogPublisher.removeObserver, self.note)
        self.log = ServedCommandLog(self.clock)

    def note(self, event: LogEvent) -> None:
        self.lines.append(formatEvent(event))

    def watched(self, context: RequestContext) -> Deferred[str]:
        response: Deferred[str] = Deferred()
        self.log.watch(response, Asked("System", "Open A", "10.0.0.5", context, is_tagged=False))
        return response

    def test_who_asked_what_and_what_was_replied(self) -> None:
        response = self.watched(RequestContext(trace="c1.4"))
        self.clock.advance(0.2)
        response.callback("OK")
        self.assertEqual(self.successResultOf(response), "OK")
        self.assertEqual(self.lines, ["10.0.0.5 c1.4 System|Open A: OK (200.0 ms)"])

    def test_no_more_is_shown_of_any_of_it_than_a_line_holds(self) -> None:
        for length, shown in ((200, 200), (201, 200), (5000, 200)):
            response: Deferred[str] = Deferred()
            context = RequestContext(key="k" * length)
            asked = Asked("System", "c" * length, "10.0.0.5", context, is_tagged=True)
            self.log.watch(response, asked)
            response.callback("r" * length)
            self.assertEqual(
                self.lines.pop(),
                f"10.0.0.5 {'k' * shown} System|{'c' * shown}: {'r' * shown} (0.0 ms)",
            )
            self.assertEqual(self.successResultOf(response), "r" * length)

    def test_a_bug_is_told_as_such_and_goes_on(self) -> None:
        response = self.watched(RequestContext(trace="c1.4"))
        response.errback(ZeroDivisionError("by nothing"))
        self.failureResultOf(response, ZeroDivisionError)
        self.assertIn("System|Open A: ERROR ", self.lines[0])

    def test_a_key_is_the_clients_own_name_for_it(self) -> None:
        self.watched(RequestContext(trace="c1.4", key="mine")).callback("OK")
        self.assertIn(" mine ", self.lines[0])

    def test_an_error_is_told_as_the_client_gets_it(self) -> None:
        response = self.watched(RequestContext(trace="c1.4"))
        response.errback(OutcomeUnknownError("Open A"))
        self.failureResultOf(response, OutcomeUnknownError)
        self.assertIn("ERROR 201 : outcome unknown: Open A (", self.lines[0])
