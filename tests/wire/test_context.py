"""What is said beside a command: how long, by which key, as whom at most."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from pychron_comms.errors import MalformedRequestError
from pychron_comms.wire.context import (
    PLAIN,
    ROLES,
    SAFE,
    RequestContext,
    context_of,
    least_role,
    terms_of,
)
from pychron_comms.wire.grammar import split_tags
from tests.properties import holds

#: As they are written: to the microsecond, and to the millisecond.
MICROSECONDS = st.integers(-(10**9), 10**9).map(lambda number: number / 1_000_000)
MILLISECONDS = st.integers(0, 10**7).map(lambda number: number / 1_000)

CONTEXTS = st.builds(
    RequestContext,
    within=st.none() | MICROSECONDS,
    key=st.text(st.characters(exclude_categories=["Cs"])),
    role=st.sampled_from(("", *ROLES)),
    session=st.text("ab/ ;-0"),
    age=st.just(0.0),
    ask=st.text("ab.: ;-1", min_size=1),
    silent=MILLISECONDS,
    safe=st.just(False),
    trace=st.text("ab.: ;-1"),
)


class ContextTests(SynchronousTestCase):
    def test_no_tags_say_nothing(self) -> None:
        self.assertEqual(context_of({}), PLAIN)

    def test_each_tag_is_taken_and_others_are_left(self) -> None:
        tags = {
            "within": "1.5",
            "key": "a-1",
            "role": "observe",
            "session": "s1",
            "id": "3",
            "from": "10.0.0.1",
        }
        self.assertEqual(context_of(tags), RequestContext(1.5, "a-1", "observe", "s1"))

    def test_a_time_that_is_no_number_of_seconds_is_206(self) -> None:
        for text in ("soon", "nan", "inf", "-inf", ""):
            error = self.assertRaises(MalformedRequestError, context_of, {"within": text})
            self.assertIn(f"within={text} is no number of seconds", str(error))

    def test_time_that_has_passed_is_a_number_too(self) -> None:
        self.assertEqual(context_of({"within": "-1"}).within, -1.0)

    def test_a_role_that_is_none_is_206(self) -> None:
        error = self.assertRaises(MalformedRequestError, context_of, {"role": "king"})
        self.assertIn("role=king is none of observe, operate, admin", str(error))


class PatienceTests(SynchronousTestCase):
    def test_the_shorter_time_counts_less_what_is_over(self) -> None:
        for within, seconds in ((None, 5.0), (2.0, 2.0), (9.0, 5.0), (-1.0, -1.0)):
            self.assertEqual(RequestContext(within).patience(5.0), seconds)
            self.assertEqual(RequestContext(within, age=1.5).patience(5.0), seconds - 1.5)


class TagsTests(SynchronousTestCase):
    def test_what_is_written_is_what_is_read(self) -> None:
        contexts = (
            PLAIN,
            RequestContext(within=-0.5),
            RequestContext(1.5, "a b;c", "observe", "s1", ask="c-1.3", silent=2.25),
            RequestContext(trace="c-1.3"),
        )
        for context in contexts:
            tags, _ = split_tags(f"@id=7{terms_of(context)} Open A")
            self.assertEqual(context_of(tags), context)

    @holds
    @given(CONTEXTS)
    def test_so_is_all_that_may_be_said_together(self, context: RequestContext) -> None:
        tags, words = split_tags(f"@id=7{terms_of(context)} Open A")
        self.assertEqual((context_of(tags), words), (context, "Open A"))

    def test_what_is_not_said_has_no_tag(self) -> None:
        self.assertEqual(terms_of(RequestContext(age=3.0, silent=2.0)), "")
        self.assertEqual(terms_of(SAFE), terms_of(RequestContext(safe=True)))
        self.assertEqual(terms_of(PLAIN), "")
        self.assertEqual(terms_of(RequestContext(ask="c.1")), ";ask=c.1;silent=0.000")

    def test_a_silence_that_is_no_number_of_seconds_is_206(self) -> None:
        error = self.assertRaises(MalformedRequestError, context_of, {"silent": "long"})
        self.assertIn("silent=long is no number of seconds", str(error))


class LeastRoleTests(SynchronousTestCase):
    def test_the_one_that_allows_less_counts_whichever_comes_first(self) -> None:
        for lower, one in enumerate(ROLES):
            for other in ROLES[lower:]:
                self.assertEqual(least_role(one, other), one)
                self.assertEqual(least_role(other, one), one)

    def test_none_limits_nothing(self) -> None:
        self.assertEqual(least_role("", ""), "")
        for role in ROLES:
            self.assertEqual((least_role(role, ""), least_role("", role)), (role, role))
