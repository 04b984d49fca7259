"""What a text of a command that acts means is worked out once, and is the same ever after."""

from __future__ import annotations

from typing import Any

from twisted.internet.testing import MemoryReactorClock
from twisted.trial.unittest import SynchronousTestCase

from pychron_comms.errors import CommandError, InvalidArgumentsError
from pychron_comms.handlers.base import BaseHandler
from pychron_comms.interfaces import Effect
from pychron_comms.observability.metrics import Metrics
from pychron_comms.processor.assembly import gate_from_config
from pychron_comms.processor.settings import laboratory_from
from tests.processor.test_known_reads import ME, OTHER, commands


class Reads:
    """Notes what is kept."""

    def __init__(self, seen_before: Any, kept: list[bytes]) -> None:
        self.seen_before = seen_before
        self.kept = kept

    def keep(self, words: bytes, read: object, sender: str) -> None:
        self.kept.append(words)


class MeaningTests(SynchronousTestCase):
    def setUp(self) -> None:
        clock = MemoryReactorClock()
        self.gate: Any = gate_from_config(*laboratory_from(None), clock, Metrics())
        self.handlers: Any = self.gate._handlers

    def told(self, handler: BaseHandler, command: str, sender: str) -> Any:
        try:
            call: Any = handler.prepare(command, sender)
        except CommandError as error:
            return type(error), str(error)
        values = getattr(call, "values", None)
        return call.name, values, call.safe, call.manager, call.moves, call.target

    def test_of_every_command_the_second_time_says_what_the_first_did(self) -> None:
        known = 0
        for request_type, command in commands(self.handlers):
            handler = self.handlers[request_type]
            first = self.told(handler, command, ME)
            known += handler._meanings.get(command.encode()) is not None
            self.assertEqual(self.told(handler, command, OTHER), first, f"{request_type}|{command}")
        self.assertGreater(known, 100)

    def test_a_read_is_remembered_when_the_same_words_come_again(self) -> None:
        kept: list[bytes] = []
        self.patch(self.gate, "reads", Reads(seen_before=self.gate.reads.seen_before, kept=kept))
        for command in ("GetValveState A", "GetValveState B"):
            self.gate.process_server_request("System", command, ME)
        self.assertEqual(kept, [])
        self.gate.process_server_request("System", "GetValveState A", ME)
        self.assertEqual(kept, [b"System|GetValveState A"])

    def test_each_call_says_who_asked_it(self) -> None:
        senders = [self.handlers["System"].prepare("Open A", each).sender for each in (ME, OTHER)]
        self.assertEqual(senders, [ME, OTHER])

    def test_what_its_manager_would_refuse_is_asked_each_time(self) -> None:
        line = self.handlers["System"]
        line.prepare("Open A", ME)
        line.manager.has_valve = lambda name: False
        self.assertRaises(InvalidArgumentsError, line.prepare, "Open A", ME)

    def test_a_read_takes_no_room(self) -> None:
        line = self.handlers["System"]
        self.assertIs(line.prepare("GetValveState A", ME).effect, Effect.READ)
        self.assertEqual(len(line._meanings), 0)

    def test_a_flood_of_one_sender_leaves_another_what_is_known_of_his(self) -> None:
        line = self.handlers["System"]
        line.prepare("Open A", ME)
        for number in range(5000):
            self.told(line, f"StartRun {number}", OTHER)
            self.told(line, f"Open X{number}", OTHER)
        self.assertIsNotNone(line._meanings.get(b"Open A"))
        self.assertLess(len(line._meanings), 1000)
