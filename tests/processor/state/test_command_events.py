"""What watchers are told of commands, and when."""

from __future__ import annotations

import json
from typing import Any

from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from pychron_comms.observability.state.stream import Event, StateStream
from pychron_comms.processor.execution.watches import AT_ONCE, TOGETHER, Watches
from pychron_comms.processor.state.command_events import CommandEvents
from tests.doubles import ScriptedCall
from tests.observability.state.test_stream import Recorder


class CommandEventTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.clock = Clock()
        stream = StateStream("s1", self.clock.seconds)
        self.recorder = Recorder()
        stream.subscribe(self.recorder)
        self.watches = Watches([CommandEvents(stream)], self.clock)

    def ended(self, command: str, reply: str = "OK", seconds: float = 0.25) -> None:
        request = {"type": "System", "command": command, "sender": "10.0.0.7"}
        call: Any = ScriptedCall("Open")
        self.watches.goes_on(call)
        self.watches.ended((call, request, reply, seconds, seconds))

    def fields(self) -> list[Any]:
        events = [change.what for change in self.recorder.changes]
        assert all(isinstance(each, Event) and each.path == "command" for each in events)
        members = [event.members for event in events if isinstance(event, Event)]
        return [json.loads(f"{{{each}}}") for each in members]

    def test_it_is_told_with_who_and_how_long(self) -> None:
        self.ended("Open A")
        self.clock.advance(TOGETHER)
        self.assertEqual(
            self.fields(),
            [
                {
                    "who": "10.0.0.7",
                    "type": "System",
                    "command": "Open A",
                    "reply": "OK",
                    "seconds": 0.25,
                }
            ],
        )

    def test_what_ends_in_a_moment_is_told_together_each_in_its_order(self) -> None:
        for command in ("Open A", "Open B", "Open A"):
            self.ended(command)
            self.clock.advance(TOGETHER / 4)
        self.assertEqual(self.fields(), [])
        self.clock.advance(TOGETHER / 4)
        told = [each["command"] for each in self.fields()]
        self.assertEqual(told, ["Open A", "Open B", "Open A"])
        self.ended("Open C")
        self.clock.advance(TOGETHER)
        self.assertEqual(self.fields()[-1]["command"], "Open C")
        self.assertEqual(self.clock.getDelayedCalls(), [])

    def test_of_many_no_more_are_told_at_once(self) -> None:
        for number in range(AT_ONCE):
            self.assertEqual(self.fields(), [])
            self.ended(f"Open V{number}")
        # In another turn: first they have their replies.
        self.assertEqual(self.fields(), [])
        self.clock.advance(0)
        told = [each["command"] for each in self.fields()]
        self.assertEqual(told, [f"Open V{number}" for number in range(AT_ONCE)])
        self.ended("Open A")
        self.clock.advance(TOGETHER / 2)
        self.assertEqual(len(self.fields()), AT_ONCE)
        self.clock.advance(TOGETHER / 2)
        self.assertEqual(len(self.fields()), AT_ONCE + 1)

    def test_how_long_is_told_to_the_microsecond(self) -> None:
        self.ended("Open A", seconds=0.12345678)
        self.ended("Open B", seconds=0.0)
        self.clock.advance(TOGETHER)
        self.assertEqual([each["seconds"] for each in self.fields()], [0.123457, 0.0])

    def test_what_anybody_writes_is_text_and_nothing_else(self) -> None:
        for text in ('"} {"', "\u00e9\n\x00", "\\"):
            self.ended(text, text)
        self.clock.advance(TOGETHER)
        told = [(each["command"], each["reply"]) for each in self.fields()]
        self.assertEqual(told, [(text, text) for text in ('"} {"', "\u00e9\n\x00", "\\")])

    def test_long_texts_are_cut(self) -> None:
        self.ended("Open " + "A" * 1000, "E" * 1000)
        self.clock.advance(TOGETHER)
        (fields,) = self.fields()
        self.assertEqual((len(fields["command"]), len(fields["reply"])), (200, 200))
        self.assertEqual(fields["reply"], "E" * 200)
