"""The Deferred communicator on tagged connections."""

from __future__ import annotations

from twisted.internet.defer import CancelledError, Deferred

from pychron_comms.client import deferred as deferred_module
from pychron_comms.client.answers import UnexpectedReplyError
from pychron_comms.client.deferred import DeferredCommunicator
from pychron_comms.client.link.tagged_session import HANDFUL
from pychron_comms.client.outcome import (
    BadReplyError,
    NoReplyError,
    NotSentError,
    ReplyTimeoutError,
    UnsettledError,
)
from pychron_comms.client.settling import POLL_INTERVAL
from pychron_comms.errors import (
    InvalidCommandError,
    LeasedError,
    MalformedRequestError,
    QueueFullError,
    ValveActuationError,
)
from tests.client.deferred_case import DONE, LOST, DeferredCase, Transport


class TaggedTests(DeferredCase):
    def test_asks_with_number_key_and_the_time_that_is_left(self) -> None:
        reply = self.asker.ask("Open A")
        self.reactor.advance(0.5)
        server = self.accept()
        (line,) = server.lines()
        self.assertRegex(line, r"\A@id=1;key=[0-9a-f]{12}-1;within=1\.500 Open A\Z")
        self.assertNoResult(reply)
        server.say(b"@id=1 OK\r\n")
        self.assertEqual(self.successResultOf(reply), "OK")

    def test_many_are_on_their_way_at_once_in_any_order(self) -> None:
        one, two = self.asker.ask("A"), self.asker.ask("B")
        server = self.accept()
        three = self.asker.ask("C")
        self.assertEqual(len(server.lines()), 3)
        server.say(b"@id=3 c\r\n@id=1 a\r\n@id=2 b\r\n")
        found = [self.successResultOf(each) for each in (one, two, three)]
        self.assertEqual(found, ["a", "b", "c"])

    def test_an_error_is_raised_as_its_class(self) -> None:
        reply = self.asker.ask("X")
        self.accept().say(b"@id=1 ERROR 003 : invalid command: X\r\n")
        self.failureResultOf(reply, InvalidCommandError)

    def test_what_is_wrong_at_once_is_never_sent(self) -> None:
        self.failureResultOf(self.asker.ask("A\nB"), MalformedRequestError)
        self.failureResultOf(self.asker.ask("A", timeout=0), ValueError)
        self.patch(deferred_module, "PENDING_LIMIT", 2)
        waiting = [self.asker.ask("A")]
        self.accept()
        waiting.append(self.asker.ask("B"))
        error = self.failureResultOf(self.asker.ask("C"), QueueFullError).value
        self.assertEqual(str(error), "queue full: 2 commands wait for unix:/lab")
        self.asker.close()
        for each in waiting:
            self.failureResultOf(each, NoReplyError)

    def test_a_refused_connection_fails_all_that_wait_and_the_next_ask_tries_again(self) -> None:
        one, two = self.asker.ask("A"), self.asker.tell("B")
        self.refuse()
        error = self.failureResultOf(one, NotSentError).value
        self.assertIn("'A' was never sent to unix:/lab: Connection refused; nothing", str(error))
        self.assertIn("pychron-lab run starts a laboratory", str(error))
        self.failureResultOf(two, NotSentError)
        three = self.asker.ask("C")
        self.accept().say(b"@id=1 c\r\n")
        self.assertEqual(self.successResultOf(three), "c")

    def test_a_connection_that_does_not_come_in_time(self) -> None:
        one, two = self.asker.ask("A", timeout=1), self.asker.ask("B")
        self.reactor.advance(1)
        self.failureResultOf(one, NotSentError)
        (line,) = self.accept().lines()
        self.assertIn("within=1.000 B", line)
        self.asker.close()
        self.failureResultOf(two, NoReplyError)

    def test_a_late_reply_is_nobodys(self) -> None:
        first = self.asker.ask("A", timeout=0.5)
        server = self.accept()
        self.reactor.advance(0.1)
        server.say(b"@event=x;seq=1 y\r\n")
        self.reactor.advance(0.4)
        self.failureResultOf(first, ReplyTimeoutError)
        second = self.asker.ask("B")
        server.say(b"@id=1 late\r\n")
        self.assertNoResult(second)
        server.say(b"@id=2 b\r\n")
        self.assertEqual(self.successResultOf(second), "b")

    def test_a_silent_connection_takes_no_more_and_ends_with_what_it_has(self) -> None:
        self.reactor.advance(1)
        first = self.asker.ask("A", timeout=0.5)
        server = self.accept()
        long = self.asker.ask("L", timeout=5)
        self.reactor.advance(0.5)
        self.failureResultOf(first, ReplyTimeoutError)
        second = self.asker.ask("B")
        other = self.accept()
        self.assertFalse(server.is_lost)
        server.say(b"@id=2 l\r\n")
        self.assertEqual(self.successResultOf(long), "l")
        self.assertTrue(server.is_lost)
        other.say(b"@id=1 late\r\n@id=3 b\r\n")
        self.assertEqual(self.successResultOf(second), "b")

    def test_a_silent_connection_with_nothing_else_ends_at_once(self) -> None:
        self.reactor.advance(1)
        reply = self.asker.ask("A")
        server = self.accept()
        self.reactor.advance(2)
        self.failureResultOf(reply, ReplyTimeoutError)
        self.assertTrue(server.is_lost)

    def test_a_lost_connection_leaves_the_outcomes_unknown_and_the_next_ask_opens_it(self) -> None:
        for error, why in ((DONE, "closed by the server"), (LOST, "non-clean")):
            asker = self.make("unix:/lab")
            one, two = asker.ask("A"), asker.ask("B")
            self.accept().end(error)
            for each in (one, two):
                self.assertIn(why, str(self.failureResultOf(each, NoReplyError).value))
            three = asker.ask("C")
            self.accept().say(b"@id=3 c\r\n")
            self.assertEqual(self.successResultOf(three), "c")
            asker.close()

    def test_garbage_ends_the_connection(self) -> None:
        for garbage in (b"hello\r\n", b"@id=9 x\r\n", b"@id=1;len=99999999 \r\n"):
            asker = self.make("unix:/lab")
            reply = asker.ask("A")
            server = self.accept()
            server.say(garbage)
            self.failureResultOf(reply, BadReplyError)
            self.assertTrue(server.is_lost)

    def test_cancelling_discards_the_reply(self) -> None:
        never, reply = self.asker.ask("N"), self.asker.ask("A")
        never.cancel()
        self.failureResultOf(never, CancelledError)
        server = self.accept()
        self.assertEqual(len(server.lines()), 1)
        reply.cancel()
        self.failureResultOf(reply, CancelledError)
        other = self.asker.ask("B")
        server.say(b"@id=1 a\r\n@id=2 b\r\n")
        self.assertEqual(self.successResultOf(other), "b")

    def test_tell_fires_when_it_has_left(self) -> None:
        told = self.asker.tell("A")
        self.assertNoResult(told)
        server = self.accept()
        self.assertIsNone(self.successResultOf(told))
        again = self.asker.tell("B")
        self.assertIsNone(self.successResultOf(again))
        server.say(b"@id=1 ERROR 003 : invalid command: A\r\n")
        server.end()

    def test_close_fails_what_waits_and_fires_when_all_is_gone(self) -> None:
        waiting = self.asker.ask("A")
        closed = self.asker.close()
        self.failureResultOf(waiting, NotSentError)
        self.successResultOf(closed)
        sent = self.asker.ask("B")
        self.reactor.unixClients.pop(0)
        self.accept()
        self.successResultOf(self.asker.close())
        error = self.failureResultOf(sent, NoReplyError).value
        self.assertIn("(the communicator was closed)", str(error))

    def test_what_is_asked_while_replies_are_handed_out_leaves_in_handfuls(self) -> None:
        first = [self.asker.ask("A") for _ in range(HANDFUL + 3)]
        server = self.accept()
        server.lines()
        written: list[int] = []
        again: list[Deferred[str]] = []

        def ask_again(reply: str) -> None:
            again.append(self.asker.ask("B"))
            written.append(server.value().count(b"\r"))

        for each in first:
            each.addCallback(ask_again)
        server.say(b"".join(b"@id=%d a\r\n" % number for number in range(1, len(first) + 1)))
        self.assertEqual(written, [0] * (HANDFUL - 1) + [HANDFUL] * 4)
        lines = server.lines()
        for each in lines:
            self.assertRegex(each, r"^@id=\d+;key=\S+ B$")
        self.assertEqual(len(lines), len(first))
        server.end()
        for each in again:
            self.failureResultOf(each, NoReplyError)

    def test_an_asker_may_ask_again_from_its_reply(self) -> None:
        again = self.asker.ask("A").addCallback(lambda _: self.asker.ask("B"))
        server = self.accept()
        server.say(b"@id=1 a\r\n")
        server.say(b"@id=2 b\r\n")
        self.assertEqual(self.successResultOf(again), "b")


class SettlingTests(DeferredCase):
    def lost(self, command: str = "Open A") -> UnsettledError:
        reply = self.asker.ask(command)
        self.accept().end()
        error = self.failureResultOf(reply, UnsettledError).value
        assert isinstance(error, UnsettledError)
        return error

    def test_a_key_of_the_askers_own_is_sent_as_it_is(self) -> None:
        reply = self.asker.ask("Open A", key="run-7")
        server = self.accept()
        self.assertIn("@id=1;key=run-7;within=", server.lines()[0])
        server.say(b"@id=1 ERROR 201 : outcome unknown: Open A was given up\r\n")
        error = self.failureResultOf(reply, UnsettledError).value
        self.assertEqual((error.key, error.command), ("run-7", "Open A"))
        self.failureResultOf(self.asker.ask("Open A", key="a b"), MalformedRequestError)

    def test_nothing_is_asked_with_a_key_where_there_are_none(self) -> None:
        asker = self.make("unix:/lab", form="plain")
        error = self.failureResultOf(asker.ask("Open A", key="run-7"), NotSentError).value
        self.assertIn("the server knows no keys", str(error))
        self.assertEqual(self.reactor.unixClients, [])

    def test_a_lost_command_is_settled_and_never_sent_again(self) -> None:
        error = self.lost()
        self.assertRegex(error.key, r"\A[0-9a-f]{12}-1\Z")
        settled = self.asker.settle(error)
        server = self.accept()
        for number, outcome in enumerate(("waiting", "running", "done OK"), start=2):
            (line,) = server.lines()
            self.assertTrue(line.endswith(f" Outcome {error.key}"), line)
            self.assertNoResult(settled)
            server.say(f"@id={number} {outcome}\r\n".encode())
            self.reactor.advance(POLL_INTERVAL)
        self.assertEqual((self.successResultOf(settled), server.lines()), ("OK", []))

    def test_settling_ends_in_time_and_tells_what_it_found(self) -> None:
        error = self.lost("System|Open A")
        other = self.asker.ask("B")
        server = self.accept()
        server.say(b"@id=2 b\r\n")
        self.successResultOf(other)
        server.lines()
        for number, (outcome, expected) in enumerate(
            (
                ("never seen", NotSentError),
                ("unknown", NoReplyError),
                ("done ERROR 015 : Valve A failed to actuate", ValveActuationError),
            ),
            start=3,
        ):
            settled = self.asker.settle(error)
            self.assertTrue(server.lines()[0].endswith(f" System|Outcome {error.key}"))
            server.say(f"@id={number} {outcome}\r\n".encode())
            self.failureResultOf(settled, expected)
        settled = self.asker.settle(error, timeout=POLL_INTERVAL)
        server.say(b"@id=6 running\r\n")
        self.reactor.advance(POLL_INTERVAL)
        server.say(b"@id=7 running\r\n")
        self.assertIn("it still runs", str(self.failureResultOf(settled, NoReplyError).value))

    def test_a_check_that_is_answered_otherwise_is_no_yes(self) -> None:
        checked = self.asker.check("Open A")
        self.accept().say(b"@id=1 True\r\n")
        error = self.failureResultOf(checked, UnexpectedReplyError).value
        self.assertIn("Check Open A was answered 'True'", str(error))

    def test_outcome_and_check(self) -> None:
        outcome, fine, refused = (
            self.asker.outcome("k-1", "System"),
            self.asker.check("Open A"),
            self.asker.check("CO2|Enable"),
        )
        server = self.accept()
        self.assertEqual(
            [line.partition(" ")[2] for line in server.lines()],
            ["System|Outcome k-1", "Check Open A", "CO2|Check Enable"],
        )
        server.say(b"@id=1 done OK\r\n@id=2 OK\r\n@id=3 ERROR 204 : CO2 is leased to b\r\n")
        self.assertEqual(self.successResultOf(outcome), ("done", "OK"))
        self.assertIsNone(self.successResultOf(fine))
        self.failureResultOf(refused, LeasedError)


class AutoTests(DeferredCase):
    form = "auto"

    def test_a_server_that_answers_with_the_number_gets_tags(self) -> None:
        for ready in (b"OK", b"ERROR 011 : no processor"):
            asker = self.make("unix:/lab")
            reply = asker.ask("A")
            server = self.accept()
            self.assertEqual(server.lines(), ["@id=1 PychronReady"])
            server.say(b"@id=1 " + ready + b"\r\n")
            self.assertEqual(server.lines(), [])
            self.reactor.advance(0.02)
            (line,) = server.lines()
            self.assertRegex(line, "@id=2;key=.*-2;within=1.980 A")
            server.say(b"@id=2 a\r\n")
            self.assertEqual(self.successResultOf(reply), "a")
            server.end()
            again = asker.ask("B")
            self.accept().say(b"@id=3 b\r\n")
            self.assertEqual(self.successResultOf(again), "b")
            asker.close()

    def test_any_other_is_asked_plainly(self) -> None:
        def closes_after_each_reply(server: Transport) -> None:
            server.say(b"@id=1 OK\r\n")
            server.end()
            self.reactor.advance(0.02)

        for answer in (
            lambda server: server.end(),
            lambda server: server.say(b"Error: Invalid Command\r\n"),
            lambda server: self.reactor.advance(1),
            closes_after_each_reply,
        ):
            asker = self.make("unix:/lab")
            reply = asker.ask("A", timeout=5)
            server = self.accept()
            answer(server)
            plain = self.accept()
            self.assertTrue(server.is_lost)
            self.assertEqual(plain.lines(), ["A"])
            plain.say(b"OK\r\n")
            self.assertEqual(self.successResultOf(reply), "OK")
            again = asker.ask("B")
            self.accept().say(b"b\n")
            self.assertEqual(self.successResultOf(again), "b")

    def test_it_finds_out_unless_it_is_told(self) -> None:
        asker = DeferredCommunicator("unix:/lab", self.reactor)
        asker.ask("A").addErrback(lambda _: None)
        self.assertEqual(self.accept().lines(), ["@id=1 PychronReady"])
        asker.close()

    def test_an_answer_has_half_of_the_time_and_at_most_a_second(self) -> None:
        for timeout, late in ((1.0, 0.5), (10.0, 1.0)):
            asker = self.make("unix:/lab", timeout=timeout)
            reply = asker.ask("A", timeout=20)
            server = self.accept()
            self.reactor.advance(late - 0.01)
            self.assertEqual(self.reactor.unixClients, [])
            self.assertFalse(server.is_lost)
            self.reactor.advance(0.02)
            self.assertTrue(server.is_lost)
            self.accept().say(b"a\n")
            self.assertEqual(self.successResultOf(reply), "a")

    def test_closing_while_it_finds_out(self) -> None:
        reply = self.asker.ask("A")
        server = self.accept()
        self.successResultOf(self.asker.close())
        self.failureResultOf(reply, NotSentError)
        self.assertTrue(server.is_lost)
