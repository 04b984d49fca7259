"""A link to a broker: what its user is told of connections that come and go."""

from __future__ import annotations

from twisted.internet.defer import Deferred, fail, succeed
from twisted.internet.error import ConnectError
from twisted.internet.protocol import Factory
from twisted.internet.testing import MemoryReactorClock, StringTransport
from twisted.trial.unittest import SynchronousTestCase

from pychron_comms.broker.adapter import BrokerConnection, parameters_for
from pychron_comms.broker.link import BrokerLink, ClusterEndpoint
from pychron_comms.transport.broker_strings import BrokerAddress
from pychron_comms.transport.cork import Cork


class User:
    def __init__(self) -> None:
        self.told: list[str] = []

    def linked(self) -> None:
        self.told.append("linked")

    def leave(self, why: str) -> None:
        self.told.append(f"leave: {why}")

    def attempt_failed(self, why: str) -> None:
        self.told.append(f"failed: {why}")

    def blocked(self, why: str) -> None:
        self.told.append(f"blocked: {why}")


class Node:
    """Fails, or takes a connection, as the test says."""

    def __init__(self) -> None:
        self.asked = 0
        self.is_there = False

    def connect(self, factory: object) -> Deferred[object]:
        self.asked += 1
        return succeed(self) if self.is_there else fail(ConnectError())


class ClusterTests(SynchronousTestCase):
    def test_the_next_node_is_asked_where_one_is_away_and_the_one_that_answered_last(self) -> None:
        nodes = [Node(), Node(), Node()]
        endpoint = ClusterEndpoint(nodes)  # type: ignore[arg-type]
        nodes[1].is_there = True
        factory = Factory()
        self.failureResultOf(endpoint.connect(factory), ConnectError)
        for _ in range(2):
            self.assertIs(self.successResultOf(endpoint.connect(factory)), nodes[1])
        nodes[1].is_there, nodes[0].is_there = False, True
        self.failureResultOf(endpoint.connect(factory), ConnectError)
        self.failureResultOf(endpoint.connect(factory), ConnectError)
        self.assertIs(self.successResultOf(endpoint.connect(factory)), nodes[0])
        self.assertEqual([each.asked for each in nodes], [2, 3, 1])


class LinkTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.user = User()
        reactor = MemoryReactorClock()
        address = BrokerAddress("127.0.0.1", 5672, "line")
        self.link = BrokerLink(address, reactor, self.user, "a test", cork=Cork())
        parameters = parameters_for("/", "guest", "guest", "a test", 3)
        self.connection = BrokerConnection(self.link, parameters, reactor, Cork())

    def test_what_was_never_connected_is_not_left(self) -> None:
        self.link.disconnected(self.connection, "refused")
        self.assertEqual(self.user.told, ["failed: refused"])
        self.assertEqual(self.link.why, "refused")

    def test_what_was_connected_is_left(self) -> None:
        self.link.connected(self.connection)
        self.link.disconnected(self.connection, "gone")
        self.assertEqual(self.user.told, ["linked", "leave: gone"])
        self.assertIsNone(self.link.connection)

    def test_nobody_is_told_of_the_end_of_one_that_was_dropped(self) -> None:
        self.link.connected(self.connection)
        self.connection.transport = StringTransport()
        self.link.blocked("low on memory")
        self.link.drop("no use")
        self.assertIsNone(self.link.connection)
        self.assertTrue(self.connection.transport.disconnected)
        self.link.disconnected(self.connection, "200 Normal shutdown")
        self.assertEqual(self.user.told, ["linked", "blocked: low on memory", "blocked: "])
        self.assertEqual(self.link.why, "no use")

    def test_a_broker_that_ends_while_it_takes_nothing_does_not_stay_so(self) -> None:
        """The next one says so itself, if it takes nothing either."""
        self.link.connected(self.connection)
        self.link.blocked("low on memory")
        self.link.disconnected(self.connection, "gone")
        self.assertEqual(
            self.user.told, ["linked", "blocked: low on memory", "blocked: ", "leave: gone"]
        )

    def test_a_broker_that_takes_all_is_not_said_to_do_so_again(self) -> None:
        self.link.connected(self.connection)
        self.link.blocked("low on memory")
        self.link.blocked("")
        self.link.disconnected(self.connection, "gone")
        self.assertEqual(self.user.told[-2:], ["blocked: ", "leave: gone"])
        self.assertEqual(self.user.told.count("blocked: "), 1)
