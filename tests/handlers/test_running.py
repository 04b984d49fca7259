"""A call is run however its manager's method gives its result."""

from __future__ import annotations

from typing import Any

from twisted.internet.defer import Deferred
from twisted.trial.unittest import SynchronousTestCase

from pychron_comms.errors import DriverEndError
from pychron_comms.handlers.running import RunsCalls


class Method:
    """A call whose manager gives that."""

    def __init__(self, result: Any) -> None:
        self._result = result

    def run(self) -> Any:
        return self._result

    def reply(self, result: object) -> str:
        return f"it says {result}"


class RunTests(SynchronousTestCase):
    def run_with(self, result: Any) -> Any:
        call: Any = Method(result)
        return RunsCalls().handle(call)

    def test_what_is_known_at_once_is_answered_at_once(self) -> None:
        self.assertEqual(self.run_with(3), "it says 3")

    def test_what_comes_later_is_waited_for(self) -> None:
        later: Deferred[int] = Deferred()
        reply = self.run_with(later)
        self.assertNoResult(reply)
        later.callback(3)
        self.assertEqual(self.successResultOf(reply), "it says 3")

    def test_a_method_may_be_async(self) -> None:
        async def method() -> int:
            return 3

        self.assertEqual(self.successResultOf(self.run_with(method())), "it says 3")

    def test_one_that_lacks_an_await_is_waited_for_to_its_end(self) -> None:
        later: Deferred[int] = Deferred()

        async def inner() -> object:
            return later

        async def method() -> object:
            return inner()

        reply = self.run_with(method())
        self.assertNoResult(reply)
        later.callback(3)
        self.assertEqual(self.successResultOf(reply), "it says 3")

    def test_what_would_end_the_process_is_a_bug_as_any_other(self) -> None:
        async def method() -> int:
            raise SystemExit(3)

        self.failureResultOf(self.run_with(method()), DriverEndError)

    def test_a_failure_is_its_own(self) -> None:
        later: Deferred[int] = Deferred()
        reply = self.run_with(later)
        later.errback(ValueError("no"))
        self.failureResultOf(reply, ValueError)
