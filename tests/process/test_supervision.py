"""What a supervisor is told, clocks that are set, sockets that it gives, and stops in order."""

from __future__ import annotations

import os
import socket
import time
from collections.abc import Callable
from typing import Any

from twisted.internet import endpoints
from twisted.internet.defer import Deferred, fail, succeed
from twisted.internet.error import CannotListenError
from twisted.internet.protocol import Factory
from twisted.internet.task import Clock
from twisted.internet.testing import MemoryReactorClock
from twisted.python.systemd import ListenFDs
from twisted.trial.unittest import SynchronousTestCase

from pychron_comms.observability.metrics import Metrics
from pychron_comms.process.monotonic import use_monotonic_clock
from pychron_comms.process.shutdown import Shutdown
from pychron_comms.process.systemd_notify import (
    STATUS_EVERY,
    Status,
    Supervision,
    notify_socket,
    watchdog_interval,
)
from pychron_comms.transport.schemes import stream_service


class SupervisionTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.clock = Clock()
        self.told: list[bytes] = []

    def start(self, interval: float | None = None, status: Status | None = None) -> Supervision:
        supervision = Supervision(self.told.append, interval, self.clock)
        if status is not None:
            supervision.show(status)
        supervision.startService()
        return supervision

    def test_a_service_is_ready_when_the_reactor_has_had_its_first_turn(self) -> None:
        self.start()
        self.assertEqual(self.told, [])
        self.clock.advance(0)
        self.assertEqual(self.told, [b"READY=1"])

    def test_signs_of_life_go_on_while_it_stops(self) -> None:
        supervision = self.start(interval=2.0)
        self.clock.pump([0, 2.0])
        supervision.say_stopping()
        self.clock.advance(2.0)
        words = [word.partition(b"=")[0].decode() for word in self.told]
        self.assertEqual(" ".join(words), "WATCHDOG READY WATCHDOG STOPPING WATCHDOG")
        supervision.stopService()
        self.clock.advance(10.0)
        self.assertEqual(len(self.told), 5)
        self.assertEqual(self.clock.getDelayedCalls(), [])

    def test_a_status_is_told_when_it_has_changed(self) -> None:
        texts = iter(["no processor", "no processor", "connected to\nthe processor"])
        self.start(status=lambda: succeed(next(texts)))
        self.clock.pump([STATUS_EVERY] * 2)
        self.assertEqual(
            [each for each in self.told if each != b"READY=1"],
            [b"STATUS=no processor", b"STATUS=connected to the processor"],
        )

    def test_a_status_that_takes_long_is_asked_for_once(self) -> None:
        asked: list[Deferred[str]] = []

        def status() -> Deferred[str]:
            asked.append(Deferred())
            return asked[-1]

        self.start(status=status)
        self.clock.pump([STATUS_EVERY] * 3)
        self.assertEqual(len(asked), 1)
        asked[0].callback("fine")
        self.clock.advance(STATUS_EVERY)
        self.assertEqual(len(asked), 2)

    def test_a_status_that_fails_is_logged_and_asked_for_again(self) -> None:
        texts = iter([fail(ZeroDivisionError()), succeed("fine")])
        self.start(status=lambda: next(texts))
        self.assertEqual(len(self.flushLoggedErrors(ZeroDivisionError)), 1)
        self.clock.advance(STATUS_EVERY)
        self.assertIn(b"STATUS=fine", self.told)

    def test_a_supervisor_that_does_not_hear_stops_nothing(self) -> None:
        def deaf(datagram: bytes) -> None:
            raise BlockingIOError

        supervision = Supervision(deaf, 1.0, self.clock)
        supervision.startService()
        self.clock.pump([0, 1.0, 1.0])
        self.assertEqual(len(self.clock.getDelayedCalls()), 1)
        supervision.stopService()

    def test_without_a_supervisor_nothing_runs(self) -> None:
        supervision = Supervision.from_environment({}, 7, self.clock)
        supervision.show(lambda: succeed("fine"))
        supervision.startService()
        supervision.say_stopping()
        self.assertEqual(self.clock.getDelayedCalls(), [])
        supervision.stopService()


class EnvironmentTests(SynchronousTestCase):
    def test_signs_of_life_come_twice_in_the_time_that_is_waited(self) -> None:
        self.assertEqual(watchdog_interval({"WATCHDOG_USEC": "30000000"}, 7), 15.0)
        both = {"WATCHDOG_USEC": "1000000", "WATCHDOG_PID": "7"}
        self.assertEqual(watchdog_interval(both, 7), 0.5)

    def test_a_watchdog_of_another_process_is_not_ours(self) -> None:
        for environ in (
            {},
            {"WATCHDOG_USEC": "1000000", "WATCHDOG_PID": "8"},
            {"WATCHDOG_USEC": "soon"},
            {"WATCHDOG_USEC": "0"},
        ):
            self.assertIsNone(watchdog_interval(environ, 7), environ)

    def test_an_address_that_is_no_unix_socket_is_none(self) -> None:
        for address in ("", "relative", "vsock:2:1"):
            self.assertIsNone(notify_socket({"NOTIFY_SOCKET": address}), address)


class TimekeepingReactor(Clock):
    """Its timers follow a time of its own, whatever its ``seconds`` says."""

    def callLater(
        self,
        delay: float,
        callable: Callable[..., object],  # noqa: A002
        *args: object,
        **kw: object,
    ) -> Any:
        call: Any = super().callLater(delay, callable, *args, **kw)
        call.time = self.rightNow + delay
        return call


class Fixed(Clock):
    __slots__ = ()

    def __setattr__(self, name: str, value: object) -> None:
        if name == "seconds":
            raise AttributeError("seconds cannot be changed")
        super().__setattr__(name, value)


class MonotonicTests(SynchronousTestCase):
    def test_timers_follow_a_clock_that_nobody_sets(self) -> None:
        reactor = Clock()
        self.assertTrue(use_monotonic_clock(reactor))
        self.assertIs(reactor.seconds, time.monotonic)
        self.assertEqual(reactor.getDelayedCalls(), [])
        self.assertTrue(use_monotonic_clock(reactor))

    def test_a_reactor_whose_timers_run_is_left_as_it_is(self) -> None:
        reactor = Clock()
        reactor.callLater(5, lambda: None)
        self.assertFalse(use_monotonic_clock(reactor))
        self.assertEqual(reactor.seconds(), 0)

    def test_a_reactor_whose_timers_have_a_time_of_their_own_is_left_as_it_is(self) -> None:
        reactor = TimekeepingReactor()
        self.assertFalse(use_monotonic_clock(reactor))
        self.assertEqual((reactor.seconds(), reactor.getDelayedCalls()), (0, []))

    def test_a_reactor_that_allows_no_change_is_left_as_it_is(self) -> None:
        reactor = Fixed()
        self.assertFalse(use_monotonic_clock(reactor))
        self.assertEqual(reactor.seconds(), 0)


class EndingTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.clock = Clock()
        self.ending = Shutdown(self.clock)

    def test_what_has_ended_is_not_waited_for(self) -> None:
        self.assertTrue(self.successResultOf(self.ending.ended("it", lambda: None, 1.0)))
        work: Deferred[None] = Deferred()
        done = self.ending.ended("it", lambda: work, 1.0)
        self.assertNoResult(done)
        work.callback(None)
        self.assertTrue(self.successResultOf(done))
        self.assertEqual(self.clock.getDelayedCalls(), [])

    def test_what_takes_too_long_goes_on_by_itself(self) -> None:
        work: Deferred[None] = Deferred()
        done = self.ending.ended("it", lambda: work, 1.0)
        self.clock.advance(1.0)
        self.assertFalse(self.successResultOf(done))
        work.callback(None)

    def test_what_breaks_is_logged_and_the_rest_goes_on(self) -> None:
        self.assertTrue(self.successResultOf(self.ending.ended("it", lambda: fail(OSError()), 1.0)))
        self.assertEqual(len(self.flushLoggedErrors(OSError)), 1)

    def test_a_condition_is_looked_at_until_it_holds(self) -> None:
        holds = [False, False, True]
        done = self.ending.until("it", lambda: holds.pop(0), 1.0)
        self.assertNoResult(done)
        self.clock.pump([0.02, 0.02])
        self.assertTrue(self.successResultOf(done))
        self.assertEqual(self.clock.getDelayedCalls(), [])

    def test_a_condition_that_never_holds_is_given_up(self) -> None:
        done = self.ending.until("it", lambda: False, 1.0)
        self.clock.advance(1.0)
        self.assertFalse(self.successResultOf(done))
        self.assertEqual(self.clock.getDelayedCalls(), [])

    def test_a_condition_that_breaks_is_logged_and_the_rest_goes_on(self) -> None:
        self.assertTrue(self.successResultOf(self.ending.until("it", lambda: 1 / 0 > 0, 1.0)))
        self.assertEqual(len(self.flushLoggedErrors(ZeroDivisionError)), 1)


class GivenSockets(MemoryReactorClock):
    """Keeps the sockets that it is to listen at."""

    def __init__(self) -> None:
        super().__init__()
        self.adopted: list[int] = []

    def adoptStreamPort(self, fileno: int, *arguments: Any) -> None:
        self.adopted.append(os.dup(fileno))


class ActivationTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.reactor = GivenSockets()

    def given(self, *names: str) -> list[int]:
        """Who listens at them ends them, as it takes copies."""
        numbers = [socket.create_server(("127.0.0.1", 0)).detach() for _ in names]
        self.patch(endpoints._SystemdParser, "_sddaemon", ListenFDs(numbers, names))
        return numbers

    def test_a_socket_is_found_by_its_number_and_by_its_name(self) -> None:
        given = self.given("system", "other")
        inodes = [os.fstat(number).st_ino for number in given]
        for name in ("index=1", "name=system"):
            description = f"systemd:domain=INET:{name}"
            stream_service(description, Factory(), self.reactor, Metrics()).privilegedStartService()
        adopted = [os.fstat(number).st_ino for number in self.reactor.adopted]
        for number in self.reactor.adopted:
            os.close(number)
        self.assertEqual(adopted, inodes[::-1])

    def test_a_socket_that_was_not_given_ends_the_start_and_no_check(self) -> None:
        self.given()
        for name in ("index=1", "name=other"):
            description = f"systemd:domain=UNIX:{name}"
            service = stream_service(description, Factory(), self.reactor, Metrics())
            error = self.assertRaises(CannotListenError, service.privilegedStartService)
            self.assertIn(f"{description}: the supervisor has given no such socket", str(error))

    def test_a_string_that_names_no_socket_is_a_mistake(self) -> None:
        for description in (
            "systemd:domain=OUTER_SPACE:index=0",
            "systemd:domain=INET",
            "systemd:domain=INET:index=first",
        ):
            self.assertRaises(
                ValueError, stream_service, description, Factory(), self.reactor, Metrics()
            )

    def test_any_other_endpoint_is_listened_at_as_ever(self) -> None:
        stream_service("tcp:1061", Factory(), self.reactor, Metrics()).privilegedStartService()
        self.assertEqual(self.reactor.tcpServers[0][0], 1061)
