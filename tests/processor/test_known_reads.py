"""A read that is known gives what the full way gives, for every command of every type."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from hypothesis import example, given
from hypothesis import strategies as st
from twisted.internet.defer import Deferred
from twisted.internet.testing import MemoryReactorClock
from twisted.trial.unittest import SynchronousTestCase

from pychron_comms.errors import (
    CommandError,
    DeviceConnectionError,
    ExpiredError,
    MalformedRequestError,
    SecurityError,
    ShuttingDownError,
)
from pychron_comms.handlers.base import BaseHandler
from pychron_comms.interfaces import Effect, IRepeatableCall
from pychron_comms.observability.metrics import Metrics
from pychron_comms.processor.assembly import gate_from_config
from pychron_comms.processor.settings import laboratory_from
from pychron_comms.safeguards.access import AccessRules
from pychron_comms.wire.context import PLAIN
from pychron_comms.wire.grammar import Request, decode, parse_line, parse_request, split_words
from tests.doubles import Heard
from tests.handlers.test_all_moves import SAMPLES
from tests.properties import holds


class Nobody:
    """A rule by which nobody may do anything."""

    def admit(self, sender: str) -> None:
        raise SecurityError(sender)

    def check(self, call: object) -> None:
        raise SecurityError("anybody")


ME, OTHER = "10.0.0.1", "10.0.0.2"

#: What follows the word of a command, where it has no sample: right for some, wrong for others.
ARGUMENTS = ("", "A", "FooFlag", "bakeout_setpoint", "H1", "bone", "1", "1 2", "mask", "Nothing")


def commands(handlers: Any) -> Iterator[tuple[str, str]]:
    """Every word of every type, with several arguments."""
    for request_type, handler in handlers.items():
        if isinstance(handler, BaseHandler):
            for word in handler._commands:
                sample = SAMPLES.get(f"{request_type} {word}", SAMPLES.get(word, ""))
                for arguments in (*ARGUMENTS, sample.rpartition("|")[2]):
                    yield request_type, f"{word} {arguments}".strip()


class KnownReadTests(SynchronousTestCase):
    def setUp(self) -> None:
        clock = MemoryReactorClock()
        self.gate = gate_from_config(*laboratory_from(None), clock, Metrics())

    def ask(self, request_type: str, command: str) -> None:
        """Twice: what is asked once is not worth an entry."""
        for _ in range(2):
            try:
                response = self.gate.process_server_request(request_type, command, ME)
            except CommandError:
                continue
            if not isinstance(response, str):
                response.addErrback(lambda failure: failure.trap(CommandError))

    def test_the_same_words_to_another_type_are_no_second_sight(self) -> None:
        for request_type in ("System", "Extractionline"):
            self.gate.process_server_request(request_type, "GetValveState A", ME)
        self.assertEqual(len(self.gate.reads), 0)

    def test_of_every_command_what_is_known_is_what_is_prepared(self) -> None:
        known = 0
        for request_type, command in commands(self.gate._handlers):
            self.ask(request_type, command)
            read: Any = self.gate.reads.get(f"{request_type}|{command}".encode())
            handler = self.gate._handlers[request_type]
            try:
                full = handler.prepare(command, OTHER)
            except CommandError:
                self.assertIsNone(read, command)
                continue
            reads = full.effect is Effect.READ and IRepeatableCall.providedBy(full)
            self.assertEqual(read is not None, reads, command)
            if reads:
                known += 1
                again = read.call.again(OTHER, PLAIN)
                self.assertIs(read.handler, handler)
                for name in (
                    "question",
                    "name",
                    "sender",
                    "safe",
                    "deadline",
                    "target",
                    "moves",
                    "context",
                ):
                    self.assertEqual(getattr(again, name), getattr(full, name), command)
        self.assertGreater(known, 100)

    def test_what_is_asked_together_is_what_each_gives_alone(self) -> None:
        for request_type, command in commands(self.gate._handlers):
            self.ask(request_type, command)
        reads: list[Any] = list(self.gate.reads._meanings.values())
        alone = [outcome_of(read) for read in reads]
        heard = Heard()
        self.gate.ask_all(reads, OTHER, PLAIN, heard)
        self.assertEqual([at for at, _ in heard.told], list(range(len(reads))))
        for read, one, (_, other) in zip(reads, alone, heard.told, strict=True):
            if isinstance(one, str) and one == outcome_of(read):
                # It is always the same.
                self.assertEqual(one, other, read.command)
            self.assertIs(type(one), type(other), read.command)

    def test_who_may_not_ask_is_told_nothing_of_any(self) -> None:
        self.ask("System", "GetValveState A")
        read: Any = self.gate.reads.get(b"System|GetValveState A")
        self.gate.access = AccessRules([Nobody()])
        heard = Heard()
        with self.assertRaises(SecurityError):
            self.gate.ask_all([read, read], OTHER, PLAIN, heard)
        self.assertEqual(heard.told, [])

    def test_every_rule_is_asked_each_time(self) -> None:
        self.ask("System", "GetValveState A")
        read: Any = self.gate.reads.get(b"System|GetValveState A")
        self.assertEqual(read.ask(OTHER, PLAIN), "False")
        for rules in (AccessRules([Nobody()]), AccessRules([], [Nobody()])):
            self.gate.access = rules
            with self.assertRaises(SecurityError):
                read.ask(OTHER, PLAIN)

    def test_so_is_its_time(self) -> None:
        self.ask("System", "GetValveState A")
        read: Any = self.gate.reads.get(b"System|GetValveState A")
        with self.assertRaises(ExpiredError):
            read.ask(OTHER, PLAIN._replace(age=6.0))

    def test_so_is_the_stop(self) -> None:
        self.ask("System", "GetValveState A")
        read: Any = self.gate.reads.get(b"System|GetValveState A")
        self.gate._stopping = True
        with self.assertRaises(ShuttingDownError):
            read.ask(OTHER, PLAIN)

    def test_a_device_that_has_gone_is_not_found_any_more(self) -> None:
        self.ask("Hardware", "Read bakeout_setpoint")
        read: Any = self.gate.reads.get(b"Hardware|Read bakeout_setpoint")
        self.gate._hardware._devices.clear()  # type: ignore[attr-defined]
        with self.assertRaises(DeviceConnectionError):
            read.ask(ME, PLAIN)


def outcome_of(read: Any) -> object:
    try:
        result: object = read.ask(OTHER, PLAIN)
    except CommandError as error:
        return error
    if isinstance(result, Deferred):
        result.addErrback(lambda failure: failure.trap(CommandError))
    return result


TAGS = (
    "",
    "@id=7 ",
    "@id=7; ",
    "@id=7;sent=12.3 ",
    "@id=7;from=10.0.0.5 ",
    "@id=7;from=lab/10.0.0.5;sent=12.345 ",
    "@id=7;from=10.0.0.5;sent=12.345;ask=a9-3.12;silent=0.5 ",
    "@id=7;from=10.0.0.5;ask=udp.1;silent=. ",
    "@id=a%20b ",
    "@id=7 @id=8 ",
)
TEXTS = st.text(st.characters(codec="utf-8", exclude_characters="\r\n"), max_size=20)


class WordsTests(SynchronousTestCase):
    @holds
    @given(st.sampled_from(TAGS) | TEXTS, TEXTS | TEXTS.map("System|{}".format))
    def test_words_and_tags_are_those_of_the_request(self, tags: str, rest: str) -> None:
        """So what was understood of the words alone holds with any tags before them."""
        line = f"{tags}{rest}".encode()
        found, words = split_words(line)
        if not words:
            return
        try:
            alone = parse_request(decode(words))
        except MalformedRequestError:
            return
        if not line.startswith(b"@") or found:
            whole = parse_request(decode(line))
            self.assertEqual((dict(whole.tags), whole[1:]), (dict(alone.tags) | found, alone[1:]))

    @holds
    @example("@id=7 ", "\x1f0")
    @given(st.sampled_from(TAGS) | TEXTS, TEXTS | st.sampled_from(["Open A", "System|", "\x07"]))
    def test_what_is_taken_apart_already_need_not_be_again(self, tags: str, rest: str) -> None:
        line = f"{tags}{rest}".encode()
        self.assertEqual(
            outcome(lambda: parse_line(line, *split_words(line))),
            outcome(lambda: parse_request(decode(line))),
        )


def outcome(parse: Callable[[], Request]) -> tuple[object, ...]:
    try:
        tags, *rest = parse()
    except MalformedRequestError as error:
        return (str(error),)
    return (dict(tags), *rest)
