"""Known reads that came together: which are asked together, and whose each reply is."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from twisted.internet.defer import Deferred, fail, succeed
from twisted.trial.unittest import SynchronousTestCase

from pychron_comms.errors import InvalidValveError
from pychron_comms.transport.read_run import ReadRun, ask_each, read_run
from pychron_comms.wire.context import PLAIN
from pychron_comms.wire.grammar import split_words
from pychron_comms.wire.lines import TOO_LONG


class Read:
    """Answers what it is told to."""

    def __init__(self, command: str, answer: Any = None, way: object = "gate") -> None:
        self.command = command
        self.way = way
        self.answer = command.upper() if answer is None else answer
        self.asked: list[Any] = []

    def ask(self, sender: str, context: Any) -> Any:
        self.asked.append((sender, context))
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer


class Asker:
    """Keeps what it is told, in order."""

    sender = "10.0.0.5"

    def __init__(self) -> None:
        self.told: list[Any] = []
        self.expected: list[str] = []

    def reply_all(self, identifiers: Sequence[str], texts: Sequence[Any]) -> None:
        self.told.append(("now", list(identifiers), list(texts)))

    def wait_for_all(self, identifiers: Sequence[str]) -> str:
        self.told.append(("wait", list(identifiers)))
        return "place"

    def reply_late_to_all(self, texts: Sequence[Any], place: str, at: int) -> None:
        assert place == "place"
        self.told.append(("late", at, list(texts)))

    def expect(self, identifier: str, reply: Deferred[str]) -> None:
        self.expected.append(identifier)


class RunCase(SynchronousTestCase):
    def setUp(self) -> None:
        self.asker = Asker()
        self.failures: list[Any] = []

    def error_text(self, error: Any, command: Any, sender: str, failure: Any) -> str:
        self.failures.append(failure)
        return f"{type(error).__name__} {command!r} {sender}"

    def run_of(self, *lines: Any, reads: Sequence[Read]) -> ReadRun[str] | None:
        known: Any = {each.command.encode(): each for each in reads}
        tags, words = split_words(lines[0]) if lines[0].startswith(b"@") else ({}, lines[0])
        found: Any = (tags, words, known[words])
        return read_run(lines, found, known, self.asker, self.error_text)  # type: ignore[type-var]

    def ask(self, *answers: Any, identifier: str = "@id={} ") -> list[Any]:
        """What the asker is told of so many reads that answer this."""
        reads = [Read(f"get{at}", answer) for at, answer in enumerate(answers)]
        lines = [f"{identifier.format(at)}get{at}".encode() for at in range(len(answers))]
        run: Any = self.run_of(*lines, reads=reads)
        ask_each(lambda read, *terms: read.ask(*terms), run.reads, self.asker.sender, PLAIN, run)
        run.asked()
        for each in reads:
            self.assertEqual(each.asked, [(self.asker.sender, PLAIN)])
        return self.asker.told


class FindingTests(RunCase):
    def names(self, *lines: Any) -> list[str] | None:
        reads = [Read("a"), Read("b"), Read("other", way="elsewhere")]
        run = self.run_of(*lines, reads=reads)
        return None if run is None else [each.command for each in run.reads]

    def test_it_goes_on_to_the_first_that_is_none(self) -> None:
        self.assertEqual(self.names(b"a", b"b", b"a", b"Open A", b"b"), ["a", "b", "a"])
        self.assertEqual(self.names(b"a", b"b", b"other"), ["a", "b"])
        self.assertEqual(self.names(b"@id=1 a", b"@id=22 b", b"@id=x b"), ["a", "b", "b"])

    def test_one_alone_is_no_run(self) -> None:
        for lines in (
            (b"a",),
            (b"a", b"Open A"),
            (b"a", TOO_LONG),
            (b"@id=1 a", TOO_LONG),
            (b"@id=1 a", b"b"),
            (b"a", b"@id=1 b"),
            (b"@id=1 a", b"@id=; b"),
            (b"@id=1 a", b"@key=1 b"),
            (b"@id=1;from=x a", b"@id=2;from=y b"),
        ):
            self.assertIsNone(self.names(*lines), lines)

    def test_other_terms_that_are_alike(self) -> None:
        found = self.names(b"@id=1;from=x a", b"@id=2;from=x b", b"@id=3 a")
        self.assertEqual(found, ["a", "b"])


class ReplyTests(RunCase):
    def test_all_at_once(self) -> None:
        self.assertEqual(self.ask("x", "y"), [("now", ["0", "1"], ["x", "y"])])

    def test_plain_ones_have_no_names(self) -> None:
        self.assertEqual(self.ask("x", "y", identifier=""), [("now", ["", ""], ["x", "y"])])

    def test_one_in_the_midst_comes_later(self) -> None:
        late: Deferred[str] = Deferred()
        told = self.ask("x", late, "y", "z")
        self.assertEqual(
            told, [("now", ["0"], ["x"]), ("wait", ["1", "2", "3"]), ("late", 1, ["y", "z"])]
        )
        self.assertEqual(self.asker.expected, ["1"])
        late.callback("w")
        self.assertEqual(told[3:], [("late", 0, ["w"])])

    def test_the_last_comes_later(self) -> None:
        late: Deferred[str] = Deferred()
        told = self.ask("x", "y", late)
        self.assertEqual(told, [("now", ["0", "1"], ["x", "y"]), ("wait", ["2"])])
        late.callback("w")
        self.assertEqual(told[2:], [("late", 0, ["w"])])

    def test_all_come_later_in_any_order(self) -> None:
        late: list[Deferred[str]] = [Deferred() for _ in range(3)]
        told = self.ask(*late)
        self.assertEqual(told, [("wait", ["0", "1", "2"])])
        for at in (2, 0, 1):
            late[at].callback(str(at))
        self.assertEqual(told[1:], [("late", 2, ["2"]), ("late", 0, ["0"]), ("late", 1, ["1"])])

    def test_those_that_are_there_already_wait_for_none(self) -> None:
        told = self.ask(succeed("x"), "y")
        self.assertEqual(told, [("now", ["0"], ["x"]), ("now", ["1"], ["y"])])

    def test_what_one_raises_is_its_own_reply(self) -> None:
        error = "InvalidValveError b'@id=1 get1' 10.0.0.5"
        told = self.ask("x", InvalidValveError("Z"), "y", "z")
        self.assertEqual(
            told, [("now", ["0"], ["x"]), ("now", ["1"], [error]), ("now", ["2", "3"], ["y", "z"])]
        )
        self.assertEqual(self.failures, [None])

    def test_one_that_fails_later_tells_how(self) -> None:
        late: Deferred[str] = Deferred()
        told = self.ask("x", late)
        late.errback(ZeroDivisionError("a bug"))
        self.assertEqual(told[2:], [("late", 0, ["ZeroDivisionError 'get1' 10.0.0.5"])])
        (failure,) = self.failures
        self.assertIsInstance(failure.value, ZeroDivisionError)

    def test_one_that_has_failed_already(self) -> None:
        told = self.ask(fail(InvalidValveError("Z")), "y")
        self.assertEqual(told[0], ("now", ["0"], ["InvalidValveError 'get0' 10.0.0.5"]))
        self.assertEqual(told[1], ("now", ["1"], ["y"]))

    def test_all_that_were_not_asked_are_told(self) -> None:
        run: Any = self.run_of(b"a", b"b", b"a", reads=[Read("a"), Read("b")])
        run.replied(0, ["x"])
        run.all_failed(InvalidValveError("Z"))
        told = [("now", [""], [f"InvalidValveError {each} 10.0.0.5"]) for each in (b"b", b"a")]
        self.assertEqual(self.asker.told, [("now", [""], ["x"]), *told])

    def test_an_asker_that_breaks_is_logged_and_harms_no_other(self) -> None:
        run: Any = self.run_of(b"a", b"b", reads=[Read("a"), Read("b")])

        def broken(identifiers: object, texts: object) -> None:
            raise ZeroDivisionError

        self.patch(self.asker, "reply_all", broken)
        run.replied(0, ["x"])
        self.assertEqual(len(self.flushLoggedErrors(ZeroDivisionError)), 1)
