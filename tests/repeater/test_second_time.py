"""What a repeater must do a second time as well, and for two at once."""

from __future__ import annotations

import gc
from collections.abc import Sequence
from typing import Any

from twisted.internet.defer import Deferred
from twisted.internet.error import ConnectionLost
from twisted.python.failure import Failure
from twisted.trial.unittest import SynchronousTestCase

from pychron_comms.errors import OutcomeUnknownError, PychronCommunicationError
from pychron_comms.observability.state.stream import Event
from pychron_comms.repeater import endpoint
from pychron_comms.repeater.endpoint import why_lost
from pychron_comms.repeater.local import LocalRepeater
from pychron_comms.wire.context import PLAIN, RequestContext
from tests.doubles import Heard, ScriptedGate
from tests.repeater.test_endpoint import EndpointCase, RoutingCase

#: What a processor tells of one command.
EVENT = b'@event=event;seq=1 {"seq":%d,"prev":%d,"path":"command","t":1.5,"reply":"OK"}\r\n'


class Watcher:
    """What was heard of the state, and why no more comes."""

    def __init__(self) -> None:
        self.said: list[tuple[str, ...]] = []

    def heard(self, topic: str, text: str) -> None:
        self.said.append((topic, text))

    def happened(self, events: Sequence[Event]) -> None:
        self.said += events

    def lost(self, reason: str) -> None:
        self.said.append((reason,))


class StateTests(EndpointCase):
    """Who watches the state hears it over each connection, the second as the first."""

    def test_each_connection_is_asked_for_it_once(self) -> None:
        self.repeater.watch_state(Watcher())
        self.start()
        self.assertEqual(self.processor.read(), ["@id=1 Subscribe *"])
        self.processor.drop()
        self.clock.advance(3)
        self.assertEqual(self.processor.read(), ["@id=1 Subscribe *"])

    def test_who_watches_later_asks_over_the_connection_that_is_there(self) -> None:
        self.start()
        self.repeater.watch_state(Watcher())
        self.assertEqual(self.processor.read(), ["@id=1 Subscribe *"])

    def test_what_is_told_and_each_end_is_heard(self) -> None:
        watcher = Watcher()
        self.repeater.watch_state(watcher)
        self.start()
        for _ in range(2):
            self.processor.say(b"@event=state A True\r\n")
            self.processor.drop()
            self.clock.advance(3)
        end = ("its end was closed: it was stopped, or killed",)
        self.assertEqual(watcher.said, [("state", "A True"), end] * 2)

    def test_what_comes_with_a_reply_is_told_behind_it(self) -> None:
        watcher = Watcher()
        self.repeater.watch_state(watcher)
        self.start()
        self.processor.read()
        reply = self.ask("Open A")
        reply.addCallback(lambda text: watcher.said.append((text,)))
        self.processor.say(EVENT % (1, 0) + b"@id=2 OK\r\n" + EVENT % (2, 1))
        event = ("command", '"reply":"OK"')
        self.assertEqual(watcher.said, [("OK",), event, event])

    def test_what_comes_with_other_news_keeps_its_place(self) -> None:
        watcher = Watcher()
        self.repeater.watch_state(watcher)
        self.start()
        self.processor.say(EVENT % (1, 0) + b"@event=change A\r\n" + EVENT % (3, 2))
        self.assertEqual([topic for topic, _ in watcher.said], ["event", "change", "event"])

    def test_without_anybody_who_watches_it_is_dropped(self) -> None:
        self.start()
        self.processor.say(b"@event=state A True\r\n")
        self.processor.say(EVENT % (1, 0))
        self.assertFalse(self.processor.transport.aborted)


class LateTests(EndpointCase):
    def test_a_late_reply_to_the_last_command_of_all_is_dropped_too(self) -> None:
        self.start()
        reply = self.ask("Open A")
        self.clock.pump([1.0] * 31)
        self.failureResultOf(reply, OutcomeUnknownError)
        self.processor.say(b"@id=1 late\r\n")
        self.assertFalse(self.processor.transport.aborted)
        self.processor.say(b"@id=0 never\r\n")
        self.assertTrue(self.processor.transport.aborted)

    def test_who_waits_is_told_of_which_command_nothing_is_known(self) -> None:
        self.start()
        replies = [self.ask("Open A"), self.ask("Open B")]
        self.processor.drop()
        for reply, command in zip(replies, ("Open A", "Open B"), strict=True):
            error = self.failureResultOf(reply, OutcomeUnknownError).value
            self.assertIn(f"the processor was lost during {command}", str(error))

    def test_why_there_is_no_connection_is_told_each_time(self) -> None:
        self.assertEqual(self.why(), "not connected yet")
        self.start()
        self.processor.drop()
        self.assertEqual(self.why(), "its end was closed: it was stopped, or killed")
        self.processor.up = False
        self.clock.advance(3)
        self.assertEqual(self.why(), "Connection was refused by other side.")

    def test_one_that_breaks_is_told_in_the_systems_words(self) -> None:
        said = why_lost(Failure(ConnectionLost("no route to host")))
        self.assertIn("no route to host", said)

    def why(self) -> str:
        error = self.failureResultOf(self.ask("Open A"), PychronCommunicationError).value
        return str(error).partition("socket.error = ")[2]

    def test_an_echo_that_is_none_is_told(self) -> None:
        self.start()
        test = self.repeater.test_connection()
        self.processor.say(b"@id=1 who are you\r\n")
        error = self.failureResultOf(test, PychronCommunicationError).value
        self.assertIn("its echo was who are you", str(error))
        self.assertIn(self.repeater._name, str(error))

    def test_pauses_between_attempts_grow_by_half(self) -> None:
        pauses = self.pauses(Jitter(0.0), seconds=6, count=10)
        for found, wanted in zip(pauses, (3, 4, 7, 10, 15, 23, 34, 51, 77, 115), strict=True):
            self.assertIn(found - wanted, (-1, 0, 1))

    def test_and_no_longer_than_two_seconds(self) -> None:
        for share, longest in ((0.0, 200), (1.0, 220)):
            pauses = self.pauses(Jitter(share), seconds=20, count=12)
            self.assertIn(pauses[-1] - longest, (-1, 0, 1))
            self.assertLessEqual(max(pauses), longest + 1)

    def test_no_two_servers_need_try_together(self) -> None:
        # Up to a tenth later.
        soonest, latest = (self.pauses(Jitter(share), 12, 12)[6:] for share in (0.0, 1.0))
        for soon, late in zip(soonest, latest, strict=True):
            self.assertApproximates(late, 1.1 * soon, 2)

    def pauses(self, jitter: Jitter, seconds: int, count: int) -> list[int]:
        """Of the first attempts, in hundredths of a second."""
        self.patch(endpoint, "random", jitter)
        self.setUp()
        self.processor.up = False
        self.start()
        made = []
        for _ in range(100 * seconds):
            self.clock.advance(0.01)
            made.append(self.processor.attempts)
        pauses = [made.count(number) for number in sorted(set(made))]
        return pauses[:count]


class Jitter:
    def __init__(self, share: float) -> None:
        self._share = share

    def uniform(self, low: float, high: float) -> float:
        return low + self._share * (high - low)


class LocalReadTests(SynchronousTestCase):
    """A read for a gate in this process."""

    def test_a_gate_that_does_not_know_it_is_asked_in_full(self) -> None:
        gate = ScriptedGate(Read="21.5")
        read = LocalRepeater(gate).known_read("System", "Read a")
        context = RequestContext(0.5, role="observe")
        self.assertEqual(read.ask("10.0.0.1", context), "21.5")
        self.assertEqual(gate.requests, [("System", "Read a", "10.0.0.1", 0.5)])
        self.assertEqual((gate.context, read.command), ([context], "Read a"))

    def test_one_that_knows_it_by_now_is_asked_that(self) -> None:
        gate, asked = ScriptedGate(), []

        class Known:
            command = "Read a"

            def ask(self, sender: str, context: RequestContext) -> Any:
                asked.append((sender, context))
                return "7"

        read = LocalRepeater(gate).known_read("System", "Read a")
        gate.reads.keep(b"System|Read a", Known(), "10.0.0.1")
        self.assertEqual(read.ask("10.0.0.1", PLAIN), "7")
        self.assertEqual((asked, gate.requests), ([("10.0.0.1", PLAIN)], []))

    def test_those_that_come_together_are_asked_one_by_one(self) -> None:
        gate, heard = ScriptedGate(Read="21.5"), Heard()
        local = LocalRepeater(gate)
        reads: list[Any] = [local.known_read("System", each) for each in ("Read a", "Read b")]
        local.ask_all(reads, "10.0.0.1", PLAIN, heard)
        self.assertEqual([each[1] for each in gate.requests], ["Read a", "Read b"])
        self.assertEqual(heard.told, [(0, "21.5"), (1, "21.5")])


class TwoFailuresTests(RoutingCase):
    def test_a_second_failure_of_a_test_is_nobodys_bug(self) -> None:
        test: Deferred[None] = self.routing.test_connection()
        for name, repeater in (("first", self.laser), ("second", self.default)):
            repeater.tests.pop().errback(PychronCommunicationError(name, "gone"))
        said = str(self.failureResultOf(test, PychronCommunicationError).value)
        gc.collect()
        self.assertIn("first", said)
        self.assertEqual(self.flushLoggedErrors(), [])

    def test_a_known_read_is_its_own_processors(self) -> None:
        asked: list[tuple[str, str, str]] = []
        for name, repeater in (("default", self.default), ("laser", self.laser)):
            known = lambda kind, data, name=name: asked.append((name, kind, data))  # noqa: E731
            self.patch(repeater, "known_read", known)
        self.routing.known_read("CO2", "ReadLaserPower")
        self.routing.known_read("System", "Read a")
        self.assertEqual(
            asked, [("laser", "CO2", "ReadLaserPower"), ("default", "System", "Read a")]
        )
