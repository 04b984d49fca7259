"""Events go to whom they are for, and one that fails fails alone."""

from __future__ import annotations

import select
import socket
from asyncio import CancelledError
from collections.abc import Callable
from functools import partial
from typing import TypeVar
from unittest import skipUnless

from twisted.internet.error import ConnectionDone
from twisted.internet.interfaces import IDelayedCall, IHalfCloseableDescriptor
from twisted.internet.task import Clock
from twisted.python.failure import Failure
from twisted.trial.unittest import SynchronousTestCase
from zope.interface import implementer

try:
    from pychron_comms.process.prompt_reactor import PromptReactor
except ImportError:
    PromptReactor = None  # type: ignore[assignment, misc]


class Reader:
    """Reads what comes to its end of a pair of sockets, and then calls ``then``."""

    def __init__(self, then: Callable[[], object] = lambda: None) -> None:
        self.end, self.other = socket.socketpair()
        self.received: list[bytes] = []
        self.lost: list[Failure] = []
        self.then = then

    def fileno(self) -> int:
        return self.end.fileno()

    def doRead(self) -> object:
        self.received.append(self.end.recv(100))
        return self.then()

    def connectionLost(self, reason: Failure) -> None:
        self.lost.append(reason)

    def logPrefix(self) -> str:
        raise AssertionError("nobody needs it")


AnyReader = TypeVar("AnyReader", bound=Reader)


class Poller:
    """Has these events, and keeps what it was asked for."""

    def __init__(self, events: list[tuple[int, int]], unregister: Callable[[int], None]) -> None:
        self.events = events
        self.unregister = unregister

    def poll(self, seconds: float, most: int) -> list[tuple[int, int]]:
        self.asked = seconds, most
        return self.events


class FailsAtItsEnd(Reader):
    def connectionLost(self, reason: Failure) -> None:
        raise LookupError("at the end")


@implementer(IHalfCloseableDescriptor)
class HalfCloseable(Reader):
    """It still has something to write where the other end says that it will send no more."""

    half_lost = 0

    def readConnectionLost(self, reason: Failure) -> None:
        del reason
        self.half_lost += 1

    def writeConnectionLost(self, reason: Failure) -> None:
        raise AssertionError("nothing ends its writing")


@skipUnless(PromptReactor, "epoll is Linux's")
class PromptReactorTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.reactor = PromptReactor()
        self.addCleanup(self._close)

    def _close(self) -> None:
        self.reactor.removeAll()
        self.reactor._poller.close()
        self.reactor.waker.connectionLost(None)

    def reading(self, reader: AnyReader) -> AnyReader:
        for end in (reader.end, reader.other):
            self.addCleanup(end.close)
        self.reactor.addReader(reader)
        self.addCleanup(self.reactor.removeReader, reader)
        return reader

    def test_what_comes_is_read_by_whom_it_is_for(self) -> None:
        first, second = self.reading(Reader()), self.reading(Reader())
        first.other.send(b"Open A")
        self.reactor.doIteration(0)
        self.assertEqual((first.received, second.received), ([b"Open A"], []))

    def test_waits_no_longer_than_it_is_told(self) -> None:
        reader = self.reading(Reader())
        self.reactor.doIteration(0.0)
        self.assertEqual(reader.received, [])

    def test_waits_for_ever_where_nothing_else_is_to_be_done(self) -> None:
        reader = self.reading(Reader())
        reader.other.send(b"Open A")
        self.reactor.doIteration(None)
        self.assertEqual(reader.received, [b"Open A"])

    def told(self, seconds: float | None, *events: tuple[Reader, int]) -> tuple[float, int]:
        """What it asks for, when it is told of these events: for how long, and how many."""
        kept = self.reactor._poller
        told = [(reader.fileno(), event) for reader, event in events]
        self.reactor._poller = poller = Poller(told, kept.unregister)
        self.reactor.doIteration(seconds)
        self.reactor._poller = kept
        return poller.asked

    def test_asks_for_as_many_events_as_there_may_be(self) -> None:
        for _ in range(2):
            self.reading(Reader())
        # The third is the reactor's own waker.
        self.assertEqual(self.told(0.25), (0.25, 3))
        # Without an end.
        self.assertTrue(self.told(None)[0] < 0)

    def test_whom_an_event_is_for_that_is_there_no_more_keeps_none_from_the_next(self) -> None:
        gone, reader = Reader(), self.reading(Reader())
        for end in (gone.end, gone.other):
            self.addCleanup(end.close)
        reader.other.send(b"Open A")
        self.told(0, (gone, select.EPOLLIN), (reader, select.EPOLLIN))
        self.assertEqual((gone.received, reader.received), ([], [b"Open A"]))

    def test_one_whose_other_end_hung_up_has_ended_well(self) -> None:
        reader = self.reading(Reader())
        self.told(0, (reader, select.EPOLLHUP))
        self.assertEqual([type(each.value) for each in reader.lost], [ConnectionDone])

    def test_one_whose_other_end_sends_no_more_still_writes_where_it_can(self) -> None:
        reader = self.reading(HalfCloseable(ConnectionDone))
        reader.other.send(b"Open A")
        self.reactor.doIteration(0)
        self.assertEqual((reader.half_lost, reader.lost), (1, []))
        self.assertNotIn(reader, self.reactor.getReaders())

    def test_a_bug_leaves_no_half_of_its_connection_whatever_it_is(self) -> None:
        def fail() -> None:
            raise ConnectionDone("of another one")

        bad = self.reading(HalfCloseable(fail))
        bad.other.send(b"Open A")
        self.reactor.doIteration(0)
        self.assertEqual((bad.half_lost, len(bad.lost)), (0, 1))
        self.assertEqual(len(self.flushLoggedErrors(ConnectionDone)), 1)

    def test_a_bug_ends_its_own_connection_alone(self) -> None:
        def fail() -> None:
            raise ValueError("a bug")

        bad, good = self.reading(Reader(fail)), self.reading(Reader())
        for each in (bad, good):
            each.other.send(b"Open A")
        self.reactor.doIteration(0)
        self.assertEqual(good.received, [b"Open A"])
        self.assertIsInstance(bad.lost[0].value, ValueError)
        self.assertEqual(len(self.flushLoggedErrors(ValueError)), 1)
        self.assertNotIn(bad, self.reactor.getReaders())

    def test_a_bug_at_the_end_of_a_connection_is_logged_and_others_are_served(self) -> None:
        bad = self.reading(FailsAtItsEnd(lambda: OSError("gone")))
        good = self.reading(Reader())
        for each in (bad, good):
            each.other.send(b"Open A")
        self.reactor.doIteration(0)
        self.assertEqual(good.received, [b"Open A"])
        self.assertEqual(len(self.flushLoggedErrors(LookupError)), 1)

    def test_a_bug_and_another_at_the_end_it_brings_are_both_logged(self) -> None:
        def fail() -> None:
            raise CancelledError

        bad, good = self.reading(FailsAtItsEnd(fail)), self.reading(Reader())
        for each in (bad, good):
            each.other.send(b"Open A")
        self.reactor.doIteration(0)
        self.assertEqual(good.received, [b"Open A"])
        self.assertNotIn(bad, self.reactor.getReaders())
        for kind in (CancelledError, LookupError):
            self.assertEqual(len(self.flushLoggedErrors(kind)), 1)

    def test_who_was_ended_by_an_earlier_event_is_not_told_of_a_later_one(self) -> None:
        both: list[Reader] = []

        def end_the_other() -> None:
            for each in both:
                if not each.received:
                    self.reactor.removeReader(each)

        both += [self.reading(Reader(end_the_other)), self.reading(Reader(end_the_other))]
        for each in both:
            each.other.send(b"Open A")
        self.reactor.doIteration(0)
        self.assertEqual(sorted(len(each.received) for each in both), [0, 1])

    def test_hearing_that_the_other_end_closed_is_no_error(self) -> None:
        reader = self.reading(Reader())
        reader.other.close()
        self.reactor.doIteration(0)
        self.assertEqual(reader.received, [b""])


class Waits:
    """A poller in whose time nothing comes: each wait ends when it was to."""

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self.waited: list[float] = []
        #: Called in the next waits, one in each.
        self.meanwhile: list[Callable[[], object]] = []

    def poll(self, seconds: float, most: int) -> list[tuple[int, int]]:
        del most
        if len(self.waited) > 20:
            raise AssertionError("it goes on and on")
        self.waited.append(seconds)
        if self.meanwhile:
            self.meanwhile.pop(0)()
        elif seconds > 0:
            self.clock.advance(seconds)
        return []

    def unregister(self, number: int) -> None:
        """All are given up at a stop."""


@skipUnless(PromptReactor, "epoll is Linux's")
class MainLoopTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.clock = Clock()
        self.reactor = PromptReactor()
        self.addCleanup(self.reactor.waker.connectionLost, None)
        self.addCleanup(self.reactor._poller.close)
        self.reactor.seconds = self.clock.seconds
        self.reactor._poller = self.waits = Waits(self.clock)
        self.happened: list[object] = []

    def run_loop(self) -> None:
        self.reactor._started = self.reactor.running = True
        self.reactor.mainLoop()

    def after(self, seconds: float, what: Callable[[], object]) -> IDelayedCall:
        return self.reactor.callLater(seconds, lambda: self.happened.append(what()))

    def test_what_is_due_is_done_at_its_time(self) -> None:
        self.after(3, self.clock.seconds)
        self.after(1, self.clock.seconds)
        self.after(5, self.reactor.crash)
        self.run_loop()
        self.assertEqual(self.happened, [1, 3, None])
        self.assertEqual(self.waits.waited, [1, 2, 2, 0])

    def test_what_comes_to_be_due_in_an_event_is_waited_for_no_longer_than_that(self) -> None:
        self.after(100, self.reactor.crash)
        self.waits.meanwhile.append(lambda: self.after(2, self.clock.seconds))
        self.run_loop()
        self.assertEqual(self.happened, [2, None])
        self.assertEqual(self.waits.waited, [100, 2, 98, 0])

    def test_what_is_put_off_or_made_earlier_or_given_up_in_an_event_is_so(self) -> None:
        later, sooner, never = (self.after(seconds, self.clock.seconds) for seconds in (1, 50, 2))
        self.after(100, self.reactor.crash)
        self.waits.meanwhile += [lambda: later.reset(9), lambda: sooner.reset(3), never.cancel]
        self.run_loop()
        self.assertEqual(self.happened, [3, 9, None])

    def test_what_a_thread_asks_for_is_done_before_the_next_wait(self) -> None:
        self.after(100, self.reactor.crash)
        asked = partial(self.reactor.callFromThread, self.happened.append, "asked")
        self.waits.meanwhile += [asked, lambda: self.happened.append("waits")]
        self.run_loop()
        self.assertEqual(self.happened, ["asked", "waits", None])

    def test_a_stop_in_an_event_ends_it_before_the_next_wait(self) -> None:
        self.reactor._stopped = False
        self.reactor.addSystemEventTrigger("before", "shutdown", self.happened.append, "stopped")
        self.waits.meanwhile.append(self.reactor.stop)
        self.run_loop()
        self.assertEqual(self.happened, ["stopped"])
        self.assertEqual(self.waits.waited[1:], [0])

    def test_a_bug_in_a_wait_ends_nothing_else(self) -> None:
        self.after(1, self.reactor.crash)
        self.waits.meanwhile.append(lambda: {}["a bug"])
        self.run_loop()
        self.assertEqual(self.happened, [None])
        self.assertEqual(len(self.flushLoggedErrors(KeyError)), 1)

    def test_waits_no_longer_than_the_system_can(self) -> None:
        self.waits.meanwhile.append(self.reactor.crash)
        self.after(1e9, lambda: None)
        self.run_loop()
        self.waits.meanwhile.append(self.reactor.crash)
        self.run_loop()
        # A millisecond more is one too many for an int of them.
        self.assertEqual(self.waits.waited, [2**31 // 1000] * 2)
