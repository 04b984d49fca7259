"""A unix socket stands in a folder of its own, which its start makes."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

from twisted.internet.error import CannotListenError
from twisted.internet.protocol import Factory
from twisted.internet.testing import MemoryReactorClock
from twisted.trial.unittest import SynchronousTestCase

from pychron_comms.process.platform import HERE
from pychron_comms.transport import unix_sockets
from pychron_comms.transport.unix_sockets import unix_service


class UnixServiceTests(SynchronousTestCase):
    if not HERE.has_unix_sockets:
        skip = "this system has none"

    def setUp(self) -> None:
        self.here = Path(self.enterContext(tempfile.TemporaryDirectory()))
        self.reactor = MemoryReactorClock()
        self.factory = Factory()

    def start(self, place: str) -> None:
        service: Any = unix_service(f"unix:{place}", self.factory, self.reactor)
        self.assertEqual(self.reactor.unixServers, [])
        service.privilegedStartService()

    def test_its_folder_is_made_at_the_start_for_this_account_alone(self) -> None:
        place = self.here / "run" / "p.sock"
        self.start(str(place))
        self.assertEqual(place.parent.stat().st_mode & 0o777, 0o700)
        ((path, factory, *_),) = self.reactor.unixServers
        self.assertEqual((path, factory), (str(place), self.factory))

    def test_what_stands_in_no_folder_makes_none(self) -> None:
        """Linux has names of sockets that are no files: they begin with a NUL."""
        made: list[object] = []
        self.patch(unix_sockets, "make_folder", made.append)
        self.start("\0pychron/x")
        self.assertEqual((made, len(self.reactor.unixServers)), ([], 1))

    def test_a_folder_that_cannot_be_made_is_a_start_that_fails(self) -> None:
        place = self.here / "a" / "b" / "p.sock"
        error = self.assertRaises(CannotListenError, self.start, str(place))
        self.assertIn("make it for the account that runs this", str(error))
