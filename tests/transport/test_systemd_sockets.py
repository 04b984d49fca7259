"""Listeners at sockets that a supervisor has opened, whose files stay the supervisor's."""

from __future__ import annotations

import os
import pathlib
import socket
import stat
import tempfile
from types import SimpleNamespace
from typing import Any

from twisted.internet.defer import succeed
from twisted.internet.error import CannotListenError
from twisted.internet.protocol import Factory
from twisted.internet.testing import MemoryReactorClock
from twisted.trial.unittest import SynchronousTestCase

from pychron_comms.transport import systemd_sockets
from pychron_comms.transport.systemd_sockets import _GivenEndpoint, systemd_service


class GivenSocketTests(SynchronousTestCase):
    if not hasattr(socket, "AF_UNIX"):
        skip = "there are no unix sockets here"

    def setUp(self) -> None:
        self.reactor = MemoryReactorClock()
        self.factory = Factory()
        self.asked: list[tuple[Any, str]] = []

    def given(self, endpoint: Any) -> None:
        """What the supervisor has under that name."""

        def found(reactor: Any, description: str) -> Any:
            self.asked.append((reactor, description))
            if endpoint is None:
                raise KeyError(description)
            return endpoint

        self.patch(systemd_sockets, "serverFromString", found)

    def listening(self, kind: int = socket.SOCK_STREAM) -> int:
        """A socket of this computer's, at which somebody listens where it can be."""
        theirs = self.enterContext(socket.socket(socket.AF_INET, kind))
        theirs.bind(("127.0.0.1", 0))
        if kind == socket.SOCK_STREAM:
            theirs.listen()
        return theirs.fileno()

    def listen(self, description: str = "systemd:domain=UNIX:name=processor") -> Any:
        answer = _GivenEndpoint(description, self.reactor).listen(self.factory)
        self.assertEqual(self.asked, [(self.reactor, description)])
        return answer

    def test_a_unix_socket_keeps_its_file_and_who_may_use_it(self) -> None:
        path = pathlib.Path(self.enterContext(tempfile.TemporaryDirectory())) / "p.sock"
        theirs = self.enterContext(socket.socket(socket.AF_UNIX))
        theirs.bind(str(path))
        path.chmod(0o600)
        theirs.listen()
        fileno = os.dup(theirs.fileno())
        self.given(SimpleNamespace(addressFamily=socket.AF_UNIX, fileno=fileno))
        port = self.successResultOf(self.listen())
        self.assertIs(port.factory, self.factory)
        self.assertIn(port, self.reactor.getReaders())
        self.assertFalse(os.get_blocking(theirs.fileno()))
        self.assertRaises(OSError, os.fstat, fileno)
        self.assertEqual(stat.S_IMODE(path.stat().st_mode), 0o600)
        stopped = port.stopListening()
        self.reactor.advance(0)
        self.successResultOf(stopped)
        self.assertTrue(path.exists())

    def test_any_other_is_listened_at_as_it_is(self) -> None:
        told: list[Factory] = []

        def listen(factory: Factory) -> Any:
            told.append(factory)
            return succeed("port")

        fileno = self.listening()
        self.given(SimpleNamespace(addressFamily=socket.AF_INET, listen=listen, fileno=fileno))
        answer = self.listen("systemd:domain=INET:index=0")
        self.assertEqual((self.successResultOf(answer), told), ("port", [self.factory]))

    def test_one_that_was_not_given_is_told_by_its_name(self) -> None:
        self.given(None)
        failure = self.failureResultOf(self.listen(), CannotListenError)
        self.assertEqual(failure.value.interface, "systemd")
        self.assertEqual(failure.value.port, "domain=UNIX:name=processor")
        self.assertIn("has given no such socket", str(failure.value.socketError))

    def test_what_is_no_listening_socket_ends_the_start(self) -> None:
        bound = self.enterContext(socket.socket())
        bound.bind(("127.0.0.1", 0))
        nothing = self.enterContext(pathlib.Path(os.devnull).open("rb"))
        others = (bound.fileno(), nothing.fileno(), self.listening(socket.SOCK_DGRAM))
        for fileno, family in [
            *((each, socket.AF_INET) for each in others),
            (self.listening(), socket.AF_UNIX),
        ]:
            self.given(SimpleNamespace(addressFamily=family, fileno=fileno))
            self.asked.clear()
            failure = self.failureResultOf(self.listen(), CannotListenError)
            self.assertIn("no such listening socket", str(failure.value.socketError))
            os.fstat(fileno)

    def test_a_string_that_names_none_is_refused_before_the_start(self) -> None:
        for text in ("systemd:domain=IPX:index=0", "systemd:domain=INET", "systemd:index=0"):
            self.assertRaises(ValueError, systemd_service, text, self.factory, self.reactor)

    def test_a_service_listens_there_when_it_starts(self) -> None:
        told: list[Factory] = []

        def listen(factory: Factory) -> Any:
            told.append(factory)
            return succeed(SimpleNamespace(stopListening=lambda: None))

        fileno = self.listening()
        self.given(SimpleNamespace(addressFamily=socket.AF_INET, listen=listen, fileno=fileno))
        service = systemd_service("systemd:domain=INET:name=x", self.factory, self.reactor)
        self.assertEqual(self.asked, [])
        service.startService()
        self.assertEqual(self.asked, [(self.reactor, "systemd:domain=INET:name=x")])
        self.assertEqual(told, [self.factory])
        self.successResultOf(service.stopService())
