"""The emergency key cannot be guessed, and who tries is written down."""

from __future__ import annotations

from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from pychron_comms.errors import NotPermittedError
from pychron_comms.interfaces import Part
from pychron_comms.observability.metrics import Metrics
from pychron_comms.safeguards.overrides import (
    FIRST_WAIT,
    FORGET,
    LONGEST_WAIT,
    SENDERS,
    Overrides,
)
from pychron_comms.safeguards.roles import Roles
from tests.help_texts import unfinished

ME, OTHER = "10.0.0.1", "10.0.0.2"
PART = Part("System:A", object(), "A")


class OverrideTests(SynchronousTestCase):
    """Finding C11 of issue 12: on f156da4 17,000 guesses a second left no trace."""

    def setUp(self) -> None:
        self.clock = Clock()
        self.metrics = Metrics()
        self.written: list[dict[str, str]] = []
        self.overrides = self.with_key(b"open sesame")

    def with_key(self, key: bytes) -> Overrides:
        roles = Roles({"chief": "admin"})
        return Overrides(key, roles, self.clock, self.write, self.metrics)

    def write(self, request: object, reply: str) -> None:
        self.written.append({**request, "reply": reply})  # type: ignore[dict-item]

    def permits(self, key: str = "open sesame", sender: str = ME, role: str = "") -> bool:
        try:
            self.overrides.permit(PART, sender, key, role)
        except NotPermittedError:
            return False
        return True

    def refused(self) -> str:
        (line,) = [each for each in self.metrics.text().splitlines() if each[0] != "#"]
        return f"{float(line.rpartition(' ')[2]):g}"

    def test_the_key_permits_and_no_other(self) -> None:
        self.assertTrue(self.permits())
        for sender, key in enumerate(("open sesam", "", "é", "open sesame ")):
            self.assertFalse(self.permits(key, f"10.0.1.{sender}"), msg=key)

    def test_where_there_is_none_no_key_permits(self) -> None:
        self.overrides = self.with_key(b"")
        self.assertFalse(self.permits(""))

    def test_an_admin_needs_none_and_is_never_slowed(self) -> None:
        for _ in range(3):
            self.assertFalse(self.permits("x", "chief@10.0.0.3", "operate"))
        self.assertTrue(self.permits("x", "chief@10.0.0.3"))

    def test_after_a_wrong_one_the_right_one_is_not_heard_for_a_time(self) -> None:
        self.permits("x")
        self.clock.advance(FIRST_WAIT - 0.01)
        self.assertFalse(self.permits())
        self.clock.advance(0.01)
        self.assertTrue(self.permits())

    def test_that_time_doubles_with_each_up_to_the_longest(self) -> None:
        waits = []
        for _ in range(12):
            began = self.clock.seconds()
            self.permits("x")
            while self.overrides._guesses[ME].until > self.clock.seconds():
                self.clock.advance(FIRST_WAIT)
            waits.append(self.clock.seconds() - began)
        self.assertEqual(waits[:4], [1, 2, 4, 8])
        self.assertEqual(waits[-1], LONGEST_WAIT)

    def test_it_stays_so_however_often_one_guesses(self) -> None:
        for _ in range(1100):
            self.assertFalse(self.permits("x"))
            self.clock.advance(LONGEST_WAIT)
        self.permits("x")
        self.clock.advance(LONGEST_WAIT - 0.01)
        self.assertFalse(self.permits())
        self.clock.advance(0.01)
        self.assertTrue(self.permits())

    def test_who_is_not_heard_is_told_for_how_long(self) -> None:
        self.permits("x")
        self.clock.advance(FIRST_WAIT)
        self.permits("x")
        self.clock.advance(FIRST_WAIT / 4)
        error = self.assertRaises(NotPermittedError, self.overrides.permit, PART, ME, "x", "")
        self.assertEqual(
            str(error), "not permitted: Override; a key was wrong, and none is heard for 2 s"
        )

    def test_what_is_not_heard_makes_the_time_no_longer(self) -> None:
        self.permits("x")
        for _ in range(1000):
            self.permits("y")
        self.clock.advance(FIRST_WAIT)
        self.assertTrue(self.permits())

    def test_the_right_one_begins_anew(self) -> None:
        self.permits("x")
        self.clock.advance(FIRST_WAIT)
        self.permits()
        self.permits("x")
        self.clock.advance(FIRST_WAIT)
        self.assertTrue(self.permits())

    def test_so_does_an_hour(self) -> None:
        for _ in range(2):
            self.permits("x")
            self.clock.advance(FORGET + LONGEST_WAIT)
        self.permits("x")
        self.clock.advance(FIRST_WAIT)
        self.assertTrue(self.permits())

    def test_a_little_less_does_not(self) -> None:
        self.permits("x")
        self.clock.advance(FIRST_WAIT + FORGET - 0.01)
        self.permits("x")
        self.clock.advance(2 * FIRST_WAIT - 0.01)
        self.assertFalse(self.permits())
        self.clock.advance(0.01 + FORGET)
        self.permits("x")
        self.clock.advance(FIRST_WAIT)
        self.assertTrue(self.permits())

    def test_another_sender_is_not_slowed(self) -> None:
        self.permits("x")
        self.assertTrue(self.permits(sender=OTHER))

    def test_who_has_many_addresses_is_one(self) -> None:
        for first, others in (
            ("127.0.0.1", ("127.7.8.9", "::1", "local")),
            ("alice@10.0.0.1", ("alice@10.0.0.2",)),
        ):
            self.assertFalse(self.permits("guess", sender=first))
            for other in others:
                self.assertFalse(self.permits(sender=other), other)

    def test_each_that_was_heard_is_written_down_and_all_are_counted(self) -> None:
        for _ in range(4):
            self.permits("open sesam")
        self.clock.advance(FIRST_WAIT)
        self.permits("open sesamm")
        reply = (
            "ERROR 208 : not permitted: Override; the emergency key is another, or there is none"
        )
        first = {"command": "Override System:A", "sender": ME, "reply": reply}
        self.assertEqual(self.written, [first, {**first, "unheard": "3"}])
        self.assertEqual(self.refused(), "5")
        self.clock.advance(2 * FIRST_WAIT)
        self.permits("y")
        self.assertEqual(self.written[2:], [first])
        self.assertNotIn("sesam", str(self.written))
        self.assertEqual(unfinished(self.metrics), {})

    def test_no_more_senders_are_remembered_than_a_number(self) -> None:
        for number in range(SENDERS + 10):
            self.permits("x", f"sender {number}")
        self.assertEqual(len(self.overrides._guesses), SENDERS)
        self.assertNotIn("sender 9", self.overrides._guesses)
        self.clock.advance(FIRST_WAIT)
        self.permits("x", "sender 10")
        self.permits("x", "another")
        self.assertIn("sender 10", self.overrides._guesses)
        self.assertNotIn("sender 11", self.overrides._guesses)
