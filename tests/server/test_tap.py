"""What the command line of a server makes of its process, and of what its file says."""

from __future__ import annotations

from functools import partial
from typing import Any
from unittest import mock

from twisted.internet.testing import MemoryReactorClock
from twisted.trial.unittest import SynchronousTestCase

from pychron_comms.processor import tap as processor_tap
from pychron_comms.server import tap as server_tap
from pychron_comms.server.routing.reload import Reload
from tests.server.test_services import Reactor, ServiceCase

SEEN_TO = ["use_monotonic_clock", "end_once", "overlook_what_stays"]


class ProcessTests(SynchronousTestCase):
    """A service that is made for Twisted's own reactor is alone in its process."""

    def setUp(self) -> None:
        self.told: list[tuple[str, tuple[Any, ...]]] = []

    def note(self, name: str, *given: Any) -> mock.Mock:
        self.told.append((name, given))
        return mock.Mock()

    def made(self, tap: Any) -> Reactor:
        """The reactor that it was made for."""
        reactor = Reactor()
        self.told.clear()
        for name in SEEN_TO:
            self.patch(tap, name, partial(self.note, name))
        if tap is server_tap:
            self.patch(tap, "Hangup", partial(self.note, "Hangup"))
        options = tap.Options()
        options.parseOptions([])
        with mock.patch("twisted.internet.reactor", reactor, create=True):
            tap.makeService(options)
        return reactor

    def test_its_clock_its_end_and_its_garbage_are_seen_to(self) -> None:
        for tap in (server_tap, processor_tap):
            reactor = self.made(tap)
            names = [name for name, _ in self.told if name != "Hangup"]
            self.assertEqual(names, SEEN_TO)
            self.assertEqual({given[0] for _, given in self.told}, {reactor})

    def test_a_server_reads_its_file_again_when_it_is_told_to(self) -> None:
        self.made(server_tap)
        ((_, reload),) = [given for name, given in self.told if name == "Hangup"]
        self.assertIsInstance(reload, Reload)

    def test_a_reactor_of_somebody_elses_is_left_as_it_is(self) -> None:
        for tap in (server_tap, processor_tap):
            for name in SEEN_TO:
                self.patch(tap, name, self.fail)
            options = tap.Options()
            options.parseOptions([])
            tap.makeService(options, MemoryReactorClock())


class FileTests(ServiceCase):
    def test_who_owns_the_hardware_cannot_be_said_where_it_is_here(self) -> None:
        path = self.configuration(
            'lab = "default"\n[processor]\ntrust = ["10.0.0.2"]\nowner = "10.0.0.2"\n'
        )
        error = self.assertRaises(SystemExit, self.make, server_tap, "--config", path)
        self.assertEqual(
            str(error),
            "configuration: processor.owner: the hardware is in the server's own process",
        )
