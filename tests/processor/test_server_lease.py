"""The processor's side of its server's lease: what opens the fence, and what shuts it."""

from __future__ import annotations

from typing import Any

from twisted.internet.defer import Deferred
from twisted.internet.task import Clock
from twisted.logger import capturedLogs, formatEvent
from twisted.trial.unittest import SynchronousTestCase
from zope.interface import directlyProvides

from pychron_comms.errors import MalformedRequestError, NotOwnerError, NotPermittedError
from pychron_comms.interfaces import IOwnedGate
from pychron_comms.processor.owner import Owner
from pychron_comms.processor.server_lease import ServerLease
from pychron_comms.safeguards.ownership import ALLOWANCE, LEASE, SAFE, digest


class Gate:
    def __init__(self) -> None:
        self.told: list[str] = []

    def make_all_safe(self, why: str) -> None:
        self.told.append(f"safe: {why}")

    def give_up(self, error: Exception) -> None:
        self.told.append(f"given up: {error}")


class LeaseCase(SynchronousTestCase):
    def setUp(self) -> None:
        self.clock = Clock()
        self.gate: Any = Gate()
        self.lease = ServerLease("p1", self.clock, self.clock.seconds)
        self.lease.guard(self.gate)

    def ask(self, words: str, session: str = "c1") -> tuple[str, str]:
        standing, _, token = self.lease.asked(words, session).partition(" ")
        return standing, token

    def open(self) -> str:
        """The token for what goes on with it."""
        _, token = self.ask("s1 ask")
        standing, token = self.ask(f"s1 open {token}")
        self.assertEqual(standing, "owns")
        return token


class FenceTests(LeaseCase):
    def test_without_a_lease_nothing_passes_not_even_what_makes_safe(self) -> None:
        self.assertEqual(self.ask("s1 ask")[0], "free")
        for safe in (False, True):
            self.assertRaises(NotOwnerError, self.lease.fence.check, safe)

    def test_a_lease_counts_from_the_processors_own_word(self) -> None:
        _, token = self.ask("s1 ask")
        self.clock.advance(2.0)
        self.ask(f"s1 open {token}")
        self.assertAlmostEqual(self.lease.fence.left, LEASE - 2.0)
        self.lease.fence.check(False)
        self.assertEqual(self.gate.told, ["safe: the takeover"])

    def test_the_last_moment_of_a_lease_is_its_last(self) -> None:
        _, token = self.ask("s1 ask")
        self.clock.advance(LEASE - 0.5)
        self.assertEqual(self.ask(f"s1 open {token}")[0], "owns")
        self.clock.advance(0.4)
        self.assertEqual(self.gate.told, ["safe: the takeover"])
        self.clock.advance(0.2)
        self.assertEqual(len(self.gate.told), 2)
        self.assertIn("given up", self.gate.told[1])

    def test_who_asks_after_its_end_is_told_why(self) -> None:
        self.open()
        self.clock.advance(LEASE)
        error = self.assertRaises(NotOwnerError, self.lease.fence.check, False)
        self.assertIn("no word from the server in time", str(error))

    def test_a_word_that_is_too_old_opens_nothing(self) -> None:
        _, token = self.ask("s1 ask")
        self.clock.advance(LEASE)
        self.assertEqual(self.ask(f"s1 open {token}")[0], "free")

    def test_a_word_of_another_connection_or_process_opens_nothing(self) -> None:
        _, token = self.ask("s1 ask")
        self.assertEqual(self.ask(f"s1 open {token}", "c2")[0], "free")
        self.ask("s1 ask")
        foreign = token.replace("p1", "p0")
        for wrong in (foreign, "p1/c1/x", "x", "p1/c1/nan", "p1/c1/inf"):
            self.assertEqual(self.ask(f"s1 open {wrong}")[0], "free", wrong)

    def test_each_time_that_it_owns_the_hardware_has_a_name_of_its_own(self) -> None:
        self.open()
        self.assertEqual(self.lease.fence.epoch, "p1-1")
        self.clock.advance(LEASE + ALLOWANCE)
        self.open()
        self.assertEqual(self.lease.fence.epoch, "p1-2")

    def test_it_goes_on_while_it_is_renewed(self) -> None:
        token = self.open()
        for _ in range(10):
            self.clock.advance(LEASE / 3)
            standing, token = self.ask(f"s1 renew {token}")
            self.assertEqual(standing, "owns")
        self.assertEqual(len(self.gate.told), 1)

    def test_one_that_has_run_out_is_given_up_and_cannot_be_renewed(self) -> None:
        token = self.open()
        self.clock.advance(LEASE)
        self.assertIn("given up", self.gate.told[-1])
        self.assertEqual(self.ask(f"s1 renew {token}")[0], "lapsed")
        self.lease.fence.check(True)
        self.clock.advance(SAFE)
        self.assertRaises(NotOwnerError, self.lease.fence.check, True)

    def test_that_it_owns_the_hardware_and_no_more_is_told(self) -> None:
        with capturedLogs() as logs:
            self.open()
            self.clock.advance(LEASE)
        self.assertEqual(
            [formatEvent(each) for each in logs],
            [
                "owns the hardware, as its server says",
                "does not own the hardware any more: no word from the server in time",
            ],
        )
        self.assertEqual(
            self.gate.told[-1],
            "given up: not the owner of the hardware: no word from the server in time",
        )

    def test_it_is_free_only_when_nothing_can_be_made_safe_any_more(self) -> None:
        self.open()
        self.clock.advance(LEASE + ALLOWANCE - 0.1)
        _, token = self.ask("s1 ask")
        self.assertEqual(self.ask(f"s1 open {token}")[0], "lapsed")
        self.clock.advance(0.1)
        self.assertEqual(self.ask("s1 ask")[0], "free")

    def test_what_is_no_question_is_refused(self) -> None:
        for words in ("", "s1", "s1 take"):
            error = self.assertRaises(MalformedRequestError, self.lease.asked, words, "c1")
            self.assertIn(f"Lease {words}", str(error))


class ServerTests(LeaseCase):
    def test_a_second_server_is_not_listened_to(self) -> None:
        self.open()
        self.assertEqual(self.ask("s2 ask", "c2"), ("held", ""))

    def test_another_process_goes_on_when_the_connection_of_the_first_has_ended(self) -> None:
        self.open()
        self.lease.session_ended("c1")
        standing, token = self.ask("s2 ask", "c2")
        self.assertEqual(standing, "owns")
        self.clock.advance(1.0)
        self.ask(f"s2 renew {token}", "c2")
        self.assertAlmostEqual(self.lease.fence.left, LEASE - 1.0)
        self.assertEqual(self.ask("s1 ask", "c3"), ("held", ""))

    def test_or_when_it_has_been_silent_until_every_lease_is_over(self) -> None:
        self.open()
        self.clock.advance(LEASE + ALLOWANCE - 0.1)
        self.assertEqual(self.ask("s2 ask", "c2"), ("held", ""))
        self.clock.advance(0.1)
        self.assertEqual(self.ask("s2 ask", "c2")[0], "free")

    def test_who_is_gone_and_was_not_listened_to_changes_nothing(self) -> None:
        self.open()
        self.lease.session_ended("c2")
        self.assertEqual(self.ask("s2 ask", "c2"), ("held", ""))


class GivingUpTests(LeaseCase):
    def test_it_is_said_at_once_and_nothing_passes_any_more(self) -> None:
        self.open()
        waiting = self.lease.when_given_up()
        self.assertNoResult(waiting)
        self.lease.give_up()
        self.assertEqual(self.successResultOf(waiting), "released")
        self.assertEqual(self.successResultOf(self.lease.when_given_up()), "released")
        error = self.assertRaises(NotOwnerError, self.lease.fence.check, True)
        self.assertEqual(str(error), str(NotOwnerError("it stops")))
        self.assertEqual(self.ask("s1 ask"), ("released", ""))
        self.clock.advance(2 * LEASE)
        self.assertEqual(len(self.gate.told), 1)

    def test_one_that_ends_while_something_runs_says_nothing(self) -> None:
        self.open()
        waiting = self.lease.when_given_up()
        self.lease.stop()
        self.clock.advance(2 * LEASE)
        self.assertNoResult(waiting)
        self.assertEqual(len(self.gate.told), 1)


class OwnerTests(LeaseCase):
    def answer(self, word: str, rest: str = "", sender: str = "10.0.0.5") -> Any:
        return Owner("10.0.0.5", self.lease).answer(word, rest, self.gate, (sender, "c1"))

    def test_its_own_server_is_answered_and_no_other(self) -> None:
        self.assertIn("free p1/c1/", self.answer("Lease", "s1 ask"))
        self.assertIsInstance(self.answer("Released"), Deferred)
        self.assertIsNone(self.answer("Metrics", sender="10.0.0.6"))
        for word in ("Lease", "Released", "Keys"):
            error = self.assertRaises(NotPermittedError, self.answer, word, "s1 ask", "10.0.0.6")
            self.assertIn(", not by 10.0.0.6", str(error))

    def test_it_is_told_the_keys_that_are_known_here(self) -> None:
        class Known(Gate):
            """Knows two."""

            def known_keys(self) -> list[tuple[str, str]]:
                return [("10.0.0.1", "k1"), ("10.0.0.2", "k2")]

        self.assertEqual(self.answer("Keys"), "")
        self.gate = Known()
        directlyProvides(self.gate, IOwnedGate)
        self.assertEqual(
            self.answer("Keys").split(), [digest("10.0.0.1", "k1"), digest("10.0.0.2", "k2")]
        )

    def test_one_key_is_not_taken_for_another(self) -> None:
        self.assertNotEqual(digest("10.0.0.1", "k"), digest("10.0.0.", "1k"))
