"""A reply to come, for who needs a Deferred of it."""

from __future__ import annotations

from twisted.internet.defer import Deferred
from twisted.logger import capturedLogs, formatEvent
from twisted.trial.unittest import SynchronousTestCase

from pychron_comms.errors import InvalidValveError
from pychron_comms.transport.pending_reply import PendingReply, as_deferred


class CallbackTests(SynchronousTestCase):
    def test_whoever_listens_is_told_with_what_he_wants_to_know_again(self) -> None:
        told: list[tuple[object, ...]] = []
        for error in (None, InvalidValveError("Z")):
            reply = PendingReply()
            reply.addCallbacks(
                lambda text, *rest: told.append((text, *rest)),
                lambda failure, *rest: told.append((failure.type, *rest)),
                callbackArgs=(1, 2),
                errbackArgs=(3,),
            )
            if error is None:
                reply.callback("OK")
            else:
                reply.errback(error)
        self.assertEqual(told, [("OK", 1, 2), (InvalidValveError, 3)])

    def test_a_bug_of_who_listens_is_logged_and_harms_nobody_else(self) -> None:
        def bug(*_: object) -> None:
            raise ZeroDivisionError

        for begin, told in (("callback", "a bug met a reply"), ("errback", "reply's failure")):
            reply = PendingReply()
            reply.addCallbacks(bug, bug)
            with capturedLogs() as logs:
                getattr(reply, begin)(InvalidValveError("Z"))
            self.assertIn(told, str(formatEvent(logs[0])).partition("\n")[0])
            self.assertEqual(len(self.flushLoggedErrors(ZeroDivisionError)), 1)


class AsDeferredTests(SynchronousTestCase):
    def test_what_is_there_or_is_one_stays_what_it_is(self) -> None:
        later: Deferred[str] = Deferred()
        for reply in ("OK", later):
            self.assertIs(as_deferred(reply), reply)

    def test_it_fires_with_the_text(self) -> None:
        for said in ("True", b"True"):
            reply = PendingReply()
            later = as_deferred(reply)
            assert isinstance(later, Deferred)
            self.assertNoResult(later)
            reply.callback(said)
            self.assertEqual(self.successResultOf(later), "True")

    def test_it_fails_as_the_reply_does(self) -> None:
        reply = PendingReply()
        later = as_deferred(reply)
        assert isinstance(later, Deferred)
        reply.errback(InvalidValveError("Z"))
        self.failureResultOf(later, InvalidValveError)

    def test_it_may_have_failed_before_anybody_listens(self) -> None:
        reply = PendingReply()
        reply.errback(InvalidValveError("Z"))
        later = as_deferred(reply)
        assert isinstance(later, Deferred)
        self.failureResultOf(later, InvalidValveError)
