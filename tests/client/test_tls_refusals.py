"""A server that does not take a client's certificate has read none of its commands."""

from __future__ import annotations

import ssl
from typing import Any

from OpenSSL import SSL
from twisted.trial.unittest import SynchronousTestCase

from pychron_comms.client.communicator import Communicator
from pychron_comms.client.link.links import World
from pychron_comms.client.outcome import NoReplyError, NotSentError
from pychron_comms.transport.tls.refusals import refused_identity
from tests.client.deferred_case import DeferredCase


def alert(reason: str) -> ssl.SSLError:
    error = ssl.SSLError(1, f"[SSL: {reason}] as OpenSSL says it")
    error.reason = reason
    return error


class Refusing:
    """A channel that takes what is sent, and then gives an error in place of a reply."""

    begun = True
    datagrams = False

    def __init__(self, error: Exception) -> None:
        self._error = error

    def send(self, data: bytes, deadline: object) -> None:
        """Under TLS 1.3 it leaves before the server has looked at the certificate."""

    def receive(self, seconds: float) -> bytes:
        raise self._error

    def poll(self) -> bytes | None:
        return None

    def close(self) -> None:
        """Nothing is held."""


class RefusalTests(SynchronousTestCase):
    def asked(self, form: str, error: Exception) -> Any:
        self.opened = 0

        def opened(*where: object) -> Refusing:
            self.opened += 1
            return Refusing(error)

        world = World(open_channel=opened)  # type: ignore[arg-type]
        communicator = Communicator("tcp:127.0.0.1:1061", form=form, _world=world)
        self.addCleanup(communicator.close)
        return communicator.ask

    def test_a_certificate_that_is_wanted_is_011_and_not_201(self) -> None:
        for form in ("auto", "plain", "tagged"):
            ask = self.asked(form, alert("TLSV13_ALERT_CERTIFICATE_REQUIRED"))
            error = self.assertRaises(NotSentError, ask, "Open A")
            self.assertIn("tls:HOST:PORT:certificate=FILE:privateKey=FILE", str(error))
            # A second try would meet the same.
            self.assertEqual(self.opened, 1)

    def test_any_other_loss_stays_unknown(self) -> None:
        for error in (alert("UNEXPECTED_EOF_WHILE_READING"), ConnectionResetError(104, "reset")):
            ask = self.asked("plain", error)
            self.assertRaises(NoReplyError, ask, "Open A")
        self.assertFalse(refused_identity(ValueError("x")))


#: As pyOpenSSL tells of the server's alert.
WANTED = SSL.Error([("SSL routines", "", "tlsv13 alert certificate required")])


class TaggedDeferredTests(DeferredCase):
    def test_all_that_was_written_is_011(self) -> None:
        asked = [self.asker.ask("Open A"), self.asker.ask("Open B")]
        self.accept().end(WANTED)
        for each in asked:
            error = self.failureResultOf(each, NotSentError).value
            self.assertIn("certificate=FILE:privateKey=FILE", str(error))

    def test_any_other_loss_stays_unknown(self) -> None:
        asked = self.asker.ask("Open A")
        self.accept().end(SSL.Error([("SSL routines", "", "unexpected eof while reading")]))
        self.failureResultOf(asked, NoReplyError)


class PlainDeferredTests(DeferredCase):
    form = "plain"

    def test_it_is_011(self) -> None:
        asked = self.asker.ask("Open A")
        self.accept().end(WANTED)
        self.failureResultOf(asked, NotSentError)
