"""The Deferred communicator on plain connections, datagrams and TLS."""

from __future__ import annotations

import errno
from types import SimpleNamespace
from typing import Any

from twisted.internet import error as net
from twisted.internet.defer import CancelledError, Deferred, succeed
from twisted.internet.task import Clock
from twisted.internet.testing import StringTransport
from twisted.python.failure import Failure
from twisted.trial.unittest import SynchronousTestCase

from pychron_comms.client.link.endpoint import parse_address
from pychron_comms.client.link.wires import DatagramWire, Dialer, StreamWire
from pychron_comms.client.outcome import (
    BadReplyError,
    NoReplyError,
    NotSentError,
    ReplyTimeoutError,
)
from pychron_comms.wire.frames import FrameFormat
from tests.client.deferred_case import DONE, LOST, DeferredCase


class PlainTests(DeferredCase):
    form = "plain"

    def test_one_after_another_each_on_its_own_connection(self) -> None:
        one, two = self.asker.ask("A"), self.asker.ask("B")
        first = self.accept()
        self.assertEqual((first.lines(), self.reactor.unixClients), (["A"], []))
        first.say(b"a\r\n")
        self.assertTrue(first.is_lost)
        second = self.accept()
        self.assertEqual(second.lines(), ["B"])
        second.say(b"b")
        second.end()
        self.assertEqual([self.successResultOf(one), self.successResultOf(two)], ["a", "b"])

    def test_silence_ends_what_has_no_end(self) -> None:
        reply = self.asker.ask("A")
        server = self.accept()
        server.say(b"O")
        self.reactor.advance(0.04)
        server.say(b"K")
        self.reactor.advance(0.04)
        self.assertNoResult(reply)
        self.reactor.advance(0.01)
        self.assertEqual(self.successResultOf(reply), "OK")

    def test_silence_ends_nothing_where_the_end_of_the_connection_does(self) -> None:
        reply = self.make("unix:/lab", form="closing").ask("GetHV")
        server = self.accept()
        server.say(b"45")
        self.reactor.advance(0.5)
        self.assertNoResult(reply)
        server.say(b"00")
        server.end()
        self.assertEqual(self.successResultOf(reply), "4500")

    def test_bad_replies(self) -> None:
        for data, error, expected in (
            (b"", DONE, NoReplyError),
            (b"O", LOST, NoReplyError),
            (b"a\nb\n", None, BadReplyError),
            (b"\xff\n", None, BadReplyError),
        ):
            reply = self.asker.ask("A")
            server = self.accept()
            server.say(data)
            if error is not None:
                server.end(error)
            self.failureResultOf(reply, expected)
            server.say(b"more")

    def test_a_frame_is_checked(self) -> None:
        asker = self.make("unix:/lab", frame="L4,-,C4")
        reply = asker.ask("A")
        self.accept().say(FrameFormat.parse("L4,-,C4").encode(b"True"))
        self.assertEqual(self.successResultOf(reply), "True")

    def test_a_timeout_ends_the_connection_and_what_waited_too_long_is_not_sent(self) -> None:
        one, two, three = self.asker.ask("A"), self.asker.ask("B"), self.asker.ask("C", timeout=3)
        first = self.accept()
        self.reactor.advance(2)
        self.failureResultOf(one, ReplyTimeoutError)
        self.failureResultOf(two, NotSentError)
        self.assertTrue(first.is_lost)
        self.reactor.unixClients.pop(0)  # That of B, which was given up.
        second = self.accept()
        self.assertEqual(second.lines(), ["C"])
        second.say(b"c\r\n")
        self.assertEqual(self.successResultOf(three), "c")

    def test_what_is_cancelled_before_its_turn_is_not_sent(self) -> None:
        one, two, three = (self.asker.ask(command) for command in "ABC")
        first = self.accept()
        two.cancel()
        self.failureResultOf(two, CancelledError)
        first.say(b"a\r\n")
        last = self.accept()
        self.assertEqual(last.lines(), ["C"])
        last.say(b"c\r\n")
        self.assertEqual([self.successResultOf(one), self.successResultOf(three)], ["a", "c"])

    def test_refused(self) -> None:
        reply = self.asker.ask("A")
        self.refuse()
        self.failureResultOf(reply, NotSentError)

    def test_tell_keeps_the_order(self) -> None:
        told, reply = self.asker.tell("A"), self.asker.ask("B")
        first = self.accept()
        self.successResultOf(told)
        self.assertEqual(self.reactor.unixClients, [])
        first.say(b"ERROR 003 : invalid command: A\r\n")
        self.accept().say(b"b\r\n")
        self.assertEqual(self.successResultOf(reply), "b")

    def test_close_fails_what_waits(self) -> None:
        one, two = self.asker.ask("A"), self.asker.ask("B")
        server = self.accept()
        server.say(b"O")
        self.successResultOf(self.asker.close())
        self.failureResultOf(one, NoReplyError)
        self.failureResultOf(two, NotSentError)
        self.assertTrue(server.is_lost)


class DatagramTests(DeferredCase):
    def test_tagged_datagrams_share_a_port(self) -> None:
        asker = self.make("udp:lab:1067")
        one, two = asker.ask("A"), asker.ask("B")
        (port,) = self.reactor.ports
        self.assertEqual((port.peer, len(port.sent)), (("10.0.0.9", 1067), 2))
        port.protocol.datagramReceived(b"@id=2 b\r\n", port.peer)
        port.protocol.datagramReceived(b"@id=1 a\r\n", port.peer)
        self.assertEqual([self.successResultOf(one), self.successResultOf(two)], ["a", "b"])
        port.protocol.datagramReceived(b"@id=2 O", port.peer)
        three = asker.ask("C")
        port.protocol.datagramReceived(b"@id=3 c\r\n", port.peer)
        self.assertEqual(self.successResultOf(three), "c")
        closed = asker.close()
        self.assertNoResult(closed)
        self.reactor.advance(0)
        self.successResultOf(closed)

    def test_the_only_datagram_that_nobody_took_was_not_sent(self) -> None:
        asker = self.make("udp:lab:1067")
        for commands, expected in (("A", NotSentError), ("AB", NoReplyError)):
            replies = [asker.ask(command) for command in commands]
            self.reactor.ports[-1].protocol.connectionRefused()
            for reply in replies:
                self.failureResultOf(reply, expected)

    def test_a_port_that_the_reactor_ends_was_refused(self) -> None:
        for form in ("tagged", "plain"):
            asker = self.make("udp:lab:1067", form=form)
            reply = asker.ask("A")
            port = self.reactor.ports[-1]
            port.is_lost = True
            port.protocol.doStop()
            error = self.failureResultOf(reply, NotSentError).value
            self.assertIn("nobody takes datagrams there", str(error))
            # It is not ended a second time, and nothing is kept of it.
            self.successResultOf(asker.close())
            self.assertEqual(asker._dialer._wires, set())

    def test_what_no_datagram_holds_is_not_sent(self) -> None:
        for form in ("tagged", "plain"):
            asker = self.make("udp:lab:1067", form=form)
            for length in (65535, 65536):
                error = self.failureResultOf(asker.ask("x" * length), NotSentError).value
                self.assertTrue(str(error).endswith(": too long for a datagram"), str(error))
            asker.close()

    def test_what_one_just_holds_is(self) -> None:
        asker = self.make("udp:lab:1067", form="plain")
        asker.ask("x" * 65534).addErrback(lambda _: None)
        (port,) = self.reactor.ports
        self.assertEqual([len(each) for each in port.sent], [65535])
        asker.close()

    def test_a_datagram_from_a_name_takes_the_family_that_it_has(self) -> None:
        for text in ("udp:lab:1067", r"udp:\:\:1:1067"):
            asker = self.make(text)
            asker.ask("A").addErrback(lambda _: None)
            asker.close()
        self.assertEqual(self.reactor.interfaces, ["", "::"])
        peers = [port.peer for port in self.reactor.ports]
        self.assertEqual(peers, [("10.0.0.9", 1067), ("::1", 1067)])
        self.assertEqual(self.reactor.most, [65536, 65536])

    def test_a_port_that_was_refused_and_ends_is_told_of_once(self) -> None:
        asker = self.make("udp:lab:1067")
        reply = asker.ask("A")
        (port,) = self.reactor.ports
        port.protocol.connectionRefused()
        self.assertIn("nobody takes datagrams there", str(self.failureResultOf(reply).value))
        self.reactor.advance(0)
        port.protocol.connectionRefused()
        self.assertTrue(port.is_lost)

    def test_plain_datagrams_have_ports_of_their_own(self) -> None:
        asker = self.make(r"udp:\:\:1:1067", form="plain")
        late = asker.ask("A")
        self.reactor.advance(2)
        self.failureResultOf(late, ReplyTimeoutError)
        reply = asker.ask("B")
        first, second = self.reactor.ports
        self.assertEqual((self.reactor.interfaces, first.is_lost), (["::", "::"], True))
        second.protocol.datagramReceived(b"OK", second.peer)
        self.assertEqual(self.successResultOf(reply), "OK")
        refused = asker.ask("C")
        self.reactor.ports[-1].protocol.connectionRefused()
        self.failureResultOf(refused, NotSentError)

    def test_a_name_that_nobody_knows(self) -> None:
        error = self.failureResultOf(self.make("udp:nowhere:1").ask("A"), NotSentError).value
        self.assertIn("nowhere", str(error))


class PortTests(SynchronousTestCase):
    def test_one_that_the_reactor_has_ended_is_not_ended_again(self) -> None:
        lost: list[object] = []
        owner: Any = SimpleNamespace(lost=lost.append)
        wire = DatagramWire(owner, "10.0.0.9", 1067)
        wire.transport = SimpleNamespace(stopListening=lambda: self.fail("ended again"))
        wire.stopProtocol()
        wire.close()
        wire.abort()
        self.assertEqual(len(lost), 1)


class Endpoint:
    wire: StreamWire

    def connect(self, factory: Any) -> Deferred[Any]:
        self.wire = factory.buildProtocol(None)
        return succeed(self.wire)


class DialTests(DeferredCase):
    def test_what_the_system_has_against_it_is_told_in_its_words(self) -> None:
        for error, why in (
            (net.ConnectionRefusedError(errno.ECONNREFUSED, "no"), "Connection refused"),
            (net.NoRouteError("nobody knows"), "nobody knows"),
        ):
            reply = self.asker.ask("A")
            factory = self.reactor.unixClients.pop(0)[1]
            factory.clientConnectionFailed(None, Failure(error))
            told = str(self.failureResultOf(reply, NotSentError).value)
            self.assertIn(why, told)

    def test_over_tls_nothing_is_written_before_the_handshake(self) -> None:
        for text, is_ready in (("tls:lab:1067", False), ("tcp:lab:1067", True)):
            dialer = Dialer(parse_address(text), self.reactor)
            dialer._endpoint = endpoint = Endpoint()
            Deferred.fromCoroutine(dialer.dial(None))  # type: ignore[arg-type]
            endpoint.wire.makeConnection(StringTransport())
            self.assertEqual(endpoint.wire.ready.called, is_ready)


class HandshakeTests(SynchronousTestCase):
    def test_tls_is_ready_after_its_handshake(self) -> None:
        wire = StreamWire(None, True, Clock())  # type: ignore[arg-type]
        wire.makeConnection(StringTransport())
        self.assertNoResult(wire.ready)
        wire.handshakeCompleted()
        self.successResultOf(wire.ready)

    def test_a_failed_handshake_is_no_connection(self) -> None:
        wire = StreamWire(None, True, Clock())  # type: ignore[arg-type]
        wire.makeConnection(StringTransport())
        wire.connectionLost(Failure(LOST))
        self.failureResultOf(wire.ready, net.ConnectionLost)
        self.successResultOf(wire.gone)

    def test_a_server_that_does_not_end_its_side_is_not_waited_for(self) -> None:
        clock = Clock()
        wire = StreamWire(None, True, clock)  # type: ignore[arg-type]
        transport = StringTransport()
        wire.makeConnection(transport)
        wire.close()
        wire.close()
        self.assertTrue(transport.disconnecting)
        clock.advance(1)
        self.assertTrue(transport.disconnected)
