"""Places, hosts and endpoint strings: the second of each, and what is said of a wrong one."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from OpenSSL import SSL
from twisted.internet.address import IPv4Address
from twisted.internet.error import CannotListenError, ConnectionDone
from twisted.internet.interfaces import IOpenSSLServerConnectionCreator
from twisted.internet.protocol import DatagramProtocol, Factory
from twisted.internet.task import Clock
from twisted.python.failure import Failure
from twisted.trial.unittest import SynchronousTestCase
from zope.interface import implementer

from pychron_comms.errors import QueueFullError
from pychron_comms.observability.metrics import Metrics
from pychron_comms.transport import endpoints
from pychron_comms.transport.hosts import ConnectionsOfHosts
from pychron_comms.transport.places import Places
from pychron_comms.transport.tls.contexts import TLSFiles, _server_context
from pychron_comms.transport.tls.listening import TLSFactory, _text_of
from pychron_comms.transport.tls.strings import parse_client, parse_listener
from pychron_comms.transport.udp import udp_service
from pychron_comms.transport.unix_sockets import make_folder
from tests.listening import connections
from tests.transport.test_line_protocol import Parrot, Transport


class PlacesTests(SynchronousTestCase):
    def test_one_that_is_given_back_is_one(self) -> None:
        places = Places(3, 3)
        for sender in "abc":
            places.take(sender)
        places.give_back("a")
        places.take("d")
        error = self.assertRaises(QueueFullError, places.take, "e")
        self.assertIn("3 commands wait for the processor", str(error))


class HostsTests(SynchronousTestCase):
    def test_who_has_most_after_the_first_of_them_has_gone(self) -> None:
        hosts: ConnectionsOfHosts[str] = ConnectionsOfHosts()
        for name in ("a1", "b1", "a2", "b2", "a3"):
            hosts.add(name, name[0])
        self.assertEqual(list(hosts.of_one_that_has_most()), ["a1", "a2", "a3"])
        hosts.remove("a1", "a")
        self.assertEqual((hosts.most, list(hosts.of_one_that_has_most())), (2, ["b1", "b2"]))


class EndpointTests(SynchronousTestCase):
    def test_tls_may_leave_by_one_of_several_addresses(self) -> None:
        made: list[tuple[Any, ...]] = []

        def hostname_endpoint(*arguments: Any) -> object:
            made.append(arguments)
            return object()

        self.patch(endpoints, "HostnameEndpoint", hostname_endpoint)
        self.patch(endpoints, "wrapClientTLS", lambda creator, below: below)
        self.patch(endpoints, "ClientContexts", lambda *arguments: None)
        reactor: Any = Clock()
        endpoints.client_endpoint("tls:lab:1059:bindAddress=10.0.0.2", reactor)
        endpoints.client_endpoint("tls:lab:1059:timeout=7", reactor)
        self.assertEqual(
            made,
            [
                (reactor, "lab", 1059, 30, ("10.0.0.2", 0)),
                (reactor, "lab", 1059, 7, None),
            ],
        )
        self.assertEqual(parse_client("tls:lab:1059:bindAddress=10.0.0.2").bind, "10.0.0.2")

    def test_a_listener_without_a_certificate_is_told_what_it_wants(self) -> None:
        error = self.assertRaises(ValueError, _server_context, TLSFiles())
        self.assertEqual(str(error), "a TLS listener wants certificate=FILE and privateKey=FILE")

    def test_a_datagram_is_read_whole(self) -> None:
        made: list[tuple[Any, ...]] = []

        class Reactor:
            def listenUDP(self, *arguments: Any) -> None:
                made.append(arguments)

        protocol = DatagramProtocol()
        udp_service("udp:1061:interface=127.0.0.1", protocol, Reactor()).privilegedStartService()
        self.assertEqual(made, [(1061, protocol, "127.0.0.1", 65536)])


class TlsStringTests(SynchronousTestCase):
    def test_a_listener_says_where_its_port_is(self) -> None:
        files = "certificate=c.pem:privateKey=k.pem"
        for text, plain in (
            (f"tls:1061:{files}", "tcp:1061"),
            (
                f"tls:1061:interface=10.0.0.2:backlog=9:{files}",
                "tcp:1061:interface=10.0.0.2:backlog=9",
            ),
            (rf"tls:1061:interface=\:\:1:{files}", r"tcp6:1061:interface=\:\:1"),
        ):
            self.assertEqual(parse_listener(text).plain, plain)

    def test_the_name_of_a_file_may_have_equals_signs(self) -> None:
        files = parse_client("tls:lab:1059:trustRoots=/a=b/c=d.pem").files
        self.assertEqual(files.roots, Path("/a=b/c=d.pem"))


class FolderTests(SynchronousTestCase):
    def test_it_is_for_its_owner_alone_and_one_that_is_there_stays_as_it_is(self) -> None:
        folder = Path(self.mktemp())
        make_folder(folder)
        self.assertEqual(folder.stat().st_mode & 0o777, 0o700)
        folder.chmod(0o755)
        make_folder(folder)
        self.assertEqual(folder.stat().st_mode & 0o777, 0o755)

    def test_one_that_cannot_be_made_is_named_with_what_makes_it(self) -> None:
        file = Path(self.mktemp())
        file.write_text("")
        folder = file / "pychron"
        error = self.assertRaises(CannotListenError, make_folder, folder)
        self.assertEqual(error.port, str(folder))
        self.assertEqual(
            str(error.socketError),
            "Not a directory: the folder of this socket; make it for the account that runs this: "
            f"sudo install -d -m 700 -o ACCOUNT {folder}",
        )


class ReadingTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.parrot = Parrot(connections(Clock()))
        self.transport = Transport()
        self.resumed = 0
        self.patch(self.transport, "resumeProducing", self.resume)
        self.parrot.makeConnection(self.transport)

    def resume(self) -> None:
        self.resumed += 1

    def test_who_was_not_stopped_is_not_told_to_go_on(self) -> None:
        self.parrot.dataReceived(b"say a\r\n" * 100)
        self.assertEqual(self.resumed, 0)

    def test_lines_that_wait_are_accounted_for_from_the_first(self) -> None:
        line = b"say " + b"a" * 1000
        self.parrot.dataReceived((line + b"\r") * 1000)
        self.assertGreater(self.parrot._account.kept, 900 * len(line))

    def test_whatever_comes_is_lines(self) -> None:
        error = self.assertRaises(NotImplementedError, self.parrot.setRawMode)
        self.assertEqual(str(error), "commands are lines")


class EndOfTLSTests(SynchronousTestCase):
    """What is said of a handshake that did not come about."""

    def test_in_openssls_own_words_without_its_numbers(self) -> None:
        for error, told in (
            (ConnectionDone(), "the client went away"),
            (
                SSL.Error([("a", "f", "no shared cipher"), ("b", "", "more")]),
                "no shared cipher; more",
            ),
            (SSL.Error([]), "an unexpected end"),
            (ValueError("something else"), "something else"),
        ):
            self.assertEqual(_text_of(Failure(error)), told)

    def test_the_factory_inside_knows_who_comes(self) -> None:
        known: list[Any] = []

        class Inside(Factory):
            def buildProtocol(self, addr: Any) -> None:
                known.append(addr)

        clock = Clock()
        factory = TLSFactory(Contexts(), Inside(), clock, Metrics())  # type: ignore[arg-type]
        address = IPv4Address("TCP", "10.0.0.5", 50000)
        self.assertIsNone(factory.buildProtocol(address))
        self.assertEqual(known, [address])
        self.assertIs(factory._clock, clock)


@implementer(IOpenSSLServerConnectionCreator)
class Contexts:
    """Nobody comes so far that one is wanted."""

    def serverConnectionForTLS(self, tlsProtocol: object) -> Any:
        raise NotImplementedError
