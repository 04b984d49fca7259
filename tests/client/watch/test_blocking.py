"""The loop over what a server tells: when it connects, calls again and ends."""

from __future__ import annotations

from threading import Event
from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from pychron_comms.client.watch.feed import PATIENCE, PAUSE
from pychron_comms.client.watch.notices import Gap, Live, Lost
from pychron_comms.errors import NotPermittedError
from tests.client.watch.telling import Teller
from tests.client_doubles import ScriptedChannel, ScriptedNetwork
from tests.observability.state.test_stream import valve

REFUSED = ConnectionRefusedError(111, "Connection refused")


class BlockingTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.server = Teller()
        self.server.stream.publish(valve())

    def channel(self, *more: bytes | float, request: bytes = b"@id=1 Subscribe *") -> Any:
        return ScriptedChannel(self.server.connect(request), *more)

    def watch(self, *channels: Any, **options: Any) -> Any:
        self.network = ScriptedNetwork(*channels)
        return self.network.communicator().watch("*", **options)

    def test_all_that_stands_until_the_time_is_over(self) -> None:
        watch = self.watch(self.channel(2.5, b"@event=beat;seq=1 {}\r\n"), seconds=4.0)
        self.assertEqual(list(watch), [valve(), Live()])
        self.assertEqual(self.network.clock.seconds(), 4.0)
        self.assertTrue(self.network.opened[0].is_closed)
        self.assertEqual(watch.items, {valve().path: valve()})

    def test_a_time_that_is_short(self) -> None:
        watch = self.watch(self.channel(), seconds=0.5)
        self.assertEqual(list(watch), [valve(), Live()])

    def test_no_time_at_all(self) -> None:
        self.assertEqual(list(self.watch(seconds=0.0)), [])
        self.assertEqual(self.network.opened, [])

    def test_the_time_is_over_with_what_came_in_its_last_moment(self) -> None:
        watch = self.watch(self.channel(4.0, b"@event=beat;seq=1 {}\r\n"), seconds=2.0)
        self.assertEqual(list(watch), [valve(), Live()])
        self.assertEqual(self.network.clock.seconds(), 2.0)

    def test_one_that_is_cancelled_before_it_begins_asks_nobody(self) -> None:
        self.assertEqual(list(self.watch(cancel=lambda: True)), [])
        self.assertEqual(self.network.opened, [])

    def test_a_server_that_is_not_there_is_called_once_a_second(self) -> None:
        calls = [REFUSED] * 3
        self.assertEqual(len(list(self.watch(*calls, seconds=3.0))), 1)
        self.assertEqual(self.network.waiting, [])

    def test_until_it_is_cancelled(self) -> None:
        event = Event()
        for cancel in (event, event.is_set):
            event.clear()
            watch = self.watch(self.channel(1.0, b"@event=beat;seq=1 {}\r\n"), cancel=cancel)
            told = []
            for notice in watch:
                told.append(notice)
                event.set()
            self.assertEqual(told, [valve(), Live()])

    def test_asks_on_a_connection_of_its_own_for_no_type(self) -> None:
        next(iter(self.watch(self.channel())))
        self.assertEqual(self.network.opened[0].lines, ["@id=1 Subscribe *\r\n"])

    def test_calls_again_where_it_was(self) -> None:
        first = self.channel(b"")
        self.server.stream.publish(valve(is_open=True))
        again = self.channel(request=b"@id=1 Subscribe * from=s1:1")
        watch = self.watch(first, REFUSED, again, seconds=4.0)
        told = [valve(), Live(), Lost("closed by the server"), valve(is_open=True), Live()]
        self.assertEqual(list(watch), told)
        self.assertEqual(self.network.opened[1].lines, ["@id=1 Subscribe * from=s1:1\r\n"])

    def test_a_server_that_says_nothing_is_lost(self) -> None:
        again = self.channel(request=b"@id=1 Subscribe * from=s0:1")
        watch = iter(self.watch(self.channel(), again))
        told = [next(watch) for _ in range(4)]
        self.assertEqual(told[2:], [Lost(f"no word for {PATIENCE:g} s"), Gap()])
        self.assertEqual(self.network.clock.seconds(), PATIENCE + PAUSE)
        watch.close()
        self.assertTrue(self.network.opened[1].is_closed)

    def test_garbage_is_a_loss(self) -> None:
        watch = iter(self.watch(ScriptedChannel(b"@event=live {}\r\n")))
        self.assertIsInstance(next(watch), Lost)

    def test_a_refusal_is_raised(self) -> None:
        channel = ScriptedChannel(b"@id=1 ERROR 208 : not permitted: no\r\n")
        self.assertRaises(NotPermittedError, list, self.watch(channel))

    def test_the_time_may_be_over_while_nobody_is_there(self) -> None:
        watch = self.watch(REFUSED, REFUSED, REFUSED, seconds=2.5)
        self.assertEqual(list(watch), [Lost("Connection refused")])
        self.assertEqual(self.network.clock.seconds(), 2.5)
