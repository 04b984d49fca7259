"""A server's reads, which are understood once."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from pychron_comms.errors import SecurityError
from pychron_comms.handlers.factories import own_commands
from pychron_comms.observability.metrics import Metrics
from pychron_comms.observability.state.stream import StateStream
from pychron_comms.safeguards.hosts import HostRule
from pychron_comms.server.dispatcher import OPEN, READS, Passing, RequestDispatcher
from pychron_comms.server.launcher import Launcher
from pychron_comms.server.resend.command_catalogue import CommandCatalogue
from pychron_comms.server.resend.delivery import DeliveryReports
from pychron_comms.wire.context import RequestContext
from pychron_comms.wire.grammar import parse_request
from tests.doubles import Heard, ScriptedRepeater, SteadyLoop

ME = "10.0.0.1"


class Read:
    def __init__(self, request_type: str, command: str) -> None:
        self.request_type = request_type
        self.command = command
        self.way = self
        self.asked: list[tuple[str, RequestContext]] = []

    def ask(self, sender: str, context: RequestContext) -> str:
        self.asked.append((sender, context))
        return "again"

    def ask_all(
        self, reads: Sequence[Read], sender: str, context: RequestContext, replies: Any
    ) -> None:
        replies.replied(0, [each.ask(sender, context) for each in reads])


class KnowingRepeater(ScriptedRepeater):
    def known_read(self, request_type: str, data: str) -> Any:
        return Read(request_type, data)


class KnownReadTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.repeater = KnowingRepeater()
        self.clock = Clock()
        self.metrics = Metrics()
        self.catalogue = CommandCatalogue(self.repeater, self.clock, own_commands())
        self.reports = DeliveryReports(
            self.repeater, self.clock, SteadyLoop(), self.metrics, process="server", keeps=True
        )

    def listener(self, request_type: str = "System", **options: Any) -> RequestDispatcher:
        return RequestDispatcher(
            request_type,
            self.repeater,
            self.catalogue,
            self.reports,
            launcher=Launcher([], None),  # type: ignore[arg-type]
            stream=StateStream("s1", lambda: 0.0),
            metrics=self.metrics,
            **options,
        )

    def learn(self, request_type: str = "System", effect: str = "read") -> None:
        """The processor describes a type, whose one command has this effect."""
        command = {"name": "GetIt", "aliases": [], "effect": effect, "safe": "never"}
        self.catalogue._learned(request_type, json.dumps({"commands": [command]}))

    def ask(self, listener: RequestDispatcher, line: str = "GetIt") -> None:
        for _ in range(2):
            listener.answer(parse_request(line), ME, Passing(self.reports))

    def test_one_that_was_asked_is_known_by_its_words(self) -> None:
        self.learn()
        listener = self.listener()
        self.ask(listener, "@id=1 GetIt 1")
        self.ask(listener, "System|GetIt 1")
        for words in (b"GetIt 1", b"System|GetIt 1"):
            read: Any = listener.known_reads.get(words)
            self.assertEqual((read.request_type, read.command), ("System", "GetIt 1"))
        self.assertIsNone(listener.known_reads.get(b"GetIt 2"))

    def test_the_first_sight_takes_the_same_way(self) -> None:
        self.learn()
        answer = self.listener().answer(parse_request("GetIt"), ME, Passing(self.reports))
        self.assertEqual(answer, "again")

    def test_but_not_with_a_key_which_is_known_elsewhere(self) -> None:
        self.learn()
        self.listener().answer(parse_request("@key=a GetIt"), ME, Passing(self.reports))
        self.assertEqual(self.repeater.requests[-1][1], "GetIt")

    def test_who_asks_and_on_which_terms_goes_with_it_the_first_time_too(self) -> None:
        self.learn()
        line = "@key=a;within=2.5;role=observe GetIt"
        self.listener().answer(parse_request(line), "10.0.0.7", Passing(self.reports))
        self.assertEqual(self.repeater.requests[-1], ("System", "GetIt", "10.0.0.7", 2.5))
        self.assertEqual(self.repeater.context[-1], RequestContext(2.5, role="observe"))

    def test_one_sender_has_no_more_than_his_share_of_what_is_known(self) -> None:
        self.learn()
        listener = self.listener()
        self.ask(listener, "GetIt first")
        for number in range(READS):
            for _ in range(2):
                request = parse_request(f"GetIt {number}")
                listener.answer(request, "10.0.0.2", Passing(self.reports))
        self.assertIsNotNone(listener.known_reads.get(b"GetIt first"))
        self.assertEqual(len(listener.known_reads), READS // 2 + 1)

    def test_what_was_asked_with_its_type_is_no_second_sight_of_what_was_without(self) -> None:
        self.learn()
        listener = self.listener()
        for line in ("System|GetIt", "GetIt"):
            listener.answer(parse_request(line), ME, Passing(self.reports))
        self.assertEqual(len(listener.known_reads), 0)

    def test_another_command_of_the_type_is_no_second_sight_either(self) -> None:
        self.learn()
        for listener, named in ((self.listener(), ""), (self.listener(OPEN), "System|")):
            for line in (f"{named}GetIt 1", f"{named}GetIt 2"):
                listener.answer(parse_request(line), ME, Passing(self.reports))
            self.assertEqual(len(listener.known_reads), 0)
            self.ask(listener, f"{named}GetIt 2")
            self.assertEqual(len(listener.known_reads), 1)

    def test_what_is_asked_once_is_not_worth_it(self) -> None:
        self.learn()
        listener = self.listener()
        listener.answer(parse_request("GetIt"), ME, Passing(self.reports))
        self.assertIsNone(listener.known_reads.get(b"GetIt"))

    def test_one_that_acts_never_is(self) -> None:
        self.learn(effect="actuate")
        listener = self.listener()
        self.ask(listener)
        self.assertIsNone(listener.known_reads.get(b"GetIt"))

    def test_none_is_before_its_type_has_been_described(self) -> None:
        listener = self.listener()
        self.ask(listener, "GetValveState A")
        self.assertIsNone(listener.known_reads.get(b"GetValveState A"))

    def test_each_listener_has_meanings_of_its_own(self) -> None:
        for request_type in ("System", "CO2"):
            self.learn(request_type)
        listeners = [self.listener("System"), self.listener("CO2"), self.listener(OPEN)]
        for each in listeners[:2]:
            self.ask(each)
        reads: list[Any] = [each.known_reads.get(b"GetIt") for each in listeners]
        self.assertEqual([read and read.request_type for read in reads], ["System", "CO2", None])

    def test_who_may_not_ask_is_refused_each_time(self) -> None:
        self.learn()
        listener = self.listener(hosts=HostRule(["10.0.0.1"]))
        self.ask(listener)
        read: Any = listener.known_reads.get(b"GetIt")
        self.assertEqual(listener.ask_again(read, ME, {}), "again")
        with self.assertRaises(SecurityError):
            listener.ask_again(read, "10.0.0.9", {})
        self.assertEqual([sender for sender, _ in read.asked], [ME, ME])
        heard = Heard()
        listener.ask_all([read, read], ME, {}, heard)
        self.assertEqual(heard.told, [(0, "again"), (1, "again")])
        with self.assertRaises(SecurityError):
            listener.ask_all([read, read], "10.0.0.9", {}, heard)
        self.assertEqual([sender for sender, _ in read.asked], [ME] * 4)

    def test_the_role_and_what_the_tags_say_go_with_it_each_time(self) -> None:
        self.learn()
        listener = self.listener(role="observe")
        self.ask(listener)
        read: Any = listener.known_reads.get(b"GetIt")
        listener.ask_again(read, ME, {"within": "2"})
        _, context = read.asked[-1]
        self.assertEqual((context.role, context.within), ("observe", 2.0))
        listener.ask_all([read, read], ME, {"within": "2"}, Heard())
        self.assertEqual(read.asked[-1][1], context)

    def test_another_processor_may_have_other_commands(self) -> None:
        self.learn()
        self.catalogue.learn_anew()
        listener = self.listener()
        self.ask(listener)
        self.assertIsNone(listener.known_reads.get(b"GetIt"))
        self.assertEqual(self.repeater.requests[0][1], "Describe")
