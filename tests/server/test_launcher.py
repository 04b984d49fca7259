"""What a program is started with that a client asks for, and what is told of it."""

from __future__ import annotations

import os
from typing import Any

from twisted.logger import capturedLogs, formatEvent
from twisted.trial.unittest import SynchronousTestCase

from pychron_comms.errors import LaunchError, NotPermittedError
from pychron_comms.safeguards.roles import Roles
from pychron_comms.server.launcher import Launcher

ME = "10.0.0.1"


class Reactor:
    """Keeps what each process was started with."""

    def __init__(self) -> None:
        self.environments: list[dict[str, str]] = []
        self.problem: OSError | None = None

    def spawnProcess(self, protocol: Any, path: str, args: list[str], env: dict[str, str]) -> Any:
        if self.problem is not None:
            raise self.problem
        self.environments.append(env)
        protocol.pid = 4711
        return protocol


class LauncherTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.reactor: Any = Reactor()

    def test_it_has_the_environment_of_the_server_and_its_start_is_told(self) -> None:
        self.patch(os, "environ", {**os.environ, "LAB": "argon"})
        with capturedLogs() as logs:
            self.assertEqual(Launcher(["sh", "-c", "x"], self.reactor).launch(ME, ""), "OK")
        (environment,) = self.reactor.environments
        self.assertEqual(environment["LAB"], "argon")
        self.assertEqual([formatEvent(each) for each in logs], ["launched sh, pid 4711"])

    def test_why_it_cannot_be_started_is_told(self) -> None:
        self.reactor.problem = OSError(12, "out of memory")
        launcher = Launcher(["sh"], self.reactor)
        error = self.assertRaises(LaunchError, launcher.launch, ME, "")
        self.assertEqual(str(error), "could not launch sh: [Errno 12] out of memory")
        self.reactor.problem = None
        self.assertEqual(launcher.launch(ME, ""), "OK")

    def test_who_may_not_is_told_why(self) -> None:
        for launcher, role, why in (
            (Launcher([], self.reactor), "", "no program to launch is configured"),
            (Launcher(["sh"], self.reactor), "observe", f"RemoteLaunch; {ME} may only look"),
            (
                Launcher(["sh"], self.reactor, Roles({}, others="observe")),
                "admin",
                f"RemoteLaunch; {ME} may only look",
            ),
        ):
            error = self.assertRaises(NotPermittedError, launcher.launch, ME, role)
            self.assertEqual(str(error), f"not permitted: {why}")
        self.assertEqual(self.reactor.environments, [])
