"""What became of a command: keys, outcomes, and what a script may do about them."""

from __future__ import annotations

import pickle

from twisted.trial.unittest import SynchronousTestCase

from pychron_comms.client.answers import UnexpectedReplyError
from pychron_comms.client.communicator import Communicator
from pychron_comms.client.outcome import NoReplyError, NotSentError, UnsettledError
from pychron_comms.client.settling import Outcome, before_command, parse_outcome
from pychron_comms.errors import (
    InterlockError,
    MalformedRequestError,
    ValveActuationError,
)
from tests.client_doubles import Event, ScriptedChannel, ScriptedNetwork


def numbered(first: int, *replies: str) -> list[Event]:
    """Replies, each of which comes when it has been asked for."""
    events: list[Event] = []
    for number, text in enumerate(replies, start=first):
        events += [0.0, f"@id={number} {text}\r\n".encode()]
    return events


class SettlingCase(SynchronousTestCase):
    form = "tagged"

    def asker(self, *channels: ScriptedChannel) -> Communicator:
        self.network = ScriptedNetwork(*channels)
        return self.network.communicator(form=self.form)

    def lines(self) -> list[str]:
        """The commands of all channels, without their tags."""
        sent = [line for channel in self.network.opened for line in channel.lines]
        return [line.partition(" ")[2].rstrip("\r") for line in sent]

    def lost(self, *replies: str) -> tuple[Communicator, UnsettledError]:
        """A command that was lost, and a server that then says the rest."""
        asker = self.asker(ScriptedChannel(), ScriptedChannel(*numbered(2, *replies)))
        return asker, self.assertRaises(UnsettledError, asker.ask, "Open A")


class KeyTests(SettlingCase):
    def test_a_lost_command_tells_its_key(self) -> None:
        asker, error = self.lost()
        self.assertRegex(error.key, r"\A[0-9a-f]{12}-1\Z")
        self.assertIn(f";key={error.key};", self.network.opened[0].lines[0])
        self.assertEqual((error.command, error.server), ("Open A", "tcp:lab:1067"))
        self.assertEqual(asker.last_key, error.key)

    def test_the_servers_own_201_tells_it_too(self) -> None:
        text = "outcome unknown: the processor was lost during Open A"
        asker = self.asker(ScriptedChannel(*numbered(1, f"ERROR 201 : {text}")))
        error = self.assertRaises(UnsettledError, asker.ask, "Open A", key="run-7.A")
        self.assertEqual((str(error), error.key), (text, "run-7.A"))
        again = pickle.loads(pickle.dumps(error))
        self.assertEqual((str(again), again.key, again.command), (text, "run-7.A", "Open A"))

    def test_a_key_of_the_askers_own_is_sent_as_it_is(self) -> None:
        asker = self.asker(ScriptedChannel(*numbered(1, "OK", "OK")))
        asker.ask("Open A", key="run-7.A")
        asker.ask("Open A", None, "run-7.A")
        for line in self.network.opened[0].lines:
            self.assertIn(";key=run-7.A;", line)

    def test_what_no_tag_can_hold_is_no_key(self) -> None:
        asker = self.asker()
        for key in ("a b", "a;b", "a%20", "\u00e9", "x" * 129):
            self.assertRaises(MalformedRequestError, asker.ask, "Open A", key=key)
        self.assertEqual(self.network.opened, [])


class PlainTests(SettlingCase):
    form = "plain"

    def test_nothing_is_asked_with_a_key_where_there_are_none(self) -> None:
        asker = self.asker(ScriptedChannel(b"OK\r\n"))
        error = self.assertRaises(NotSentError, asker.ask, "Open A", key="run-7")
        self.assertIn("the server knows no keys", str(error))
        self.assertEqual(self.network.opened, [])

    def test_a_lost_command_has_no_key_and_cannot_be_settled(self) -> None:
        asker = self.asker(ScriptedChannel())
        error = self.assertRaises(UnsettledError, asker.ask, "Open A")
        self.assertEqual((error.key, asker.last_key), ("", ""))
        self.assertIs(self.assertRaises(UnsettledError, asker.settle, error), error)


class OutcomeTests(SettlingCase):
    def test_each_state(self) -> None:
        for state in ("never seen", "waiting", "running", "unknown"):
            self.assertEqual(parse_outcome("Outcome k", state), (state, ""))
        for text, reply in (("done", ""), ("done OK", "OK"), ("done ERROR 014 : x", None)):
            found = parse_outcome("Outcome k", text)
            self.assertEqual(found, ("done", text[5:] if reply is None else reply))
        for text in ("", "OK", "doneOK", "Running"):
            self.assertRaises(UnexpectedReplyError, parse_outcome, "Outcome k", text)

    def test_is_asked_by_key_and_behind_a_type(self) -> None:
        asker = self.asker(ScriptedChannel(*numbered(1, "running", "done OK")))
        self.assertEqual(asker.outcome("k-1"), Outcome("running"))
        self.assertEqual(asker.outcome("k-1", "System"), Outcome("done", "OK"))
        self.assertEqual(self.lines(), ["Outcome k-1", "System|Outcome k-1"])


class SettleTests(SettlingCase):
    def test_waits_for_the_end_and_never_sends_the_command_again(self) -> None:
        asker, error = self.lost("waiting", "running", "running", "done OK")
        self.assertEqual(asker.settle(error), "OK")
        self.assertEqual(self.lines(), ["Open A", *[f"Outcome {error.key}"] * 4])
        self.assertAlmostEqual(self.network.clock.seconds(), 2.3)

    def test_raises_the_error_that_the_lost_reply_told(self) -> None:
        asker, error = self.lost("done ERROR 015 : Valve A failed to actuate open")
        found = self.assertRaises(ValveActuationError, asker.settle, error)
        self.assertEqual(str(found), "Valve A failed to actuate open")

    def test_an_unknown_end_that_the_reply_told_keeps_its_key(self) -> None:
        asker, error = self.lost("done ERROR 201 : outcome unknown: the processor was lost")
        found = self.assertRaises(UnsettledError, asker.settle, error)
        self.assertEqual((found.key, found.command), (error.key, "Open A"))
        self.assertEqual(found.server, "tcp:lab:1067")

    def test_what_was_never_seen_may_be_asked_again(self) -> None:
        asker, error = self.lost("never seen", "OK")
        found = self.assertRaises(NotSentError, asker.settle, error)
        self.assertEqual(found.key, error.key)
        self.assertEqual(asker.ask(found.command, key=found.key), "OK")
        self.assertIn(f"key={error.key};", self.network.opened[1].lines[-1])

    def test_what_died_with_the_processor_stays_unknown(self) -> None:
        asker, error = self.lost("unknown")
        found = self.assertRaises(NoReplyError, asker.settle, error)
        why = "it had begun, and its end is not known: look at the hardware"
        self.assertEqual(found.why, why)

    def test_does_not_wait_for_ever(self) -> None:
        asker, error = self.lost(*["running"] * 9)
        found = self.assertRaises(NoReplyError, asker.settle, error, 0.5)
        self.assertIn("it still runs", str(found))
        self.assertEqual(found.key, error.key)
        self.assertLess(self.network.clock.seconds(), 2.7)

    def test_each_state_that_is_no_end_says_what_it_is(self) -> None:
        for state, kind, why in (
            ("waiting", NoReplyError, "it still waits for its turn"),
            ("running", NoReplyError, "it still runs"),
            ("never seen", NotSentError, "the server has seen no such key"),
        ):
            asker, error = self.lost(state, state)
            found = self.assertRaises(kind, asker.settle, error, 0.05)
            self.assertEqual((found.why, found.command), (why, "Open A"))

    def test_asks_where_the_command_was_asked(self) -> None:
        asker = self.asker(ScriptedChannel(), ScriptedChannel(*numbered(2, "done OK")))
        error = self.assertRaises(UnsettledError, asker.ask, "System|Open A")
        asker.settle(error)
        self.assertEqual(self.lines()[-1], f"System|Outcome {error.key}")


class CheckTests(SettlingCase):
    def test_raises_what_the_command_would_get(self) -> None:
        asker = self.asker(
            ScriptedChannel(*numbered(1, "OK", "ERROR 207 : interlock: W is open", "True"))
        )
        asker.check("Open V")
        error = self.assertRaises(InterlockError, asker.check, "System|Open V")
        self.assertEqual(str(error), "interlock: W is open")
        self.assertRaises(UnexpectedReplyError, asker.check, "Open V")
        self.assertEqual(self.lines(), ["Check Open V", "System|Check Open V", "Check Open V"])

    def test_a_bar_in_an_argument_is_no_type(self) -> None:
        self.assertEqual(before_command("Check", "Set a b|c"), "Check Set a b|c")
