"""Which repeater an address gets."""

from __future__ import annotations

from twisted.internet.testing import MemoryReactorClock, StringTransport
from twisted.trial.unittest import SynchronousTestCase

from pychron_comms.broker.repeater import BrokerRepeater
from pychron_comms.errors import PychronCommunicationError
from pychron_comms.observability.metrics import Metrics
from pychron_comms.repeater.schemes import repeater_to
from pychron_comms.transport.cork import Cork


class SchemeTests(SynchronousTestCase):
    def test_what_is_on_this_computer_is_near(self) -> None:
        for address, near in {
            "unix:/run/x.sock": True,
            "tcp:127.0.0.1:1059": True,
            "tcp:localhost:1059": True,
            "tcp:host=127.0.0.1:port=1059": True,
            "tcp:lab:1059": False,
            "tcp:127.0.0.10:1059": False,
            "ssl:lab:1059": False,
        }.items():
            repeater = repeater_to(address, MemoryReactorClock(), Cork(), Metrics())
            self.assertEqual(repeater.is_near, near, msg=address)

    def test_each_is_named_and_measured_by_its_address(self) -> None:
        metrics = Metrics()
        for address in ("tcp:lab:1059", "unix:/run/x.sock", "ssl:lab:1059"):
            repeater = repeater_to(address, MemoryReactorClock(), Cork(), metrics)
            reply = repeater.get_response("System", "Open A", "10.0.0.1")
            error = self.failureResultOf(reply, PychronCommunicationError).value
            self.assertIn(f"with pychron through {address}.", str(error))
            hop = f'pychron_comms_hop_seconds_count{{processor="{address}"}} 0.0\n'
            self.assertIn(hop, metrics.text())
        self.assertIn(
            "# HELP pychron_comms_hop_seconds From a command that leaves for a processor to its"
            " reply.\n",
            metrics.text(),
        )

    def test_a_broker_is_asked_for_whoever_owns_the_hardware(self) -> None:
        for address in ("amqp:mq:set=a", "amqps:mq:set=a"):
            metrics = Metrics()
            repeater = repeater_to(address, MemoryReactorClock(), Cork(), metrics)
            self.assertIsInstance(repeater, BrokerRepeater)
            text = metrics.text()
            self.assertIn(f'hop_seconds_count{{processor="{address}"}} 0.0\n', text)
            self.assertIn(f'broker_connected{{processor="{address}"}} 0.0\n', text)
            reply = repeater.get_response("System", "Open A", "10.0.0.1")
            self.failureResultOf(reply, PychronCommunicationError)

    def test_it_writes_together_with_the_clients_connections(self) -> None:
        reactor, cork = MemoryReactorClock(), Cork()
        repeater = repeater_to("tcp:lab:1059", reactor, cork, Metrics())
        repeater.startService()
        self.addCleanup(repeater.stopService)
        ((_, _, factory, *_),) = reactor.tcpClients
        protocol, transport = factory.buildProtocol(None), StringTransport()
        protocol.makeConnection(transport)
        with cork:
            repeater.get_response("System", "Open A", "10.0.0.1")
            self.assertEqual(transport.value(), b"")
        self.assertEqual(transport.value(), b"@id=1;from=10.0.0.1 System|Open A\r\n")

    def test_what_is_no_address_is_refused(self) -> None:
        for address in ("", "nonsense", "lab:1059"):
            with self.assertRaises(ValueError):
                repeater_to(address, MemoryReactorClock(), Cork(), Metrics())
