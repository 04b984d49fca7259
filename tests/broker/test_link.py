"""A link to a broker: what its user is told of connections that come and go."""

from __future__ import annotations

from twisted.internet.testing import MemoryReactorClock
from twisted.trial.unittest import SynchronousTestCase

from pychron_comms.broker.adapter import BrokerConnection, parameters_for
from pychron_comms.broker.link import BrokerLink
from pychron_comms.transport.broker_strings import BrokerAddress


class User:
    def __init__(self) -> None:
        self.told: list[str] = []

    def linked(self) -> None:
        self.told.append("linked")

    def leave(self, why: str) -> None:
        self.told.append(f"leave: {why}")

    def blocked(self, why: str) -> None:
        self.told.append(f"blocked: {why}")


class LinkTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.user = User()
        reactor = MemoryReactorClock()
        address = BrokerAddress("127.0.0.1", 5672, "line")
        self.link = BrokerLink(address, reactor, self.user, "a test")
        parameters = parameters_for("/", "guest", "guest", "a test", 3)
        self.connection = BrokerConnection(self.link, parameters, reactor)

    def test_what_was_never_connected_is_not_left(self) -> None:
        self.link.disconnected(self.connection, "refused")
        self.assertEqual(self.user.told, [])
        self.assertEqual(self.link.why, "refused")

    def test_what_was_connected_is_left(self) -> None:
        self.link.connected(self.connection)
        self.link.disconnected(self.connection, "gone")
        self.assertEqual(self.user.told, ["linked", "leave: gone"])
        self.assertIsNone(self.link.connection)

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
