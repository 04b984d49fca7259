"""What a processor does with each message: run, refused or left, and in which order."""

from __future__ import annotations

import json
from typing import Any

from pika import BasicProperties
from twisted.internet.defer import Deferred, fail
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from pychron_comms.broker.figures import StandbyFigures
from pychron_comms.broker.intake import Intake, Road
from pychron_comms.broker.log_writer import LogWriter
from pychron_comms.broker.servers import SILENT, Servers
from pychron_comms.errors import InterlockError
from pychron_comms.observability.metrics import Metrics
from pychron_comms.observability.sender_log import LINES, SenderLog
from pychron_comms.safeguards.fence import LeasedFence
from pychron_comms.wire.context import RequestContext
from pychron_comms.wire.line_table import LineTable
from tests.broker.doubles import PikaChannel, withheld

EPOCH = "3.me"


class Gate:
    """Answers each command when the test says so; ``Close`` makes safe."""

    def __init__(self) -> None:
        self.ran: list[str] = []
        self.contexts: list[RequestContext] = []
        self.answers: list[Deferred[str]] = []
        self.taken: list[str] = []
        self.gone: list[Deferred[str]] = []
        self.ended: list[str] = []
        self.reads: LineTable[Any] = LineTable()

    def process_server_request(
        self, request_type: str, data: str, sender: str, context: RequestContext
    ) -> Deferred[str]:
        self.ran.append(f"{sender} {request_type}|{data}")
        self.contexts.append(context)
        self.answers.append(Deferred())
        return self.answers[-1]

    def makes_safe(self, request_type: str, data: str) -> bool:
        return data.startswith("Close")

    def only_reads(self, request_type: str, data: str) -> bool:
        return data.startswith("Get")

    def reply_taken(self, ask: str) -> None:
        self.taken.append(ask)

    def asker_gone(self, response: Deferred[str]) -> None:
        self.gone.append(response)

    def session_ended(self, session: str) -> None:
        self.ended.append(session)


class IntakeCase(SynchronousTestCase):
    """``send`` it a request."""

    def setUp(self) -> None:
        self.clock = Clock()
        self.clock.advance(100)
        self.gate = Gate()
        self.fence = LeasedFence(1.0, self.clock.seconds)
        self.fence.open(EPOCH, 200.0)
        self.replied, self.lane = PikaChannel(), PikaChannel()
        self.channel = self.lane.wrapped()
        self.channel.confirm()
        self.lane.answer()
        self.metrics = Metrics()
        self.servers = Servers(self.gate)  # type: ignore[arg-type]
        self.words: list[tuple[str, str]] = []
        self.intake = Intake(
            self.gate,  # type: ignore[arg-type]
            self.fence,
            Road(PikaChannel().wrapped(), PikaChannel().wrapped(), self.replied.wrapped()),
            LogWriter("line", self.clock),
            self.servers,
            figures=StandbyFigures(self.metrics, self.clock.seconds),
            log=SenderLog(self.clock, self.metrics),
            words={"Hello": lambda rest, server: self.words.append((rest, server)) or "OK"},
            seconds=self.clock.seconds,
            at=lambda: "now",
        )
        self.channel.consume("q", lambda each: self.intake.act(self.channel, each))
        self.lane.answer()

    def send(
        self,
        line: str = "@from=me;key=k System|Open A",
        *,
        epoch: str = EPOCH,
        sent: float = 100.0,
        until: float = 130.0,
        redelivered: bool = False,
        **headers: Any,
    ) -> None:
        properties = BasicProperties(
            type="pychron.request",
            message_id="m.1",
            correlation_id="1",
            reply_to="server-1",
            headers={"epoch": epoch, "sent": repr(sent), "until": repr(until), **headers},
        )
        self.lane.deliver(line.encode(), properties, tag=7, redelivered=redelivered)

    def send_safe(self, line: str, **more: Any) -> None:
        self.channel.consume("safe", lambda each: self.intake.safe(self.channel, each))
        self.lane.answer()
        self.send(line, **more)

    @property
    def replies(self) -> list[str]:
        return [each.body.decode() for each in self.replied.published]

    @property
    def redelivered(self) -> int:
        return StandbyFigures(self.metrics, self.clock.seconds).redelivered.value

    def go(self) -> None:
        """The broker has it written down."""
        self.lane.confirm(1)


class IntakeTests(IntakeCase):
    # -- what acts

    def test_however_many_foreign_messages_come_they_do_not_fill_the_log(self) -> None:
        self.channel.consume("read", self.intake.read)
        self.lane.answer()
        for number in range(100):
            self.lane.deliver(b"x", BasicProperties(type=f"kind {number}"), topic="line.read")
            word = BasicProperties(type="pychron.word", reply_to=f"s{number}")
            self.lane.deliver(b"Word%d" % number, word, topic="words")
        self.assertEqual(withheld(self.metrics), 2 * (100 - LINES))

    def test_written_acknowledged_seen_and_only_then_run(self) -> None:
        self.send()
        (taken,) = self.lane.published
        record = json.loads(taken.body)
        self.assertEqual((record["key"], record["command"]), ("k", "Open A"))
        # One channel for both, in this order: what confirms the one has seen the other.
        self.assertEqual(self.lane.log[-2:], ["ack 7", "publish line.memory"])
        self.assertEqual((self.lane.acked, self.gate.ran), ([7], []))
        self.lane.confirm(1)
        self.assertEqual(self.gate.ran, ["me System|Open A"])

    def test_how_long_the_broker_takes_to_write_it_is_measured(self) -> None:
        self.send()
        self.clock.advance(0.02)
        self.lane.confirm(1)
        text = self.metrics.text()
        self.assertIn("pychron_comms_broker_confirm_duration_seconds_count 1.0\n", text)
        self.assertIn('duration_seconds_bucket{le="0.01"} 0.0\n', text)
        self.assertIn('duration_seconds_bucket{le="0.025"} 1.0\n', text)
        self.assertEqual(self.redelivered, 0)

    def test_one_that_is_ready_sooner_waits_for_the_one_before(self) -> None:
        self.send()
        # It has no name that must be written down.
        self.send("@from=me System|Open B")
        self.lane.answer()
        self.assertEqual(self.gate.ran, [])
        self.lane.confirm(1)
        self.assertEqual(self.gate.ran, ["me System|Open A", "me System|Open B"])

    def test_one_that_is_not_written_holds_up_none_after_it(self) -> None:
        self.send()
        self.send("@from=me System|Open B")
        self.lane.reject(1)
        self.lane.answer()
        self.assertEqual(self.gate.ran, ["me System|Open B"])
        self.assertTrue(self.replies[0].startswith("ERROR 214 : "))

    def test_nor_does_one_that_a_bug_met(self) -> None:
        at = self.patch(self.intake, "_at", lambda: 1 // 0)
        self.send()
        at.restore()
        self.send("@from=me;key=l System|Open B")
        self.go()
        self.assertEqual(self.gate.ran, ["me System|Open B"])
        self.assertEqual(len(self.flushLoggedErrors(ZeroDivisionError)), 1)

    def test_its_reply_goes_to_who_asked(self) -> None:
        self.send()
        self.go()
        self.gate.answers[0].callback("OK")
        (reply,) = self.replied.published
        self.assertEqual(
            (reply.exchange, reply.topic, reply.body, reply.properties.correlation_id),
            ("pychron.reply", "server-1", b"OK", "1"),
        )

    def test_an_error_is_a_line(self) -> None:
        self.send()
        self.go()
        self.gate.answers[0].errback(InterlockError("water"))
        self.assertEqual(self.replies, ["ERROR 207 : interlock: water"])

    def test_one_that_comes_again_is_never_run(self) -> None:
        self.send(redelivered=True)
        self.assertEqual((self.lane.acked, self.gate.ran), ([7], []))
        self.assertTrue(self.replies[0].startswith("ERROR 201 : "))
        self.assertEqual(self.redelivered, 1)

    def test_one_for_another_owner_is_never_run(self) -> None:
        self.send(epoch="2.other")
        self.assertEqual((self.lane.acked, self.gate.ran), ([7], []))
        self.assertTrue(self.replies[0].startswith("ERROR 201 : "))

    def test_one_is_not_run_after_its_time(self) -> None:
        self.send(until=99.9)
        self.assertEqual((self.lane.acked, self.gate.ran), ([7], []))
        self.assertTrue(self.replies[0].startswith("ERROR 202 : "))

    def test_what_is_lost_while_it_is_taken_is_not_run(self) -> None:
        self.send()
        self.fence.shut("cut off")
        self.go()
        self.assertEqual(self.gate.ran, [])
        self.assertTrue(self.replies[0].startswith("ERROR 201 : "))

    def test_what_the_broker_does_not_take_is_not_run(self) -> None:
        for line in ("@from=me;key=k System|Open A", "@from=me System|Open B"):
            self.send(line)
        self.lane.break_off()
        self.assertEqual(self.gate.ran, [])
        self.assertEqual([each[:12] for each in self.replies], ["ERROR 214 : "] * 2)

    def test_time_on_the_way_counts(self) -> None:
        self.send("@from=me;key=k;within=5 System|Open A", sent=97.0, until=102.0)
        self.go()
        (context,) = self.gate.contexts
        self.assertEqual((context.within, context.age), (5.0, 3.0))

    def test_one_without_a_name_needs_no_record(self) -> None:
        self.send("@from=me System|GetValveState A")
        self.assertEqual(self.lane.log[-2:], ["ack 7", "basic_qos"])
        self.assertEqual((self.lane.published, self.gate.ran), ([], []))
        self.lane.answer()
        self.assertEqual(len(self.gate.ran), 1)

    def test_what_was_read_is_known_before_the_next_command(self) -> None:
        self.send(taken="a.1 a.2")
        self.go()
        self.assertEqual(self.gate.taken, ["a.1", "a.2"])

    def test_sessions_are_the_servers_own(self) -> None:
        self.send("@from=me;key=k;session=s System|Claim A 60")
        self.go()
        self.assertEqual(self.gate.contexts[0].session, "server-1/s")

    # -- what makes safe

    def test_what_makes_safe_is_acknowledged_when_it_is_done(self) -> None:
        self.send_safe("@from=me System|Close A")
        self.assertEqual((self.gate.ran, self.lane.acked), (["me System|Close A"], []))
        self.gate.answers[0].callback("OK")
        self.assertEqual((self.lane.acked, self.replies), ([7], ["OK"]))

    def test_it_is_done_again_by_the_next_owner_and_late(self) -> None:
        self.send_safe("@from=me System|Close A", epoch="2.x", redelivered=True, until=1.0)
        self.assertEqual(self.gate.ran, ["me System|Close A"])
        self.assertEqual(self.redelivered, 1)

    def test_what_only_came_that_way_is_treated_as_what_it_is(self) -> None:
        self.send_safe("@from=me;key=k System|Open A", redelivered=True)
        self.assertEqual((self.gate.ran, self.lane.acked), ([], [7]))
        self.assertEqual(self.redelivered, 1)

    # -- what is none of ours

    def test_what_cannot_be_read_is_left(self) -> None:
        for body, properties in (
            (b"hello", BasicProperties()),
            (b"System|Open A", BasicProperties(type="pychron.request")),
            (b"\xff", BasicProperties(type="pychron.request", headers={"epoch": 1})),
            (b"x" * 200_000, BasicProperties(type="pychron.request", headers={"epoch": "1.a"})),
        ):
            self.lane.deliver(body, properties, tag=9)
        self.assertEqual((self.gate.ran, self.replies, self.lane.acked), ([], [], [9] * 4))

    def test_who_can_be_told_so_is(self) -> None:
        self.send("@from=me Open A")
        self.send(sent=float("nan"))
        self.assertEqual([each[:9] for each in self.replies], ["ERROR 206"] * 2)

    # -- servers

    def test_a_server_that_is_silent_takes_along_what_was_its_own(self) -> None:
        self.send()
        self.go()
        self.servers.look(self.clock.seconds() + SILENT)
        self.assertEqual(self.gate.ended, [])
        self.servers.look(self.clock.seconds() + SILENT + 1)
        self.assertEqual(self.gate.ended, ["server-1"])
        self.assertEqual(self.gate.gone, self.gate.answers)

    def test_one_that_nobody_waits_for_is_forgotten_by_its_number(self) -> None:
        self.send()
        self.go()
        self.servers.forget("server-1", "2")
        self.servers.forget("server-2", "1")
        self.assertEqual(self.gate.gone, [])
        self.servers.forget("server-1", "1")
        self.assertEqual(self.gate.gone, self.gate.answers)

    def test_words_are_heard_and_unknown_ones_are_not(self) -> None:
        self.channel.consume("read", self.intake.read)
        self.lane.answer()
        properties = BasicProperties(type="pychron.word", reply_to="server-1", correlation_id="5")
        for words in (b"Hello you", b"Format all"):
            self.lane.deliver(words, properties)
        self.assertEqual(self.words, [("you", "server-1")])
        self.assertEqual(self.replies, ["OK"])

    def test_a_read_is_run_at_once(self) -> None:
        self.channel.consume("read", self.intake.read)
        self.lane.answer()
        self.send("@from=me System|GetValveState A")
        self.send("@from=me System|GetValveState B", until=1.0)
        self.assertEqual(self.gate.ran, ["me System|GetValveState A"])
        self.assertEqual((self.lane.acked, self.replies[0][:9]), ([], "ERROR 202"))


class KnownRead:
    """Notes who asks it, and gives or raises ``answer``."""

    command = "GetValveState A"

    def __init__(self) -> None:
        self.asked: list[tuple[str, RequestContext]] = []
        self.answer: str | Deferred[str] | Exception = "True"

    def ask(self, sender: str, context: RequestContext) -> str | Deferred[str]:
        self.asked.append((sender, context))
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer


class KnownReadTests(IntakeCase):
    """What was read before in the same words is not worked out again."""

    def setUp(self) -> None:
        super().setUp()
        self.channel.consume("read", self.intake.read)
        self.lane.answer()
        self.known = KnownRead()
        self.gate.reads.keep(b"System|GetValveState A", self.known, "me")

    def test_it_is_asked_by_who_asks_and_for_as_long_as_he_waits(self) -> None:
        self.send("@from=you System|GetValveState A", sent=99.0, until=129.0)
        self.assertEqual(self.known.asked, [("you", RequestContext(within=30.0, age=1.0))])
        self.assertEqual((self.gate.ran, self.replies), ([], ["True"]))

    def test_who_says_more_beside_it_goes_the_full_way(self) -> None:
        for tags in ("@from=me;role=observe", "@key=k", "@from=me;key=k"):
            self.send(f"{tags} System|GetValveState A")
        self.assertEqual((self.known.asked, len(self.gate.ran)), ([], 3))

    def test_tags_that_are_none_are_refused_as_ever(self) -> None:
        self.send("@from System|GetValveState A")
        self.assertEqual((self.known.asked, self.replies[0][:9]), ([], "ERROR 206"))

    def test_an_error_is_a_line(self) -> None:
        for self.known.answer in (InterlockError("water"), fail(InterlockError("water"))):
            self.send("@from=me System|GetValveState A")
        self.assertEqual(self.replies, ["ERROR 207 : interlock: water"] * 2)

    def test_one_that_takes_its_time_waits_for_its_server(self) -> None:
        self.known.answer = Deferred()
        self.send("@from=me System|GetValveState A")
        self.servers.forget("server-1", "1")
        self.assertEqual(self.gate.gone, [self.known.answer])
        self.known.answer.callback("False")
        self.assertEqual(self.replies, ["False"])

    def test_another_owner_is_not_asked_and_none_that_is_late(self) -> None:
        self.send("@from=me System|GetValveState A", epoch="2.other")
        self.send("@from=me System|GetValveState A", until=1.0)
        self.assertEqual([each[:9] for each in self.replies], ["ERROR 201", "ERROR 202"])
        self.assertEqual(self.known.asked, [])

    def test_one_that_says_not_where_its_reply_goes_is_left(self) -> None:
        properties = BasicProperties(type="pychron.request", headers={"epoch": EPOCH})
        self.lane.deliver(b"@from=me System|GetValveState A", properties)
        self.assertEqual((self.known.asked, self.replies), ([], []))
