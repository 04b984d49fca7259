"""What the command line of a processor says comes before its file."""

from __future__ import annotations

import os
from typing import Any

from twisted.internet.testing import MemoryReactorClock
from twisted.trial.unittest import SynchronousTestCase

from pychron_comms.process import systemd_notify
from pychron_comms.processor import tap
from pychron_comms.processor.settings import ProcessorSettings


class CommandLineTests(SynchronousTestCase):
    def make(self, *arguments: str) -> ProcessorSettings:
        """The settings that the service was made with."""
        made: list[tuple[ProcessorSettings, Any]] = []

        def service(settings: ProcessorSettings, *others: Any, **options: Any) -> None:
            made.append((settings, options))

        self.patch(tap, "ProcessorService", service)
        options = tap.Options()
        options.parseOptions(list(arguments))
        tap.makeService(options, MemoryReactorClock())
        ((settings, told),) = made
        self.assertEqual(told, {"only_check": False})
        return settings

    def test_what_is_not_said_is_the_files(self) -> None:
        settings = self.make()
        self.assertFalse(settings.commands or settings.http.chosen)

    def test_each_command_has_its_line_where_that_is_asked_for(self) -> None:
        self.assertTrue(self.make("--commands").commands)

    def test_the_page_is_where_it_is_told(self) -> None:
        settings = self.make("--http", "tcp:8080", "--listen", "tcp:1059", "-l", "tcp:1060")
        self.assertEqual((settings.http.listen, settings.http.chosen), ("tcp:8080", True))
        self.assertEqual(settings.listen, ["tcp:1059", "tcp:1060"])

    def test_it_is_supervised_as_its_environment_says(self) -> None:
        made: list[Any] = []
        told: list[bytes] = []
        self.patch(tap, "ProcessorService", lambda *given, **options: made.extend(given))
        self.patch(systemd_notify, "notify_socket", lambda environ: told.append)
        self.patch(os, "environ", {"WATCHDOG_USEC": "2000000", "WATCHDOG_PID": str(os.getpid())})
        options, reactor = tap.Options(), MemoryReactorClock()
        options.parseOptions([])
        tap.makeService(options, reactor)
        supervision = made[-1]
        supervision.startService()
        for _ in range(3):
            reactor.advance(0.5)
        self.assertEqual(told, [b"WATCHDOG=1", b"READY=1", b"WATCHDOG=1"])
        self.assertIs(made[2], reactor)
