"""What the gate is told of a reply: that it was read, or that nobody waits for it, or nothing."""

from __future__ import annotations

import math
from types import SimpleNamespace
from typing import Any

from twisted.internet.defer import Deferred
from twisted.internet.error import ConnectionDone, ConnectionLost
from twisted.python.failure import Failure

from pychron_comms.errors import OutcomeUnknownError
from pychron_comms.server.dispatcher import Passing
from pychron_comms.server.messaging_handler import LINGER
from pychron_comms.server.resend import conversation as conversation_module
from pychron_comms.server.resend.delivery import GONE, LAIN
from pychron_comms.wire.grammar import parse_request
from tests.help_texts import unfinished
from tests.server.resend.resend_case import ConnectionCase


class AskTests(ConnectionCase):
    """How the commands of a connection are told apart."""

    def test_each_is_named_by_its_connection_and_its_number_there(self) -> None:
        handler = self.ask(b"Open A\rOpen B\r")
        self.ask(b"Open A\r")
        handler.dataReceived(b"@id=1 Open B\rOpen C\r")
        self.assertEqual(self.asks(), ["server-1.1", "server-1.2", "server-2.1", "", "server-1.4"])

    def test_reads_that_were_asked_together_are_counted_each(self) -> None:
        handler, _ = self.connect()
        self.clock.advance(1.5)
        asked: list[int] = []
        way = SimpleNamespace(ask_all=lambda reads, *rest: asked.append(len(reads)))
        read: Any = SimpleNamespace(way=way)
        for count in (3, 2):
            handler.ask_all([read] * count, {}, None)  # type: ignore[arg-type]
        read.ask = lambda *rest: "3"
        handler.ask_again(read, {})
        handler.dataReceived(b"Open A\r")
        self.assertEqual((asked, self.asks()), ([3, 2], ["server-1.7"]))
        self.assertEqual([each.silent for each in self.repeater.context], [0.0])

    def test_silence_is_since_the_last_word_or_the_making_of_the_connection(self) -> None:
        handler, _ = self.connect()
        self.clock.advance(1.5)
        handler.dataReceived(b"Open A\r")
        self.clock.advance(0.5)
        handler.dataReceived(b"@id=1 GetError\r")
        self.clock.advance(0.25)
        handler.dataReceived(b"Open A\rOpen B\r")
        self.assertEqual([each.silent for each in self.repeater.context], [1.5, 0.0, 0.25, 0.0])

    def test_a_connection_may_be_older_than_this_process_knows(self) -> None:
        """It stood still, and accepts what was made meanwhile; the system may know when."""
        for lain, made_before in ((0.0, 9.0), (3.0, math.inf), (3.0, 0.5), (3.0, 9.0)):
            self.loop.may_have_lain = lain
            handler, _ = self.connect(made_before)
            handler.dataReceived(b"Open A\r")
        self.assertEqual([each.silent for each in self.repeater.context], [0.0, 3.0, 0.5, 3.0])

    def test_who_puts_tags_on_it_sees_to_its_copies_by_himself(self) -> None:
        self.ask(b"@id=1 Open A\r@key=k Open A\rClaim A 60\r")
        self.assertEqual(self.asks(), ["", "", ""])

    def test_a_request_that_comes_alone_has_a_connection_of_its_own(self) -> None:
        for _ in range(2):
            passing = Passing(self.dispatcher.reports)
            self.dispatcher.answer(parse_request("Open A"), "10.0.0.1", passing)
        self.assertEqual(self.asks(), ["server-1.1", "server-2.1"])
        self.repeater.waiting[1].callback("OK")
        self.assertEqual(self.repeater.taken, ["server-2.1"])


class DeliveryCase(ConnectionCase):
    def answered(self, line: bytes = b"Open A\r") -> None:
        """A command with its reply, of which nothing more is known."""
        self.handler, self.transport = self.connect()
        self.handler.dataReceived(line)
        for waiting in self.repeater.waiting:
            if not waiting.called:
                waiting.callback("OK")

    def taken(self, *asks: str) -> None:
        self.assertEqual(self.repeater.taken, list(asks))

    @property
    def in_doubt(self) -> int:
        return int(self.dispatcher.reports.in_doubt.value)


class DeliveredTests(DeliveryCase):
    """The evidence that a reply was read."""

    def test_a_reply_that_is_written_is_none(self) -> None:
        self.answered()
        self.clock.advance(10)
        self.taken()

    def test_who_asks_on_over_the_same_connection_has_read_it(self) -> None:
        self.answered()
        self.handler.dataReceived(b"@id=1 GetError\r")
        self.taken("server-1.1")
        self.handler.dataReceived(b"@id=1 GetError\r")
        self.taken("server-1.1")

    def test_a_line_end_that_comes_late_is_no_command(self) -> None:
        self.answered()
        self.handler.dataReceived(b"\n")
        self.taken()
        self.handler.dataReceived(b"Open B\r")
        self.taken("server-1.1")

    def test_what_was_sent_together_was_sent_before_the_reply(self) -> None:
        handler, _ = self.connect()
        self.repeater.get_response = lambda *asked: _succeed()  # type: ignore[method-assign]
        handler.dataReceived(b"Open A\rOpen B\r")
        self.taken()
        handler.dataReceived(b"Open C\r")
        self.taken("server-1.1", "server-1.2")

    def test_a_reply_that_waits_behind_another_is_not_written(self) -> None:
        handler, _ = self.connect()
        handler.dataReceived(b"Open A\rOpen B\r")
        self.repeater.waiting[1].callback("OK")
        handler.dataReceived(b"Open C\r")
        self.taken()
        for number in (0, 2):
            self.repeater.waiting[number].callback("OK")
        handler.dataReceived(b"Open D\r")
        self.assertCountEqual(self.repeater.taken, [f"server-1.{each}" for each in (1, 2, 3)])

    def test_who_ends_his_side_when_it_was_acknowledged_has_read_it(self) -> None:
        self.answered()
        self.handler.readConnectionLost()
        self.taken("server-1.1")
        self.assertTrue(self.transport.disconnecting)
        self.lose(self.handler)
        self.assertEqual(self.in_doubt, 0)

    def test_an_error_is_a_reply_like_any(self) -> None:
        handler = self.ask()
        self.repeater.waiting[0].errback(OutcomeUnknownError("lost"))
        handler.readConnectionLost()
        self.taken("server-1.1")

    def test_replies_with_an_id_are_their_clients_own_affair(self) -> None:
        self.answered(b"@id=1 Open A\r")
        self.handler.dataReceived(b"@id=2 Open A\r")
        self.handler.readConnectionLost()
        self.taken()

    def test_where_none_is_kept_each_is_taken_for_read(self) -> None:
        self.dispatcher = self.listener(keeps=False)
        self.loop.stalls = 0
        handler = self.ask()
        self.loop.stalls = 1
        self.lose(handler)
        self.repeater.waiting[0].callback("OK")
        self.taken("server-1.1")


class InDoubtTests(DeliveryCase):
    """What is no evidence that a reply was read."""

    def lost(self, count: int = 1) -> None:
        self.taken()
        self.assertEqual(self.in_doubt, count)

    def test_a_reply_that_nobody_was_there_to_read(self) -> None:
        self.lose(self.ask())
        self.repeater.waiting[0].callback("OK")
        self.lost()

    def test_what_is_counted_says_what_it_is(self) -> None:
        self.assertEqual(unfinished(self.metrics), {})

    def test_a_reply_before_a_reset(self) -> None:
        self.answered()
        self.handler.connectionLost(Failure(ConnectionLost()))
        self.lost()

    def test_a_reply_before_an_end_that_is_not_the_clients(self) -> None:
        self.answered()
        self.handler.connectionLost(Failure(ConnectionDone()))
        self.lost()

    def test_a_reply_that_crosses_the_clients_end_on_the_way(self) -> None:
        self.answered()
        self.transport.socket.has_taken_all = False
        self.handler.readConnectionLost()
        self.assertFalse(self.transport.disconnecting)
        self.clock.advance(LINGER)
        self.lost()
        self.assertTrue(self.transport.disconnecting)

    def test_a_reply_that_is_written_when_the_clients_end_is_there_unread(self) -> None:
        handler, transport = self.connect()
        handler.dataReceived(b"Open A\r")
        transport.socket.has_ended = True
        self.repeater.waiting[0].callback("OK")
        handler.readConnectionLost()
        self.taken()
        transport.socket.has_taken_all = False
        self.clock.advance(LINGER)
        self.lost()

    def test_so_are_all_that_cross_it_one_way_or_the_other(self) -> None:
        for taken in (False, True):
            self.setUp()
            handler, transport = self.connect()
            handler.dataReceived(b"Open A\rOpen B\rOpen C\r")
            self.repeater.waiting[0].callback("OK")
            transport.socket.has_ended = True
            self.repeater.waiting[1].callback("OK")
            transport.socket.has_taken_all = False
            handler.readConnectionLost()
            self.repeater.waiting[2].callback("OK")
            transport.socket.has_taken_all = taken
            self.clock.advance(LINGER)
            asks = [f"server-1.{number}" for number in (1, 2, 3)]
            self.assertCountEqual(self.repeater.taken, asks if taken else [])
            self.assertEqual(self.in_doubt, 0 if taken else 3)

    def test_any_evidence_after_this_process_stood_still(self) -> None:
        for number, evidence in enumerate((b"GetError\r", b""), start=1):
            handler = self.ask()
            self.loop.stalls += 1
            self.repeater.waiting[-1].callback("OK")
            if evidence:
                handler.dataReceived(evidence)
            else:
                handler.readConnectionLost()
            self.lost(number)

    def test_a_stall_before_the_command_was_read_tells_nothing(self) -> None:
        self.loop.stalls += 1
        self.answered()
        self.handler.readConnectionLost()
        self.taken("server-1.1")

    def test_the_oldest_of_too_many_that_nothing_is_known_of(self) -> None:
        self.patch(conversation_module, "UNREAD_LIMIT", 2)
        self.answered(b"Open A\r" * 3)
        self.lost()
        self.handler.dataReceived(b"Open B\r")
        self.taken("server-1.2", "server-1.3")


class HalfClosedTests(DeliveryCase):
    """A client that stopped sending looks like one that has gone, until it is written to."""

    def test_one_that_is_still_there_has_its_reply(self) -> None:
        handler, transport = self.connect()
        handler.dataReceived(b"Open A\r")
        handler.readConnectionLost()
        self.repeater.waiting[0].callback("OK")
        self.assertFalse(transport.disconnecting)
        self.taken()
        self.clock.advance(LINGER)
        self.assertTrue(transport.disconnecting)
        self.taken("server-1.1")

    def test_one_that_has_gone_has_not(self) -> None:
        handler, transport = self.connect()
        handler.dataReceived(b"Open A\r")
        handler.readConnectionLost()
        transport.socket.has_taken_all = False
        self.repeater.waiting[0].callback("OK")
        self.clock.advance(LINGER)
        self.assertTrue(transport.disconnecting)
        self.taken()

    def test_it_is_not_asked_before_its_last_reply(self) -> None:
        handler, transport = self.connect()
        handler.dataReceived(b"Open A\rOpen B\r")
        self.repeater.waiting[0].callback("OK")
        handler.readConnectionLost()
        self.clock.advance(LINGER)
        self.taken()
        self.repeater.waiting[1].callback("OK")
        self.clock.advance(LINGER)
        self.assertTrue(transport.disconnecting)
        self.taken("server-1.1", "server-1.2")

    def test_a_connection_that_ends_in_doubt_leaves_no_timer(self) -> None:
        handler, _ = self.connect()
        handler.dataReceived(b"Open A\rOpen B\r")
        handler.readConnectionLost()
        for waiting in self.repeater.waiting:
            waiting.callback("OK")
        handler.connectionLost(Failure(ConnectionLost()))
        self.clock.advance(GONE)
        self.assertEqual(self.clock.getDelayedCalls(), [])
        self.assertEqual(self.in_doubt, 2)

    def test_a_lost_connection_that_had_ended_closes_at_once(self) -> None:
        handler, _ = self.connect()
        handler.dataReceived(b"Open A\r")
        handler.readConnectionLost()
        handler.connectionLost(Failure(ConnectionLost()))
        self.repeater.waiting[0].callback("OK")
        self.clock.advance(GONE)
        self.assertEqual(self.clock.getDelayedCalls(), [])
        self.taken()


class GoneBeforeTests(ConnectionCase):
    """What lay there while this process stood still, and whose client has gone since."""

    def setUp(self) -> None:
        super().setUp()
        self.handler, self.transport = self.connect()
        self.transport.socket.has_ended = True
        self.loop.may_have_lain = LAIN + 0.01

    def test_it_is_not_begun(self) -> None:
        self.handler.dataReceived(b"Open A\r")
        self.assertEqual(self.repeater.requests, [])
        self.assertEqual(
            self.transport.value(),
            b"ERROR 202 : expired before it was begun: Open A: "
            b"who asked had gone while the server stood still\r\n",
        )

    def test_nor_is_one_with_an_id_that_nobody_can_ask_for_again(self) -> None:
        self.handler.dataReceived(b"@id=1 Open A\r")
        self.assertEqual(self.repeater.requests, [])
        self.assertTrue(self.transport.value().startswith(b"@id=1 ERROR 202 : "))

    def test_it_is_where_its_client_may_wait(self) -> None:
        self.transport.socket.has_ended = False
        self.handler.dataReceived(b"Open A\r")
        self.assertEqual(len(self.repeater.requests), 1)

    def test_it_is_where_the_system_knows_that_it_came_just_now(self) -> None:
        self.transport.socket.heard_before = LAIN
        self.handler.dataReceived(b"Open A\r")
        self.assertEqual(len(self.repeater.requests), 1)

    def test_it_is_where_no_client_gives_up_so_soon(self) -> None:
        self.loop.may_have_lain = LAIN
        self.handler.dataReceived(b"Open A\r")
        self.assertEqual(len(self.repeater.requests), 1)

    def test_who_puts_a_key_on_it_knows_what_he_does(self) -> None:
        self.handler.dataReceived(b"@id=1;key=k Open A\r")
        self.assertEqual(len(self.repeater.requests), 1)


class AbandonedTests(ConnectionCase):
    """A client that has gone, and what it asked."""

    def test_its_command_is_dropped_after_a_moment(self) -> None:
        self.lose(self.ask())
        self.clock.advance(GONE - 0.01)
        self.dropped(0)
        self.clock.advance(0.01)
        self.dropped()

    def test_not_where_it_has_been_answered_meanwhile(self) -> None:
        self.lose(self.ask())
        self.repeater.waiting[0].callback("OK")
        self.clock.advance(GONE)
        self.dropped(0)

    def test_a_command_with_tags_is_dropped_too(self) -> None:
        self.lose(self.ask(b"@id=1;key=k Open A\r"))
        self.clock.advance(GONE)
        self.dropped()

    def test_each_command_of_a_connection_is(self) -> None:
        self.lose(self.ask(b"Open A\rOpen A\r@id=1 Open A\r"))
        self.clock.advance(GONE)
        self.dropped(3)

    def test_who_stops_sending_may_be_gone_too(self) -> None:
        handler, transport = self.connect()
        handler.dataReceived(b"Open A\r")
        handler.readConnectionLost()
        self.clock.advance(GONE)
        self.dropped()
        # And is told of it, where it is not.
        self.repeater.waiting[0].callback("ERROR 202 : expired before it was begun: Open")
        self.assertIn(b"ERROR 202", transport.value())

    def test_one_that_is_gone_in_two_steps_is_gone_once(self) -> None:
        handler = self.ask()
        handler.readConnectionLost()
        self.clock.advance(GONE / 2)
        self.lose(handler)
        self.clock.advance(10)
        self.dropped()


def _succeed() -> Deferred[str]:
    done: Deferred[str] = Deferred()
    done.callback("OK")
    return done
