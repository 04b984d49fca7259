"""Searches run in processes of their own, few at once, and for a bounded time."""

from __future__ import annotations

import os
import sys
from typing import Any

from twisted.internet.error import ProcessDone, ProcessTerminated
from twisted.internet.task import Clock
from twisted.python.failure import Failure
from twisted.trial.unittest import SynchronousTestCase

from pychron_comms.errors import JournalError, QueueFullError
from pychron_comms.journal.searches import AT_ONCE, LARGEST, LONGEST, JournalSearch


class Spawning(Clock):
    """Keeps what it is asked to start; a killed process ends."""

    def __init__(self) -> None:
        super().__init__()
        self.protocols: list[Any] = []
        self.arguments: list[list[str]] = []
        self.programs: list[tuple[str, object]] = []
        self.signals: list[str] = []

    def spawnProcess(self, protocol: Any, path: str, arguments: list[str], env: object) -> None:
        self.protocols.append(protocol)
        self.arguments.append(arguments)
        self.programs.append((path, env))
        protocol.transport = self

    def signalProcess(self, signal: str) -> None:
        self.signals.append(signal)


DONE = Failure(ProcessDone(0))
FAILED = Failure(ProcessTerminated(2))


class JournalSearchTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.reactor = Spawning()
        self.search = JournalSearch("lab.journal", self.reactor)

    def tearDown(self) -> None:
        self.assertEqual(self.reactor.getDelayedCalls(), [])

    def test_the_answer_of_a_process_of_its_own(self) -> None:
        answer = self.search.find('{"who":"x"}')
        program = [sys.executable, "-m", "pychron_comms.journal.search"]
        self.assertEqual(self.reactor.arguments, [[*program, "lab.journal", '{"who":"x"}']])
        self.assertEqual(self.reactor.programs, [(sys.executable, dict(os.environ))])
        (process,) = self.reactor.protocols
        process.outReceived(b'{"rec')
        process.outReceived(b'ords":[]}')
        self.assertNoResult(answer)
        process.processEnded(DONE)
        self.assertEqual(self.successResultOf(answer), '{"records":[]}')

    def test_where_no_journal_is_kept(self) -> None:
        self.assertEqual(self.successResultOf(JournalSearch("", self.reactor).find("{}")), "null")
        self.assertEqual(self.reactor.protocols, [])

    def test_few_at_once(self) -> None:
        answers = [self.search.find("{}") for _ in range(AT_ONCE)]
        error = self.failureResultOf(self.search.find("{}"), QueueFullError).value
        why = "queue full: others search the journal just now; ask again"
        self.assertEqual(str(error), why)
        self.reactor.protocols[0].processEnded(DONE)
        answers.append(self.search.find("{}"))
        for process in self.reactor.protocols[1:]:
            process.processEnded(DONE)
        for answer in answers:
            self.successResultOf(answer)

    def test_it_says_what_is_in_the_way(self) -> None:
        answer = self.search.find("{}")
        self.reactor.protocols[0].errReceived(b"warning\nlab.journal: it is not there\n")
        self.reactor.protocols[0].processEnded(FAILED)
        error = self.failureResultOf(answer, JournalError).value
        self.assertIn("lab.journal: it is not there", str(error))

    def assert_killed(self, answer: Any, why: str) -> None:
        self.assertEqual(self.reactor.signals, ["KILL"])
        self.reactor.protocols[0].processEnded(FAILED)
        self.assertIn(why, str(self.failureResultOf(answer, JournalError).value))

    def test_not_for_ever(self) -> None:
        answer = self.search.find("{}")
        self.reactor.advance(LONGEST)
        self.assert_killed(answer, "60 s")

    def test_no_endless_answer(self) -> None:
        answer = self.search.find("{}")
        for _ in range(2):
            self.reactor.protocols[0].outReceived(b"x" * (LARGEST + 1))
        self.assert_killed(answer, f"an answer of more than {LARGEST} bytes")

    def test_the_longest_answer_is_given(self) -> None:
        answer = self.search.find("{}")
        (process,) = self.reactor.protocols
        process.outReceived(b"x" * LARGEST)
        self.assertEqual(self.reactor.signals, [])
        process.processEnded(DONE)
        self.assertEqual(len(self.successResultOf(answer)), LARGEST)

    def test_of_one_that_complains_without_end_a_part_is_kept(self) -> None:
        answer = self.search.find("{}")
        (process,) = self.reactor.protocols
        process.errReceived(b"x" * (LARGEST - 1))
        process.errReceived(b"yz")
        process.errReceived(b"w")
        process.processEnded(FAILED)
        error = self.failureResultOf(answer, JournalError).value
        self.assertTrue(str(error).endswith("xy"))

    def test_one_that_failed_without_a_word(self) -> None:
        answer = self.search.find("{}")
        self.reactor.protocols[0].processEnded(FAILED)
        error = self.failureResultOf(answer, JournalError).value
        self.assertIn("exit code 2", str(error))

    def test_it_ends_with_the_processor(self) -> None:
        answer = self.search.find("{}")
        self.search.stop()
        self.assert_killed(answer, ": the processor stops")
