"""Starts that cannot be: each ends with one line that says what to do."""

from __future__ import annotations

import errno
import io
import os
from contextlib import redirect_stdout
from pathlib import Path
from typing import Any

from twisted.application.service import Service
from twisted.internet.defer import Deferred
from twisted.internet.error import CannotListenError
from twisted.logger import globalLogPublisher
from twisted.python import usage
from twisted.trial.unittest import SynchronousTestCase

from pychron_comms import __version__
from pychron_comms.process import command_line
from pychron_comms.process.command_line import ServiceOptions
from pychron_comms.process.start import ExplainedStart, StartError, explained


class Deaf(Service):
    """Cannot listen."""

    def __init__(self, error: Exception) -> None:
        self._error = error

    def privilegedStartService(self) -> None:
        raise self._error


def taken() -> CannotListenError:
    return CannotListenError("127.0.0.1", 1061, OSError(errno.EADDRINUSE, "Address in use"))


class ExplainedStartTests(SynchronousTestCase):
    def start(self, error: Exception, *, in_background: bool = False) -> StartError:
        service = ExplainedStart()
        service.setName("pychron-server")
        service.in_background = in_background
        Deaf(error).setServiceParent(service)
        return self.assertRaises(StartError, service.privilegedStartService)

    def test_it_is_told_who_waits_for_a_start_in_the_background(self) -> None:
        # twistd takes the pid file away, and tells its parent, only of an Exception.
        error = self.start(taken())
        self.assertIsInstance(error, Exception)
        self.assertIsInstance(error, SystemExit)

    def test_the_line_says_where_and_what_to_do(self) -> None:
        self.assertEqual(
            str(self.start(taken())),
            "pychron-server: cannot start: 127.0.0.1:1061: Address in use (something listens "
            "there already; `pychron-lab doctor` says what)",
        )

    def test_in_the_background_it_goes_to_the_log(self) -> None:
        for in_background, lines in ((False, 0), (True, 1)):
            events: list[Any] = []
            globalLogPublisher.addObserver(events.append)
            self.start(taken(), in_background=in_background)
            globalLogPublisher.removeObserver(events.append)
            self.assertEqual(len(events), lines)

    def test_the_log_is_waited_for_when_all_of_it_has_stopped(self) -> None:
        service, told = ExplainedStart(), []
        service.log_ends = lambda: told.append("ends")
        stops: Deferred[None] = Deferred()
        child: Any = Service()
        child.stopService = lambda: stops
        child.setServiceParent(service)
        stopped = service.stopService()
        self.assertEqual(told, [])
        stops.callback(None)
        self.successResultOf(stopped)
        self.assertEqual(told, ["ends"])

    def test_a_path_stands_for_itself(self) -> None:
        error = CannotListenError(None, b"/run/x.sock", OSError(errno.EACCES, "Denied"))
        self.assertTrue(explained(error).startswith("/run/x.sock: Denied ("))
        self.assertEqual(
            explained(CannotListenError("systemd", "name=x", "no such")), "systemd:name=x: no such"
        )
        self.assertEqual(explained(OSError("else")), "else")


class Options(ServiceOptions):
    name = "pychron-some"


class PidFileTests(SynchronousTestCase):
    def parse(self, parent: dict[str, object], *arguments: str) -> Any:
        options = Options()
        options.parent: Any = parent
        options.parseOptions(list(arguments))
        return parent["pidfile"]

    def test_each_service_has_a_file_of_its_own(self) -> None:
        self.assertEqual(self.parse({"pidfile": "twistd.pid"}), "pychron-some.pid")
        self.assertEqual(self.parse({"pidfile": "twistd.pid"}, "--check"), "")
        self.assertEqual(self.parse({"pidfile": "mine.pid"}), "mine.pid")

    def test_a_folder_that_cannot_be_written_costs_the_foreground_nothing(self) -> None:
        self.patch(os, "access", lambda path, mode: False)
        self.assertEqual(self.parse({"pidfile": "twistd.pid", "nodaemon": 1}), "")

    def test_and_is_one_line_in_the_background(self) -> None:
        self.patch(os, "access", lambda path, mode: False)
        error = self.assertRaises(SystemExit, self.parse, {"pidfile": "twistd.pid", "nodaemon": 0})
        self.assertIn("pychron-some.pid cannot be written, where the process id goes", str(error))

    def test_a_file_that_is_there_is_asked_itself(self) -> None:
        asked: list[Any] = []
        self.patch(os, "access", lambda path, mode: asked.append(path) or True)
        command_line.can_write(Path(__file__))
        command_line.can_write(Path(__file__).with_name("absent"))
        self.assertEqual(asked, [Path(__file__), Path(__file__).parent])


class TextTests(SynchronousTestCase):
    def test_the_version(self) -> None:
        output = io.StringIO()
        with redirect_stdout(output):
            self.assertRaises(SystemExit, Options().parseOptions, ["--version"])
        self.assertEqual(output.getvalue(), f"pychron-some {__version__}\n")

    def test_an_option_that_is_not_known(self) -> None:
        for words, hint in (
            (["--confg", "lab.toml"], "; did you mean --config?"),
            (["--xyzzy"], ""),
        ):
            error = self.assertRaises(usage.UsageError, Options().parseOptions, words)
            self.assertEqual(str(error), f"option {words[0]} not recognized{hint}")

    def test_help_of_an_option_has_no_holes(self) -> None:
        class Long(Options):
            def opt_listen(self, text: str) -> None:
                """Where to listen, told in
                two lines."""

        shown = Long().getUsage(width=200)
        self.assertIn("Where to listen, told in two lines.", shown)
        self.assertIsInstance(Long(), usage.Options)
