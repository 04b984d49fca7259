"""What asks a process to end reaches its reactor once."""

from __future__ import annotations

import os
import signal
from typing import Any

from twisted.internet.testing import MemoryReactorClock
from twisted.logger import LogEvent, formatEvent, globalLogPublisher
from twisted.trial.unittest import SynchronousTestCase

from pychron_comms.process.ending import end_once


class Reactor(MemoryReactorClock):
    """Takes signals as Twisted's own does."""

    def __init__(self) -> None:
        super().__init__()
        self.told: list[int] = []
        self.from_threads: list[Any] = []

    def sigTerm(self, number: int, frame: object) -> None:
        self.told.append(number)

    def callFromThread(self, function: Any, *arguments: Any) -> None:
        self.from_threads.append((function, arguments))


class EndOnceTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.reactor = Reactor()
        for number in (signal.SIGTERM, signal.SIGINT):
            self.addCleanup(signal.signal, number, signal.getsignal(number))
            signal.signal(number, self.reactor.sigTerm)
        end_once(self.reactor)
        for function, arguments, keywords in self.reactor.whenRunningHooks:
            function(*arguments, **keywords)

    def kill(self, number: int) -> None:
        os.kill(os.getpid(), number)

    def test_the_first_is_taken_and_no_other(self) -> None:
        self.kill(signal.SIGTERM)
        self.kill(signal.SIGTERM)
        self.kill(signal.SIGINT)
        self.assertEqual(self.reactor.told, [signal.SIGTERM])

    def test_none_is_taken_by_one_that_ends_for_another_reason(self) -> None:
        for function, arguments, keywords in self.reactor.triggers["before"]["shutdown"]:
            function(*arguments, **keywords)
        self.kill(signal.SIGTERM)
        self.assertEqual(self.reactor.told, [])

    def test_a_further_one_is_told_of_but_not_in_the_midst_of_something(self) -> None:
        self.kill(signal.SIGINT)
        self.kill(signal.SIGTERM)
        events: list[LogEvent] = []
        globalLogPublisher.addObserver(events.append)
        self.addCleanup(globalLogPublisher.removeObserver, events.append)
        self.assertEqual(events, [])
        for function, arguments in self.reactor.from_threads:
            function(*arguments)
        self.assertEqual([formatEvent(each) for each in events], ["SIGTERM: it stops already"])

    def test_what_is_ignored_stays_ignored(self) -> None:
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        end_once(self.reactor)
        function, arguments, keywords = self.reactor.whenRunningHooks[-1]
        function(*arguments, **keywords)
        self.assertIs(signal.getsignal(signal.SIGINT), signal.SIG_IGN)
