"""A watch in the reactor: a function that is called, until it is stopped."""

from __future__ import annotations

from pychron_comms.client.watch.feed import PATIENCE, PAUSE
from pychron_comms.client.watch.notices import Live, Lost, Notice
from pychron_comms.errors import NotPermittedError
from tests.client.deferred_case import DONE, LOST, DeferredCase, Transport
from tests.client.watch.telling import Teller
from tests.observability.state.test_stream import valve


class DeferredWatchTests(DeferredCase):
    def setUp(self) -> None:
        super().setUp()
        self.teller = Teller()
        self.teller.stream.publish(valve())
        self.told: list[Notice] = []
        self.watch = self.asker.watch("*", told=self.told.append)

    def tearDown(self) -> None:
        self.watch.stop()
        super().tearDown()

    def serve(self) -> Transport:
        server = self.accept()
        server.say(self.teller.connect(server.value()))
        return server

    def take(self) -> list[Notice]:
        told = self.told[:]
        self.told.clear()
        return told

    def test_tells_all_that_stands_and_each_change(self) -> None:
        server = self.serve()
        self.assertEqual(self.take(), [valve(), Live()])
        self.teller.stream.publish(valve(is_open=True))
        server.say(self.teller.said())
        self.assertEqual(self.take(), [valve(is_open=True)])
        self.assertEqual(self.watch.items, {valve().path: valve(is_open=True)})

    def test_calls_again_where_it_was(self) -> None:
        self.serve().end(LOST)
        (lost,) = self.take()[2:]
        assert isinstance(lost, Lost)
        self.assertIn("Connection to the other side was lost", lost.reason)
        self.teller.stream.publish(valve(is_open=True))
        self.reactor.advance(PAUSE)
        self.serve()
        self.assertEqual(self.take(), [valve(is_open=True), Live()])

    def test_a_server_that_is_not_there_is_called_again(self) -> None:
        self.refuse()
        self.reactor.advance(PAUSE)
        self.refuse()
        self.reactor.advance(PAUSE)
        self.serve()
        self.assertEqual(self.take(), [Lost("Connection refused"), valve(), Live()])

    def test_one_that_says_nothing_is_lost(self) -> None:
        server = self.serve()
        self.take()
        self.reactor.advance(PATIENCE / 2)
        server.say(b"@event=beat;seq=1 {}\r\n")
        self.reactor.advance(PATIENCE / 2)
        self.assertEqual(self.take(), [])
        self.reactor.advance(PATIENCE / 2)
        self.assertEqual(self.take(), [Lost(f"no word for {PATIENCE:g} s")])
        self.assertTrue(server.is_lost)

    def test_garbage_is_a_loss(self) -> None:
        self.accept().say(b"@event=live {}\r\n")
        self.assertIsInstance(self.take()[0], Lost)

    def test_stops(self) -> None:
        server = self.serve()
        self.successResultOf(self.watch.stop())
        self.assertTrue(server.is_lost)
        self.assertIsNone(self.successResultOf(self.watch.over))
        self.assertEqual(self.reactor.getDelayedCalls(), [])

    def test_a_server_that_ends_it_is_lost(self) -> None:
        self.serve().end(DONE)
        self.assertEqual(self.take()[2:], [Lost("closed by the server")])

    def test_stops_while_it_waits_to_call_again(self) -> None:
        self.serve().end(DONE)
        self.successResultOf(self.watch.stop())
        self.assertIsNone(self.successResultOf(self.watch.over))
        self.assertEqual(self.reactor.getDelayedCalls(), [])

    def test_a_refusal_ends_it(self) -> None:
        server = self.accept()
        server.say(b"@id=1 ERROR 208 : not permitted: no\r\n")
        self.failureResultOf(self.watch.over, NotPermittedError)
        self.assertTrue(server.is_lost)

    def test_so_does_what_told_raises(self) -> None:
        self.successResultOf(self.watch.stop())
        self.reactor.unixClients.clear()
        watch = self.asker.watch("*", told=lambda notice: 1 / 0)
        self.serve()
        self.failureResultOf(watch.over, ZeroDivisionError)
