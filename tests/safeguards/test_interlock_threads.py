"""Interlocks of managers that have a thread."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from twisted.internet.task import Clock
from zope.interface import implementer

from pychron_comms.interfaces import IDevice
from pychron_comms.processor.execution import runners
from pychron_comms.safeguards.interlocks import READ_TIME
from tests.guarded_laboratory import A_CLOSED, LaboratoryCase, rule


@implementer(IDevice)
class Blocking:
    """A device whose methods block, so that it has a thread of its own."""

    name = "blocking"

    def __init__(self) -> None:
        self.value = "1"

    def get(self) -> str:
        return self.value

    def set(self, value: str, sender: str) -> None:
        self.value = value


class Pool:
    """One thread, whose work is done when the test says so."""

    working = ()
    jobs: list[Callable[[], None]]

    def __init__(self, least: int, most: int, name: str) -> None:
        self.jobs = []
        ALL.append(self)

    def start(self) -> None:
        """There is no thread."""

    stop = start

    def callInThreadWithCallback(
        self, onResult: Callable[[bool, Any], None], function: Callable[[], Any]
    ) -> None:
        self.jobs.append(lambda: onResult(True, function()))


ALL: list[Pool] = []


class ThreadClock(Clock):
    def callFromThread(self, function: Callable[..., object], *args: object) -> None:
        function(*args)


class ThreadTests(LaboratoryCase):
    def setUp(self) -> None:
        super().setUp()
        ALL.clear()
        self.clock = ThreadClock()
        self.patch(runners, "_DaemonThreadPool", Pool)
        self.start(
            '\n[manager.blocking]\nclass = "tests.safeguards.test_interlock_threads:Blocking"\n'
            + rule("Hardware|Set blocking", A_CLOSED)
            + rule("System|Open V", "Hardware|Read blocking is 1")
        )

    def work(self) -> None:
        """Let the threads do what they have got."""
        for pool in ALL:
            while pool.jobs:
                pool.jobs.pop(0)()

    def test_a_command_for_a_thread_is_held_until_its_end(self) -> None:
        setting = self.ask("Hardware|Set blocking 2")
        opening = self.ask("System|Open V")
        self.assertNoResult(opening)
        self.work()
        self.assertEqual(self.successResultOf(setting), "OK")
        self.work()
        self.assertIn("ERROR 207", self.successResultOf(opening))

    def test_one_that_is_refused_is_never_given_to_the_thread(self) -> None:
        self.reply("System|Open A")
        self.assertIn("ERROR 207", self.reply("Hardware|Set blocking 2"))
        self.assertEqual([pool.jobs for pool in ALL if pool.jobs], [])

    def test_a_thread_that_hangs_is_given_up_with_207(self) -> None:
        opening = self.ask("System|Open V")
        self.clock.advance(READ_TIME)
        self.assertIn("cannot be told: no answer", self.successResultOf(opening))
        self.work()
