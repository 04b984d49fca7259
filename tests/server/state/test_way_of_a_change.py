"""From the hardware to a page, both processes in one model time: how long each thing may take."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from twisted.internet.defer import Deferred
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from pychron_comms.interfaces import Move
from pychron_comms.lab.simulated.extraction_line.line import SimulatedExtractionLine, ValveSpec
from pychron_comms.lab.simulated.extraction_line.vacuum import Vacuum
from pychron_comms.observability.http.event_stream import BEAT
from pychron_comms.observability.state.audience import Audience
from pychron_comms.observability.state.messages import Message
from pychron_comms.observability.state.stream import StateStream
from pychron_comms.observability.state.subscription import Subscription
from pychron_comms.processor.execution.watches import Watches
from pychron_comms.processor.state.publisher import PERIOD, StatePublisher
from pychron_comms.processor.state.read_state import ReadState
from pychron_comms.server.state.mirror import StateMirror
from pychron_comms.transport.event_lines import BEAT as HOP_BEAT
from tests.doubles import ScriptedCall
from tests.observability.state.listening import form

VALVE = "System/valve/A"

#: Seconds that the model's time goes on at once, and behind a look at which things happen.
STEP = 0.005
PLACES = [eighth * PERIOD / 8 for eighth in range(8)]


class WayTests(SynchronousTestCase):
    def begin(self) -> None:
        self.clock = Clock()
        self.hangs = self.is_frozen = False
        line = [ValveSpec(name="A", travel=0.15)]
        self.line = SimulatedExtractionLine(self.clock, line, Vacuum(self.clock, (), {}))
        theirs = StateStream("p1", self.clock.seconds)
        self.publisher = StatePublisher(theirs, self.look, clock=self.clock, now=self.clock.seconds)
        self.publisher.watch({"System": self.line})
        self.watches = Watches([self.publisher], self.clock)
        ours = StateStream("s1", self.clock.seconds)
        self.mirror = StateMirror("unix:p.sock", ours, self.clock, self.clock.seconds)
        # As a page shows it.
        self.shown: dict[str, Any] = {}
        self.read(Audience(theirs, form, self.clock, beat=HOP_BEAT, apart=0.0), self.hop)
        self.read(Audience(ours, form, self.clock, beat=BEAT), self.page)
        self.publisher.start()

    def read(self, audience: Audience, taken: Callable[[Message], None]) -> None:
        def write(data: bytes) -> None:
            for line in data.splitlines():
                taken(Message(*json.loads(line)))

        Subscription(audience, ["*"], write, self.fail).begin()

    def look(self, look: ReadState) -> object:
        result: Any = look.run()
        return Deferred() if self.hangs else look.reply(result)

    def hop(self, message: Message) -> None:
        if not self.is_frozen:
            self.mirror.heard(message.topic, message.text)

    def page(self, message: Message) -> None:
        fields = json.loads(message.text)
        told = {"snapshot": fields.get("items", []), "change": [fields]}.get(message.topic, [])
        self.shown |= {each["path"]: each for each in told}

    def wait(self, seconds: float) -> None:
        self.clock.pump([STEP] * round(seconds / STEP))

    def seconds_until(self, what: str, wanted: object) -> float:
        since = self.clock.seconds()
        while self.shown.get(VALVE, {}).get(what) != wanted:
            self.clock.advance(STEP)
            self.assertLess(self.clock.seconds() - since, 10.0, f"{what} is never {wanted}")
        return self.clock.seconds() - since

    def test_a_valve_is_seen_within_a_second_of_its_command(self) -> None:
        for place in PLACES:
            self.begin()
            self.wait(2 * PERIOD + place)
            self.assertIs(self.shown[VALVE]["v"], False)
            call = ScriptedCall("Open")
            call.moves = (Move(self.line, "A", True),)
            self.publisher.goes_on(call)
            opening = self.line.open_valve("A", "me")
            assert opening is not None
            opening.addCallback(
                lambda _, call=call: self.watches.ended((call, {}, "OK", 0.15, 0.15))
            )
            self.assertLess(self.seconds_until("moving", True), 0.1)
            self.assertLess(self.seconds_until("v", True), 0.5)
            self.assertLess(self.seconds_until("moving", False), 0.1)

    def test_hardware_that_hangs_is_stale_within_two_seconds(self) -> None:
        for place in PLACES:
            self.begin()
            self.wait(2 * PERIOD + place)
            self.hangs = True
            self.assertLess(self.seconds_until("reason", "stale"), 2.0)

    def test_a_processor_that_is_frozen_is_seen_within_two_seconds(self) -> None:
        for place in PLACES:
            self.begin()
            self.wait(2 * PERIOD + place)
            self.is_frozen = True
            self.assertLess(self.seconds_until("sev", "invalid"), 2.0)

    def test_one_whose_connection_ends_is_seen_in_a_moment(self) -> None:
        """As it does when the processor is killed."""
        self.begin()
        self.wait(PERIOD)
        self.mirror.lost("Connection was closed")
        self.assertLess(self.seconds_until("sev", "invalid"), 0.1)
