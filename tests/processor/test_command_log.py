"""The log of commands: one line for each that acts."""

from __future__ import annotations

from twisted.logger import LogEvent, formatEvent, globalLogPublisher

from pychron_comms.processor.command_log import CommandLog
from pychron_comms.processor.execution.watches import TOGETHER
from pychron_comms.wire.context import RequestContext
from tests.doubles import ScriptedCall
from tests.guarded_laboratory import LaboratoryCase


class CommandLogTests(LaboratoryCase):
    def setUp(self) -> None:
        super().setUp()
        self.lines: list[str] = []
        globalLogPublisher.addObserver(self.note)
        self.addCleanup(globalLogPublisher.removeObserver, self.note)

    def note(self, event: LogEvent) -> None:
        if event["log_namespace"].endswith("CommandLog"):
            self.lines.append(formatEvent(event))

    def test_who_asked_what_and_what_came_of_it(self) -> None:
        self.start("\n[processor]\ncommands = true\n")
        self.ask("System|Open A")
        self.clock.advance(0.2)
        self.ask("System|Open E", context=RequestContext(key="k7"))
        self.ask("System|GetValveState A")
        self.clock.advance(TOGETHER)
        self.assertEqual(
            self.lines,
            [
                "10.0.0.1 - System|Open A: OK (200.0 ms)",
                "10.0.0.1 k7 System|Open E: ERROR 014 : Valve E is software locked (0.0 ms)",
            ],
        )

    def test_a_plain_one_has_the_name_that_its_server_gave_it(self) -> None:
        self.start("\n[processor]\ncommands = true\n")
        for line, context in (
            ("System|Open A", RequestContext(ask="c1.4")),
            ("System|Close A", RequestContext(trace="c1.5")),
        ):
            self.ask(line, context=context)
            self.clock.advance(0.2)
        self.clock.advance(TOGETHER)
        self.assertEqual([line.split()[1] for line in self.lines], ["c1.4", "c1.5"])

    def test_nothing_is_said_unasked(self) -> None:
        self.start()
        self.ask("System|Close A")
        self.clock.advance(TOGETHER)
        self.assertEqual(self.lines, [])

    def test_what_ended_just_before_the_end_is_in_it(self) -> None:
        self.start("\n[processor]\ncommands = true\n")
        self.ask("System|Close A")
        self.gate.close()
        self.assertEqual(len(self.lines), 1)

    def test_no_more_is_shown_of_any_of_it_than_a_line_holds(self) -> None:
        log, call = CommandLog(), ScriptedCall("Open")
        for length, shown in ((200, 200), (201, 200), (5000, 200)):
            request = {"type": "System", "command": "c" * length, "sender": "me"}
            request["key"] = "k" * length
            log.all_ended([(call, request, "r" * length, 0.0015, None)])
            self.assertEqual(
                self.lines.pop(),
                f"me {'k' * shown} System|{'c' * shown}: {'r' * shown} (1.5 ms)",
            )
