"""What may be a copy of one plain command: the bounds of it, on both sides."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from pychron_comms.processor.execution.entry import Ended, State
from pychron_comms.processor.execution.plain_command import (
    CONNECTIONS,
    PlainCommand,
    is_first,
)
from pychron_comms.wire.copies import KEEP, KEEP_DATAGRAM

OK = Ended(State.DONE, "OK")
REFUSED = Ended(State.DONE, "ERROR 207 : interlock: A is open", refused=True)

#: A little time, in seconds.
MOMENT = 0.001


class PlainCommandTests(SynchronousTestCase):
    """Asked at 10 s, by a connection unless it is a datagram; over at 20 s."""

    def command(self, ask: str = "c1.3", ended: Ended = OK) -> PlainCommand:
        request = {"type": "System", "command": "Open A", "ask": ask}
        plain = PlainCommand(OK, request, (), 10.0)
        plain.end(ended, 20.0)
        return plain

    def test_a_copy_may_come_for_some_time_after_its_end(self) -> None:
        for ask, keep in (("c1.3", KEEP), ("udp.3", KEEP_DATAGRAM)):
            plain = self.command(ask)
            self.assertTrue(plain.may_be_copied_by(20.0 + keep - MOMENT))
            self.assertFalse(plain.may_be_copied_by(20.0 + keep))
            self.assertEqual(plain.keep, keep)

    def test_a_first_word_may_be_older_until_the_reply_was_there(self) -> None:
        plain = self.command()
        for since, older in ((20.0 - MOMENT, True), (20.0, False)):
            self.assertEqual(plain.may_be_older("c2.1", since), older)
        for since, older in ((10.0 - MOMENT, True), (10.0, False)):
            self.assertEqual(plain.may_be_older("c2.2", since), older)

    def test_or_until_the_last_copy_was_asked(self) -> None:
        plain = self.command()
        plain.ask("c2.1", 23.0)
        for since, older in ((23.0 - MOMENT, True), (23.0, False)):
            self.assertEqual(plain.may_be_older("c3.1", since), older)
        self.assertEqual((plain.last, plain.last_at), ("c2.1", 23.0))

    def test_who_asks_it_again_has_not_read_its_reply(self) -> None:
        plain = self.command()
        plain.is_taken = True
        plain.ask("c2.1", 23.0)
        self.assertFalse(plain.is_taken)

    def test_each_connection_that_asked_it_is_known_up_to_a_number(self) -> None:
        plain = self.command("c0.1")
        for number in range(1, CONNECTIONS + 5):
            plain.ask(f"c{number}.1", 21.0)
        known = [plain.came_by(f"c{number}.7") for number in range(CONNECTIONS + 5)]
        self.assertEqual(known, [True] * CONNECTIONS + [False] * 5)
        self.assertFalse(self.command("udp.1").came_by("udp.1"))

    def test_a_refusal_is_told_again_to_who_cannot_have_read_it(self) -> None:
        plain = self.command(ended=REFUSED)
        for ask, sent, since, again in (
            ("c2.1", 21.0, 20.0 - MOMENT, True),
            ("c2.1", 21.0, 20.0, False),
            ("c2.1", 20.0 + KEEP, 15.0, False),
            ("c1.1", 21.0, 15.0, False),
            ("udp.2", 20.0 + KEEP_DATAGRAM - MOMENT, 0.0, True),
            ("udp.2", 20.0 + KEEP_DATAGRAM, 0.0, False),
        ):
            self.assertEqual(plain.was_refused_to(ask, sent, since), again, (ask, sent, since))

    def test_what_is_undone_is_unknown_whether_it_runs_or_has_run(self) -> None:
        reply = (
            "ERROR 201 : outcome unknown: Open A was done, and the stop may have undone it since"
        )
        for runs in (True, False):
            request = {"type": "System", "command": "Open A", "ask": "c1.1"}
            plain = PlainCommand(OK, request, (), 10.0)
            if runs:
                plain.undone_by = "the stop"
                plain.end(OK, 20.0)
            else:
                plain.end(OK, 20.0)
                plain.undo("the stop")
            self.assertEqual(plain.what, Ended(State.UNKNOWN, reply))
        self.assertEqual(REFUSED.undone("Open A", "the stop"), REFUSED)

    def test_a_first_word_is_the_first_of_a_connection(self) -> None:
        for ask, first in (
            *(("c1.1", True), ("s.1.1", True), ("c1.11", False), ("c1.2", False)),
            *(("udp.1", False), ("", False), (".1", False)),
        ):
            self.assertEqual(is_first(ask), first, ask)
