"""When a connection to an instrument is made again, after which end."""

from __future__ import annotations

from errno import ECONNREFUSED

from twisted.internet.defer import Deferred, fail, succeed
from twisted.internet.error import ConnectError
from twisted.internet.interfaces import IProtocol, IProtocolFactory, IStreamClientEndpoint
from twisted.internet.task import Clock
from twisted.internet.testing import StringTransportWithDisconnection
from twisted.trial.unittest import SynchronousTestCase
from zope.interface import implementer

from pychron_comms.instruments import links
from pychron_comms.instruments.bus import Bus
from pychron_comms.instruments.links import FIRST_RETRY, RENEWAL, BusService
from tests.instruments.case import described


@implementer(IStreamClientEndpoint)
class Box:
    """An instrument on a socket, which may be switched off."""

    def __init__(self) -> None:
        self.is_off = False
        self.asked = 0
        self.refusal = ConnectError("refused")
        self.transport = StringTransportWithDisconnection()

    def connect(self, factory: IProtocolFactory) -> Deferred[IProtocol]:
        self.asked += 1
        protocol = None if self.is_off else factory.buildProtocol(None)  # type: ignore[arg-type]
        if protocol is None:
            return fail(self.refusal)
        self.transport = StringTransportWithDisconnection()
        self.transport.protocol = protocol
        protocol.makeConnection(self.transport)
        return succeed(protocol)


class RetryTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.clock, self.box = Clock(), Box()
        self.patch(links, "endpoint_for", lambda address, reactor: self.box)
        description = described()
        self.valve = description.items["valve"]
        self.bus = Bus(description.wire, self.clock)
        self.service = BusService(self.bus, "tcp://127.0.0.1:5025", self.clock)
        self.service.startService()
        self.assertEqual(self.box.asked, 1)

    def tearDown(self) -> None:
        self.service.stopService()

    def test_one_that_the_bus_has_ended_is_made_anew_at_once(self) -> None:
        """What makes safe and is asked meanwhile is sent then."""
        read = self.bus.ask(self.valve.readings["state"].exchange, {"channel": 1})
        self.clock.advance(1.0)
        self.failureResultOf(read)
        self.bus.ask(self.valve.verbs["close"].exchange, {"channel": 1}, urgent=True)
        self.clock.advance(RENEWAL)
        self.assertEqual(self.box.asked, 2)
        self.assertEqual(self.box.transport.value(), b"CLOSE 1\n")

    def test_why_it_cannot_be_reached_is_told_in_the_systems_words(self) -> None:
        """It was "Connection was refused by other side: 111: Connection refused."."""
        self.box.refusal = ConnectError(ECONNREFUSED, "Connection refused")
        self.box.is_off = True
        self.box.transport.loseConnection()
        self.clock.pump([FIRST_RETRY] * 2)
        self.assertEqual(self.bus.trouble, "Connection refused")

    def test_where_that_is_refused_it_is_tried_as_any_other(self) -> None:
        self.box.is_off = True
        self.bus.ask(self.valve.readings["state"].exchange, {"channel": 1}).addErrback(str)
        self.clock.advance(1.0)
        self.clock.advance(RENEWAL)
        self.assertEqual(self.box.asked, 2)
        for pause in (FIRST_RETRY, 2 * FIRST_RETRY):
            before = self.box.asked
            self.clock.advance(pause - 0.1)
            self.assertEqual(self.box.asked, before)
            self.clock.advance(0.1)
            self.assertEqual(self.box.asked, before + 1)

    def test_one_that_was_lost_comes_again_after_the_first_wait(self) -> None:
        self.box.transport.loseConnection()
        self.clock.advance(FIRST_RETRY - 0.1)
        self.assertEqual(self.box.asked, 1)
        self.clock.advance(0.1)
        self.assertEqual(self.box.asked, 2)
