"""The shared line protocol: order, ids, limits and ends, over a transport in memory."""

from __future__ import annotations

from itertools import count
from typing import Any
from unittest.mock import patch

from twisted.internet.defer import Deferred
from twisted.internet.task import Clock
from twisted.internet.testing import StringTransport
from twisted.logger import globalLogPublisher
from twisted.python.failure import Failure
from twisted.trial.unittest import SynchronousTestCase

from pychron_comms.errors import InvalidValveError, MalformedRequestError
from pychron_comms.transport.backlog import WINDOW
from pychron_comms.transport.connections import Connections
from pychron_comms.transport.line_protocol import CommandLineReceiver
from pychron_comms.transport.turns import AT_ONCE, SLICE
from pychron_comms.wire.context import context_of
from pychron_comms.wire.frames import FrameFormat
from pychron_comms.wire.grammar import Request
from pychron_comms.wire.rendering import render
from tests.listening import connections, one_turn


class Transport(StringTransport):
    """Counts writes, and can be aborted and half-closed as TCP's can."""

    aborted = False

    def __init__(self, **given: Any) -> None:
        super().__init__(**given)
        self.writes: list[bytes] = []

    def write(self, data: bytes) -> None:
        self.writes.append(data)
        super().write(data)

    def abortConnection(self) -> None:
        self.aborted = True


class Parrot(CommandLineReceiver):
    """Says ``word`` to ``say word``, much to ``long``; breaks on ``break`` and ``fail``.

    Waits on ``wait``; makes safe on ``safe``; of all others, what begins with ``act`` acts.
    """

    def __init__(self, connections: Connections) -> None:
        super().__init__(connections)
        self.waiting: list[Deferred[str]] = []
        self.seen: list[str] = []

    def makes_safe(self, line: bytes) -> bool:
        return b"safe" in line

    def only_reads(self, line: bytes) -> bool:
        return not line.startswith(b"act")

    def answer(self, request: Request) -> str | Deferred[str]:
        self.seen.append(request.command)
        verb, _, rest = request.command.partition(" ")
        if verb == "say":
            return rest
        if verb == "long":
            return "x" * 10_000
        if request.command in {"safe", "safe now"}:
            return "done"
        if verb == "break":
            raise ZeroDivisionError("a bug")
        if verb == "fail":
            raise InvalidValveError("Z")
        result: Deferred[str] = Deferred()
        self.waiting.append(result)
        return result


class ProtocolCase(SynchronousTestCase):
    def connect(self, **options: object) -> tuple[Parrot, Transport]:
        self.clock = Clock()
        parrot = Parrot(connections(self.clock, **options))
        transport = Transport()
        parrot.makeConnection(transport)
        return parrot, transport

    def warnings(self) -> list[str]:
        """Collect what is logged from here on."""
        texts: list[str] = []

        def observe(event: dict[str, object]) -> None:
            if "log_format" in event and event["log_format"] is not None:
                texts.append(str(event["log_format"]).format(**event))

        globalLogPublisher.addObserver(observe)
        self.addCleanup(globalLogPublisher.removeObserver, observe)
        return texts


class ReplyTests(ProtocolCase):
    def test_answers_a_line_with_one_write(self) -> None:
        parrot, transport = self.connect()
        parrot.dataReceived(b"say hello\r")
        self.assertEqual(transport.writes, [b"hello\r\n"])

    def test_a_command_split_over_segments_runs_once_and_whole(self) -> None:
        parrot, transport = self.connect()
        for byte in b"say hello\r\n":
            parrot.dataReceived(bytes([byte]))
        self.assertEqual((parrot.seen, transport.value()), (["say hello"], b"hello\r\n"))

    def test_commands_of_one_segment_are_answered_in_one_write_in_order(self) -> None:
        parrot, transport = self.connect()
        parrot.dataReceived(b"say a\nsay b\nfail\n")
        self.assertEqual(
            transport.writes, [b"a\r\nb\r\nERROR 005 : Z is not a registered valve name\r\n"]
        )

    def test_plain_replies_keep_the_order_of_the_requests(self) -> None:
        parrot, transport = self.connect()
        parrot.dataReceived(b"wait\nwait\nsay c\n")
        parrot.waiting[1].callback("b")
        self.assertEqual(transport.value(), b"")
        parrot.waiting[0].callback("a")
        self.assertEqual(transport.writes, [b"a\r\nb\r\nc\r\n"])

    def test_a_reply_with_an_id_overtakes(self) -> None:
        parrot, transport = self.connect()
        parrot.dataReceived(b"wait\n@id=7 wait\n@id=8 say x\n")
        parrot.waiting[1].callback("b")
        self.assertEqual(transport.value(), b"@id=8 x\r\n@id=7 b\r\n")
        parrot.waiting[0].callback("a")
        self.assertEqual(transport.value(), b"@id=8 x\r\n@id=7 b\r\na\r\n")

    def test_an_answer_that_is_there_already_leaves_with_its_batch(self) -> None:
        parrot, transport = self.connect()
        self.patch(parrot, "answer", lambda request: _fired(request.command))
        parrot.dataReceived(b"a\nb\n")
        self.assertEqual(transport.writes, [b"a\r\nb\r\n"])

    def test_a_bug_is_answered_with_002_and_logged(self) -> None:
        parrot, transport = self.connect()
        parrot.dataReceived(b"break it\nsay on\n")
        self.assertTrue(transport.value().startswith(b"ERROR 002 : func call problem: "))
        self.assertTrue(transport.value().endswith(b"\r\non\r\n"))
        self.assertEqual(len(self.flushLoggedErrors(ZeroDivisionError)), 1)

    def test_a_late_bug_is_answered_with_002_and_logged(self) -> None:
        parrot, transport = self.connect()
        parrot.dataReceived(b"wait\n")
        parrot.waiting[0].errback(ZeroDivisionError())
        self.assertTrue(transport.value().startswith(b"ERROR 002 : func call problem: "))
        self.assertEqual(len(self.flushLoggedErrors(ZeroDivisionError)), 1)

    def test_a_late_error_is_its_line(self) -> None:
        parrot, transport = self.connect()
        parrot.dataReceived(b"@id=1 wait\n")
        parrot.waiting[0].errback(InvalidValveError("Q"))
        self.assertEqual(
            transport.value(), b"@id=1 ERROR 005 : Q is not a registered valve name\r\n"
        )

    def test_an_error_finds_its_asker_by_the_id(self) -> None:
        parrot, transport = self.connect()
        parrot.dataReceived(b"@id=9 fail\n@id=10 \n")
        self.assertEqual(
            transport.value(),
            b"@id=9 ERROR 005 : Z is not a registered valve name\r\n"
            b"@id=10 ERROR 206 : malformed request: no command\r\n",
        )

    def test_bad_bytes_get_206_and_the_connection_lives_on(self) -> None:
        for bad in (b"Open \xc3\x28", b"Open\x00A", b"say \x1b[A", b"@id say"):
            parrot, transport = self.connect()
            parrot.dataReceived(bad + b"\r\nsay on\r\n")
            replies = transport.value().split(b"\r\n")
            self.assertTrue(replies[0].startswith(b"ERROR 206 : malformed request: "), msg=bad)
            self.assertEqual(replies[1:], [b"on", b""], msg=bad)

    def test_blank_lines_get_nothing(self) -> None:
        parrot, transport = self.connect()
        parrot.dataReceived(b"\r\n \r\n\t\n\n\r")
        self.assertEqual((parrot.seen, transport.value()), ([], b""))

    def test_telnet_negotiation_is_not_a_command(self) -> None:
        parrot, transport = self.connect()
        parrot.dataReceived(b"\xff\xfb\x1f\xff\xfa\x1f\x00\x50\x00\x18\xff\xf0say hi\r\x00")
        self.assertEqual(transport.value(), b"hi\r\n")

    def test_a_line_past_the_limit_gets_205_once(self) -> None:
        parrot, transport = self.connect(line_length=64)
        for _ in range(10):
            parrot.dataReceived(b"x" * 50)
        parrot.dataReceived(b"\r\nsay on\r\n")
        self.assertEqual(
            transport.value(), b"ERROR 205 : line too long: more than 64 bytes\r\non\r\n"
        )

    def test_a_reply_that_a_plain_client_will_cut_is_logged(self) -> None:
        parrot, transport = self.connect()
        texts = self.warnings()
        parrot.dataReceived(b"say " + b"y" * 4094 + b"\n")
        self.assertEqual((len(transport.value()), texts), (4096, []))
        transport.clear()
        parrot.dataReceived(b"say " + b"y" * 4095 + b"\n")
        self.assertEqual(len(transport.value()), 4097)
        self.assertIn("a reply of 4097 bytes", " ".join(texts))

    def test_line_ends_in_a_reply_are_escaped_for_plain_clients_only(self) -> None:
        self.assertEqual(render("", "a\r\nb\nc"), b"a\\nb\\nc\r\n")
        self.assertEqual(render("5", "a\nb"), b"@id=5;len=3 \r\na\nb")


class ListenerOptionTests(ProtocolCase):
    def test_replies_are_framed_where_the_listener_says_so(self) -> None:
        parrot, transport = self.connect(frame=FrameFormat.parse("L4,-,C4"))
        parrot.dataReceived(b"say OK\r")
        self.assertEqual(transport.value(), b"000AOK75b7")

    def test_a_reply_too_long_for_its_frame_is_an_error_in_a_frame(self) -> None:
        data = render("", "z" * 300, FrameFormat(2))
        self.assertIn(b"ERROR 213 : reply too long: 300 bytes, at most 249", data)

    def test_closes_after_each_reply_where_the_listener_says_so(self) -> None:
        parrot, transport = self.connect(close_after_reply=True)
        parrot.dataReceived(b"say bye\r")
        self.assertTrue(transport.disconnecting)

    def test_an_unterminated_line_is_taken_after_silence_where_told(self) -> None:
        parrot, transport = self.connect(unterminated_after=0.05)
        parrot.dataReceived(b"say h")
        self.clock.advance(0.04)
        parrot.dataReceived(b"i")
        self.clock.advance(0.04)
        self.assertEqual(transport.value(), b"")
        self.clock.advance(0.01)
        self.assertEqual(transport.value(), b"hi\r\n")
        parrot.dataReceived(b"say there\r")
        self.assertEqual(self.clock.getDelayedCalls(), [])

    def test_an_unterminated_line_is_never_taken_otherwise(self) -> None:
        parrot, transport = self.connect()
        parrot.dataReceived(b"say hi")
        self.clock.advance(3600)
        self.assertEqual((parrot.seen, transport.value()), ([], b""))


class EndTests(ProtocolCase):
    def test_a_partial_command_is_dropped_and_logged_when_the_connection_ends(self) -> None:
        parrot, _ = self.connect(unterminated_after=0.05)
        texts = self.warnings()
        parrot.dataReceived(b"say hi\rOpen A")
        parrot.connectionLost(Failure(ConnectionError()))
        self.clock.advance(1)
        self.assertEqual(parrot.seen, ["say hi"])
        self.assertIn("dropped 6 bytes of 192.168.1.1", " ".join(texts))

    def test_a_client_that_only_stops_sending_still_gets_its_replies(self) -> None:
        parrot, transport = self.connect()
        parrot.dataReceived(b"wait\n")
        parrot.readConnectionLost()
        self.assertFalse(transport.disconnecting)
        parrot.waiting[0].callback("done")
        self.assertEqual(transport.value(), b"done\r\n")
        self.assertTrue(transport.disconnecting)

    def test_a_client_that_waits_for_nothing_is_closed_when_it_stops_sending(self) -> None:
        parrot, transport = self.connect()
        parrot.readConnectionLost()
        parrot.writeConnectionLost()
        self.assertTrue(transport.disconnecting)

    def test_an_answer_after_the_end_harms_nobody(self) -> None:
        parrot, _ = self.connect()
        parrot.dataReceived(b"wait\n")
        parrot.connectionLost()
        parrot.waiting[0].callback("late")


class BoundTests(ProtocolCase):
    def test_commands_wait_while_too_many_are_in_flight(self) -> None:
        parrot, _ = self.connect(in_flight=4)
        parrot.dataReceived(b"wait\n" * 6)
        self.assertEqual(len(parrot.waiting), 4)
        for answered, begun in ((1, 4), (2, 6)):
            parrot.waiting[answered - 1].callback("")
            self.clock.advance(0)
            self.assertEqual(len(parrot.waiting), begun)

    def test_no_command_begins_while_the_client_does_not_read(self) -> None:
        parrot, transport = self.connect()
        transport.producer.pauseProducing()
        parrot.dataReceived(b"say a\nsay b\n")
        self.clock.advance(1)
        self.assertEqual(parrot.seen, [])
        transport.producer.resumeProducing()
        self.clock.advance(0)
        self.assertEqual(transport.value(), b"a\r\nb\r\n")
        self.assertEqual(self.clock.getDelayedCalls(), [])
        parrot.stopProducing()

    def test_replies_are_made_no_faster_than_the_client_reads_them_within_a_chunk_too(self) -> None:
        parrot, transport = self.connect()
        parrot.dataReceived(b"long\n" * 13107)
        self.assertEqual(len(parrot.seen), SLICE)
        self.assertLess(len(transport.value()), 180_000)

    def test_reading_stops_while_many_lines_wait(self) -> None:
        parrot, transport = self.connect()
        transport.producer.pauseProducing()
        parrot.dataReceived(b"say a\n" * (WINDOW - 1))
        for times in (1, 2):
            self.assertEqual(transport.producerState, "producing")
            parrot.dataReceived(b"say a\n" * 2)
            self.assertEqual(transport.producerState, "paused")
            transport.producer.resumeProducing()
            self.clock.pump([0] * 20)
            self.assertEqual(transport.producerState, "producing")
            self.assertEqual(len(parrot.seen), times * (WINDOW + 1))
            transport.producer.pauseProducing()
            parrot.dataReceived(b"say a\n" * (WINDOW - 1))

    def test_what_makes_safe_goes_ahead_and_its_reply_keeps_its_place(self) -> None:
        parrot, transport = self.connect(in_flight=2)
        parrot.dataReceived(b"wait\nwait\nwait\nsafe now\nsay d\n@id=1 safe\n")
        self.assertEqual(parrot.seen, ["wait", "wait", "safe now", "safe"])
        self.assertEqual(transport.value(), b"@id=1 done\r\n")
        transport.clear()
        parrot.waiting[0].callback("a")
        parrot.waiting[1].callback("b")
        self.clock.advance(0)
        self.assertEqual(transport.value(), b"a\r\nb\r\n")
        parrot.waiting[2].callback("c")
        self.assertEqual(transport.value(), b"a\r\nb\r\nc\r\ndone\r\nd\r\n")

    def test_what_makes_safe_and_waits_itself_keeps_its_place_too(self) -> None:
        parrot, transport = self.connect(in_flight=1)
        parrot.dataReceived(b"wait\nsafe wait\n@id=2 safe wait\n")
        self.assertEqual(len(parrot.waiting), 3)
        parrot.waiting[2].callback("third")
        parrot.waiting[1].callback("second")
        self.assertEqual(transport.value(), b"@id=2 third\r\n")
        parrot.waiting[0].callback("first")
        self.clock.advance(0)
        self.assertEqual(transport.value(), b"@id=2 third\r\nfirst\r\nsecond\r\n")

    def test_what_goes_ahead_of_what_acts_is_done_again_behind_it_and_only_then_answered(
        self,
    ) -> None:
        parrot, transport = self.connect(in_flight=1)
        parrot.dataReceived(b"wait\nsay a\nact\nsafe\n@id=1 safe wait\n")
        self.assertEqual(parrot.seen, ["wait", "safe", "safe wait"])
        # It was done at once, and nobody is told so: what acts is still to come.
        parrot.waiting[1].callback("too early")
        self.assertEqual(transport.value(), b"")
        for number in (0, 2):
            parrot.waiting[number].callback("")
            self.clock.pump([0, 0])
        self.assertEqual(parrot.seen[3:], ["say a", "act", "safe", "safe wait"])
        self.assertEqual(transport.value(), b"\r\na\r\n\r\ndone\r\n")
        parrot.waiting[3].callback("true")
        self.assertTrue(transport.value().endswith(b"@id=1 true\r\n"))

    def test_the_key_is_that_of_the_one_that_is_answered(self) -> None:
        parrot, _ = self.connect(in_flight=1)
        asked = []

        def answer(request: Request) -> str | Deferred[str]:
            asked.append((request.command, dict(request.tags)))
            return Parrot.answer(parrot, request)

        self.patch(parrot, "answer", answer)
        parrot.dataReceived(b"wait\nact\n@id=1;key=k safe\n")
        for number in (0, 1):
            parrot.waiting[number].callback("")
            self.clock.pump([0, 0])
        safe = [tags for command, tags in asked if command == "safe"]
        self.assertEqual(safe, [{}, {"id": "1", "key": "k"}])

    def test_what_acted_before_the_last_wait_is_no_reason_to_do_it_again(self) -> None:
        parrot, transport = self.connect(in_flight=1)
        parrot.dataReceived(b"wait\nact\n")
        for number in (0, 1):
            parrot.waiting[number].callback("")
            self.clock.advance(0)
        parrot.dataReceived(b"wait\nwait\nsafe now\n")
        for number in (2, 3):
            parrot.waiting[number].callback("")
            self.clock.advance(0)
        self.assertEqual(parrot.seen.count("safe now"), 1)
        self.assertTrue(transport.value().endswith(b"done\r\n"))

    def test_telnet_is_given_the_mark_that_it_waits_for_after_ctrl_c(self) -> None:
        parrot, transport = self.connect()
        parrot.dataReceived(b"\xff\xf4\xff\xfd")
        parrot.dataReceived(b"\x06say a\n")
        self.assertEqual(transport.value(), b"\xff\xfb\x06a\r\n")
        parrot.dataReceived(b"\xff\xfd\x01\xff\xfb\x06say b\n")
        self.assertEqual(transport.value(), b"\xff\xfb\x06a\r\nb\r\n")

    def test_what_makes_safe_goes_ahead_of_unread_replies(self) -> None:
        parrot, transport = self.connect()
        transport.producer.pauseProducing()
        parrot.dataReceived(b"say a\nsafe\n")
        self.assertEqual(parrot.seen, ["safe"])

    def test_what_waits_when_the_client_goes_is_not_begun(self) -> None:
        parrot, _ = self.connect(in_flight=1)
        parrot.dataReceived(b"wait\nsay a\n")
        parrot.connectionLost()
        parrot.waiting[0].callback("")
        self.clock.advance(1)
        self.assertEqual(parrot.seen, ["wait"])

    def test_what_waits_when_the_client_stops_sending_is_answered_first(self) -> None:
        parrot, transport = self.connect(in_flight=1)
        parrot.dataReceived(b"wait\nsay b\n")
        parrot.readConnectionLost()
        parrot.waiting[0].callback("a")
        self.assertFalse(transport.disconnecting)
        self.clock.advance(0)
        self.assertEqual((transport.value(), transport.disconnecting), (b"a\r\nb\r\n", True))

    def test_many_lines_of_one_client_are_worked_off_in_turns(self) -> None:
        parrot, transport = self.connect()
        parrot.dataReceived(b"say a\n" * 1000)
        self.assertEqual(len(parrot.seen), AT_ONCE)
        one_turn(self.clock)
        self.assertLess(len(parrot.seen), 200)
        self.clock.pump([0] * 20)
        self.assertEqual(transport.value(), b"a\r\n" * 1000)
        self.assertEqual(self.clock.getDelayedCalls(), [])

    def test_lines_that_take_long_are_worked_off_in_smaller_turns(self) -> None:
        parrot, transport = self.connect()
        moments = count(0, 0.01)
        with patch.object(self.clock, "seconds", lambda: next(moments)):
            parrot.dataReceived(b"say a\n" * 1000)
        self.assertEqual(len(parrot.seen), SLICE)
        self.clock.pump([0.1] * 20)
        self.assertEqual(transport.value(), b"a\r\n" * 1000)

    def test_lines_too_long_wait_in_their_places(self) -> None:
        parrot, transport = self.connect(in_flight=1, line_length=64)
        parrot.dataReceived(b"wait\n" + b"x" * 65 + b"\nsay c\n")
        self.assertEqual(transport.value(), b"")
        parrot.waiting[0].callback("a")
        self.clock.advance(0)
        self.assertEqual(
            transport.value(), b"a\r\nERROR 205 : line too long: more than 64 bytes\r\nc\r\n"
        )

    def test_a_client_that_never_reads_is_dropped(self) -> None:
        _, transport = self.connect(stall=60.0)
        transport.producer.pauseProducing()
        self.clock.advance(59)
        self.assertFalse(transport.aborted)
        self.clock.advance(1)
        self.assertTrue(transport.aborted)

    def test_a_stalled_client_that_goes_leaves_no_timer(self) -> None:
        parrot, transport = self.connect()
        transport.producer.pauseProducing()
        parrot.connectionLost()
        self.assertEqual(self.clock.getDelayedCalls(), [])


class WithinTests(SynchronousTestCase):
    def test_within_is_a_number_of_seconds(self) -> None:
        self.assertIsNone(context_of({}).within)
        self.assertEqual(context_of({"within": "0.5"}).within, 0.5)
        for text in ("soon", "nan", "inf", ""):
            with self.assertRaises(MalformedRequestError):
                context_of({"within": text})


class AbstractTests(SynchronousTestCase):
    def test_a_receiver_without_answers_says_002(self) -> None:
        receiver = CommandLineReceiver(connections(Clock()))
        transport = StringTransport()
        receiver.makeConnection(transport)
        receiver.dataReceived(b"x\n")
        self.assertTrue(transport.value().startswith(b"ERROR 002"))
        self.flushLoggedErrors(NotImplementedError)


def _fired(text: str) -> Deferred[str]:
    result: Deferred[str] = Deferred()
    result.callback(text)
    return result
