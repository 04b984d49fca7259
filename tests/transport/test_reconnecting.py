"""One connection that is kept: who keeps it hears why an attempt was in vain."""

from __future__ import annotations

from typing import Any

from twisted.internet.defer import Deferred, fail
from twisted.internet.error import ConnectionRefusedError as Refused
from twisted.internet.protocol import Factory
from twisted.internet.task import Clock
from twisted.logger import capturedLogs
from twisted.python.failure import Failure
from twisted.trial.unittest import SynchronousTestCase

from pychron_comms.transport.reconnecting import ReconnectingClient


class Nowhere:
    """Refuses whoever connects."""

    def __init__(self) -> None:
        self.asked: list[object] = []

    def connect(self, factory: object) -> Deferred[Any]:
        self.asked.append(factory)
        return fail(Refused())


class ReconnectingTests(SynchronousTestCase):
    def test_each_vain_attempt_is_told_with_its_reason_and_made_again(self) -> None:
        clock, nowhere, factory = Clock(), Nowhere(), Factory()
        told: list[Failure] = []
        pauses: list[int] = []

        def failed(failure: Failure) -> Failure:
            told.append(failure)
            return failure

        def pause(number: int) -> float:
            pauses.append(number)
            return 2.0

        endpoint: Any = nowhere
        client = ReconnectingClient(endpoint, factory, failed, pause, clock)
        with capturedLogs() as logs:
            client.startService()
            self.addCleanup(client.stopService)
            for attempts in (1, 2, 3):
                self.assertEqual(len(nowhere.asked), attempts)
                clock.advance(1.9)
                self.assertEqual(len(told), attempts)
                clock.advance(0.1)
        self.assertTrue(all(each.check(Refused) for each in told))
        self.assertEqual(pauses, [1, 2, 3, 4])
        self.assertEqual([each for each in logs if each["log_level"].name != "debug"], [])
