"""What a server knows of one processor of a pair, from what that answers."""

from __future__ import annotations

import gc
from typing import Any

from twisted.internet.defer import Deferred
from twisted.internet.task import Clock
from twisted.logger import capturedLogs, formatEvent
from twisted.trial.unittest import SynchronousTestCase

from pychron_comms.errors import OutcomeUnknownError
from pychron_comms.safeguards.ownership import ALLOWANCE, LEASE, Standing, Verb
from pychron_comms.server.routing.member import Member


class Connection:
    """Keeps what is asked, and the replies to come."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, Deferred[str]]] = []

    def tell(self, words: str, seconds: float) -> Deferred[str]:
        reply: Deferred[str] = Deferred()
        self.asked.append((words, reply))
        return reply


class Repeater:
    def __init__(self) -> None:
        self.connection: Any = Connection()
        self.cuts = 0

    def cut_off(self) -> None:
        self.cuts += 1


class MemberTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.clock = Clock()
        self.repeater = Repeater()
        self.keys: list[list[str]] = []
        repeater: Any = self.repeater
        self.member = Member(
            "p", repeater, "s1", self.clock, lambda name, keys: self.keys.append(keys)
        )
        self.heard = 0

    def hear(self) -> None:
        self.heard += 1

    def ask(self, verb: Verb, answer: str = "") -> str:
        """What was asked; the answer comes at once where there is one."""
        self.member.ask(verb, self.hear)
        words, reply = self.repeater.connection.asked[-1]
        if answer:
            reply.callback(answer)
        return str(words)

    def test_each_question_bears_the_token_of_the_answer_before_it_once(self) -> None:
        self.assertEqual(self.ask(Verb.OPEN, "free t1"), "Lease s1 ask")
        self.assertEqual(self.ask(Verb.OPEN, "owns t2"), "Lease s1 open t1")
        self.assertEqual(self.ask(Verb.RENEW), "Lease s1 renew t2")
        before = len(self.repeater.connection.asked)
        self.member.ask(Verb.RENEW, self.hear)
        self.assertEqual(len(self.repeater.connection.asked), before)
        self.assertEqual((self.member.standing, self.heard), (Standing.OWNS, 2))

    def test_who_answers_with_nothing_of_use_is_only_asked_how_it_stands(self) -> None:
        self.ask(Verb.OPEN, "free t1")
        self.ask(Verb.OPEN, "nonsense")
        self.assertEqual(self.ask(Verb.OPEN, "free t2"), "Lease s1 ask")
        self.assertEqual(self.ask(Verb.OPEN), "Lease s1 open t2")

    def test_why_it_cannot_be_asked_is_told_until_it_can(self) -> None:
        self.assertEqual(self.member.problem, "nothing is known of it yet")
        self.ask(Verb.ASK)
        self.assertEqual(self.member.problem, "")
        self.repeater.connection = None
        self.member.ask(Verb.ASK, self.hear)
        self.assertEqual(self.member.problem, "it is not connected")
        self.repeater.connection = Connection()
        self.ask(Verb.ASK, "held")
        self.assertEqual(self.member.problem, "another server asks it")
        self.ask(Verb.ASK, "free t1")
        self.assertEqual(self.member.problem, "")

    def test_it_may_own_something_until_it_says_no_or_its_lease_is_over(self) -> None:
        self.assertFalse(self.member.owns_nothing)
        self.ask(Verb.ASK, "free t1")
        self.assertTrue(self.member.owns_nothing)
        self.ask(Verb.OPEN, "owns t2")
        self.clock.advance(LEASE)
        self.assertFalse(self.member.owns_nothing)
        self.clock.advance(ALLOWANCE)
        self.assertTrue(self.member.owns_nothing)
        for answer in ("lapsed t3", "held", "nonsense"):
            self.ask(Verb.ASK, "owns t")
            self.ask(Verb.ASK, answer)
            self.assertFalse(self.member.owns_nothing, answer)
        self.ask(Verb.ASK, "released")
        self.assertTrue(self.member.owns_nothing)

    def test_what_lies_unread_on_an_old_connection_is_waited_for(self) -> None:
        self.ask(Verb.ASK, "free t1")
        self.assertEqual(self.ask(Verb.OPEN), "Lease s1 open t1")
        old = self.repeater.connection
        self.repeater.connection = Connection()
        self.ask(Verb.ASK, "free u1")
        self.assertFalse(self.member.owns_nothing)
        # Nor does a lease over the new one make up for that.
        self.ask(Verb.OPEN, "free u2")
        self.assertFalse(self.member.owns_nothing)
        old.asked[-1][1].callback("owns t2")
        self.assertIs(self.member.standing, Standing.FREE)
        self.clock.advance(LEASE + ALLOWANCE)
        self.assertTrue(self.member.owns_nothing)

    def test_one_that_does_not_answer_in_time_is_cut_off(self) -> None:
        self.ask(Verb.ASK)
        self.repeater.connection.asked[-1][1].errback(OutcomeUnknownError("no reply"))
        self.assertEqual((self.repeater.cuts, self.member.standing), (1, Standing.UNKNOWN))
        self.assertIn("no reply", self.member.problem)

    def test_what_it_has_not_answered_is_unknown_when_its_lease_was_over_without_a_word(
        self,
    ) -> None:
        self.ask(Verb.ASK, "owns t1")
        self.member.cut_off()
        self.assertEqual((self.repeater.cuts, self.member.standing), (1, Standing.UNKNOWN))
        self.ask(Verb.ASK, "free t1")
        self.member.cut_off()
        self.assertEqual(self.repeater.cuts, 1)

    def test_another_servers_lease_is_waited_for_too(self) -> None:
        self.ask(Verb.ASK, "held")
        self.clock.advance(LEASE)
        self.assertFalse(self.member.owns_nothing)
        self.clock.advance(ALLOWANCE)
        self.assertTrue(self.member.owns_nothing)

    def test_who_owns_it_by_another_servers_word_is_waited_for_too(self) -> None:
        self.ask(Verb.ASK, "free t1")
        self.ask(Verb.ASK, "owns t2")
        self.clock.advance(LEASE)
        self.assertFalse(self.member.owns_nothing)
        self.clock.advance(ALLOWANCE)
        self.assertTrue(self.member.owns_nothing)

    def test_what_was_said_of_another_server_says_nothing_of_what_was_sent(self) -> None:
        """Over each connection only this server's own leases may lie unread."""
        self.ask(Verb.ASK, "free t1")
        self.ask(Verb.OPEN)
        self.repeater.connection = Connection()
        self.clock.advance(LEASE)
        self.ask(Verb.ASK, "owns u1")
        self.repeater.connection = Connection()
        self.ask(Verb.ASK, "free v1")
        self.assertFalse(self.member.owns_nothing)
        self.clock.advance(ALLOWANCE)
        self.assertTrue(self.member.owns_nothing)

    def test_who_has_given_up_says_so_and_nothing_else_counts(self) -> None:
        self.ask(Verb.ASK, "owns t1")
        given_up = []
        for said in ("owns t2", "free", "released"):
            self.member.watch(lambda: given_up.append(1))
            self.assertEqual((given_up, self.member.owns_nothing), ([], False))
            self.repeater.connection.asked[-1][1].callback(said)
        self.assertEqual((given_up, self.member.owns_nothing), ([1], True))
        # A connection that is lost meanwhile tells nothing, and is nobody's bug.
        self.member.watch(lambda: given_up.append(2))
        self.repeater.connection.asked.pop()[1].errback(OutcomeUnknownError("lost"))
        gc.collect()
        self.assertEqual((given_up, self.flushLoggedErrors()), ([1], []))

    def test_a_bug_in_who_hears_it_is_logged_and_it_is_asked_on(self) -> None:
        def bug() -> None:
            raise ZeroDivisionError

        with capturedLogs() as logs:
            self.member.ask(Verb.ASK, bug)
            self.repeater.connection.asked[-1][1].callback("free t1")
        self.assertEqual(
            [str(formatEvent(each)).partition("\n")[0] for each in logs],
            ["an answer about a lease"],
        )
        self.assertEqual(len(self.flushLoggedErrors(ZeroDivisionError)), 1)
        self.assertEqual(self.ask(Verb.OPEN, "owns t2"), "Lease s1 open t1")

    def test_what_is_wrong_with_it_is_told_when_that_is_news(self) -> None:
        with capturedLogs() as logs:
            for answer in ("held", "held", "free t1", "held", "nonsense", "nonsense"):
                self.ask(Verb.ASK, answer)
        held = "p: another server asks it"
        wrong = "p: it takes no lease; is its [processor] owner this server? (nonsense)"
        self.assertEqual([formatEvent(each) for each in logs], [held, held, wrong])
        self.assertEqual(self.member.problem, wrong.removeprefix("p: "))

    def test_keys_are_asked_for_until_they_are_told(self) -> None:
        self.ask(Verb.ASK, "free t1")
        words, reply = self.repeater.connection.asked[0]
        self.assertEqual(words, "Keys")
        reply.callback("ERROR 208 : not permitted")
        self.assertFalse(self.member.has_told_keys)
        self.repeater.connection = Connection()
        self.ask(Verb.ASK, "free t2")
        # One that is lost meanwhile is nobody's bug.
        self.repeater.connection.asked.pop(0)[1].errback(OutcomeUnknownError("lost"))
        gc.collect()
        self.assertEqual((self.member.has_told_keys, self.flushLoggedErrors()), (False, []))
        self.repeater.connection = Connection()
        self.ask(Verb.ASK, "free t2")
        self.repeater.connection.asked[0][1].callback("0a 0b")
        self.assertEqual(self.keys, [["0a", "0b"]])
        self.repeater.connection = Connection()
        self.assertEqual(self.ask(Verb.ASK), "Lease s1 ask")
        self.assertEqual(len(self.repeater.connection.asked), 1)
