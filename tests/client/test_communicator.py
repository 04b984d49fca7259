"""The blocking communicator: what it sends and when, and what it makes of everything else."""

from __future__ import annotations

import pickle
import ssl
from threading import Thread
from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from pychron_comms.client.communicator import Communicator
from pychron_comms.client.link.links import World
from pychron_comms.client.outcome import (
    BadReplyError,
    ClientError,
    NoReplyError,
    NotSentError,
    ReplyTimeoutError,
)
from pychron_comms.client.watch.notices import Lost
from pychron_comms.errors import (
    InvalidCommandError,
    MalformedRequestError,
    OutcomeUnknownError,
    PychronCommunicationError,
    error_from_line,
)
from pychron_comms.wire.frames import FrameFormat
from tests.client_doubles import Event, ScriptedChannel, ScriptedNetwork

READY = b"@id=1 OK\r\n"
REFUSED = ConnectionRefusedError(111, "Connection refused")


class OutcomeTests(SynchronousTestCase):
    def test_the_errors_join_the_tree_and_take_no_code_of_it(self) -> None:
        for error, base, code in (
            (NotSentError("tcp:lab:1", "Open A", "refused"), PychronCommunicationError, 11),
            (ReplyTimeoutError("tcp:lab:1", "Open A", "late"), OutcomeUnknownError, 201),
        ):
            self.assertIsInstance(error, base)
            self.assertIsInstance(error, ClientError)
            self.assertEqual((error.code, error.server), (code, "tcp:lab:1"))
            self.assertIs(type(error_from_line(f"ERROR {code:03d} : x")), base)

    def test_an_error_says_server_command_and_outcome(self) -> None:
        error = NoReplyError("tcp:lab:1", "Open A", "the connection was lost")
        self.assertEqual(
            str(error),
            "outcome unknown of 'Open A', sent to tcp:lab:1: the connection was lost",
        )
        self.assertEqual(str(pickle.loads(pickle.dumps(error))), str(error))


class TaggedTests(SynchronousTestCase):
    def asker(self, *channels: ScriptedChannel | OSError) -> Communicator:
        self.network = ScriptedNetwork(*channels)
        return self.network.communicator(form="tagged")

    def test_asks_with_number_key_and_time(self) -> None:
        channel = ScriptedChannel(READY)
        self.assertEqual(self.asker(channel).ask("Open A"), "OK")
        (line,) = channel.lines
        self.assertRegex(line, r"\A@id=1;key=[0-9a-f]{12}-1;within=2\.000 Open A\r\Z")

    def test_says_which_laboratory_is_meant(self) -> None:
        channel = ScriptedChannel(READY)
        self.network = ScriptedNetwork(channel)
        meant = "/home/me/my lab/lab.toml"
        self.network.communicator(form="tagged", laboratory=meant).ask("Open A")
        self.assertIn(";lab=/home/me/my%20lab/lab.toml Open A\r", channel.lines[0])

    def test_keeps_its_connection(self) -> None:
        channel = ScriptedChannel(b"@id=1 a\r\n", 0.1, b"@id=2 b\r\n")
        asker = self.asker(channel)
        self.assertEqual([asker.ask("A"), asker.ask("B")], ["a", "b"])
        self.assertFalse(channel.is_closed)
        asker.close()
        self.assertTrue(channel.is_closed)

    def test_a_closed_one_is_opened_again(self) -> None:
        asker = self.asker(ScriptedChannel(READY), ScriptedChannel(b"@id=2 b\r\n"))
        with asker:
            asker.ask("A")
        self.assertEqual(asker.ask("B"), "b")

    def test_an_error_is_raised_as_its_class(self) -> None:
        asker = self.asker(ScriptedChannel(b"@id=1 ERROR 003 : invalid command: X\r\n"))
        error = self.assertRaises(InvalidCommandError, asker.ask, "X")
        self.assertEqual(str(error), "invalid command: X")
        answered = "tcp:lab:1067 answered 'X' with ERROR 003 : invalid command: X"
        self.assertEqual(error.__notes__, [answered])

    def test_what_is_not_one_line_is_never_sent(self) -> None:
        asker = self.asker()
        self.assertRaises(MalformedRequestError, asker.ask, "Open A\nOpen B")
        self.assertRaises(MalformedRequestError, asker.tell, "")

    def test_a_refused_connection_has_sent_nothing(self) -> None:
        error = self.assertRaises(NotSentError, self.asker(REFUSED).ask, "Open A")
        self.assertEqual(
            str(error),
            "'Open A' was never sent to tcp:lab:1067: Connection refused; "
            "nothing listens there (pychron-lab run starts a laboratory)",
        )
        self.assertEqual((error.server, error.command), ("tcp:lab:1067", "Open A"))
        error = self.assertRaises(NotSentError, self.asker(REFUSED).ask, "Open A", key="run-7")
        self.assertEqual(error.key, "run-7")

    def test_silence_leaves_the_outcome_unknown_and_ends_the_connection(self) -> None:
        channel, other = ScriptedChannel(), ScriptedChannel(b"@id=2 b\r\n")
        asker = self.asker(channel, other)
        error = self.assertRaises(ReplyTimeoutError, asker.ask, "Open A", 0.5)
        self.assertIn("no reply within 0.5 s", str(error))
        self.assertTrue(channel.is_closed)
        self.assertEqual(asker.ask("B"), "b")
        self.assertEqual([len(channel.lines), len(other.lines)], [1, 1])

    def test_a_late_reply_is_nobodys_on_whatever_connection(self) -> None:
        asker = self.asker(ScriptedChannel(), ScriptedChannel(b"@id=1 late\r\n@id=2 b\r\n"))
        self.assertRaises(ReplyTimeoutError, asker.ask, "A")
        self.assertEqual(asker.ask("B"), "b")

    def test_a_reply_that_comes_between_two_asks_is_nobodys(self) -> None:
        asker = self.asker(ScriptedChannel(READY, b"@id=1 again\r\n", 0.1, b"@id=2 b\r\n"))
        self.assertEqual([asker.ask("A"), asker.ask("B")], ["OK", "b"])

    def test_a_connection_that_ended_meanwhile_is_noticed_before_sending(self) -> None:
        for end in (b"", ConnectionResetError(104, "reset"), b"garbage\r\n", b"@id=9 x\r\n"):
            dead, fresh = ScriptedChannel(READY, end), ScriptedChannel(b"@id=2 b\r\n")
            asker = self.asker(dead, fresh)
            asker.ask("A")
            self.assertEqual(asker.ask("B"), "b")
            self.assertEqual((len(dead.lines), dead.is_closed), (1, True))

    def test_a_lost_connection_leaves_the_outcome_unknown(self) -> None:
        for event, why in (
            (b"", "lost (closed by the server without a reply)"),
            (ConnectionResetError(104, "Connection reset by peer"), "reset by peer"),
        ):
            error = self.assertRaises(NoReplyError, self.asker(ScriptedChannel(event)).ask, "A")
            self.assertIn(why, str(error))

    def test_bad_replies(self) -> None:
        for events, why in (
            ((b"@id=1 O", b""), "ended inside the reply"),
            ((b"hello\r\n",), "a reply without a number"),
            ((b"@id=2 OK\r\n",), "command 2, which was never sent"),
            ((b"@id=1 a\r\n@id=1 b\r\n",), "two replies to one command: 'a' and 'b'"),
            ((b"@id=1;len=99999999 \r\n",), "a reply of more than"),
        ):
            channel = ScriptedChannel(*events)
            error = self.assertRaises(BadReplyError, self.asker(channel).ask, "A")
            self.assertIn(why, str(error))
            self.assertTrue(channel.is_closed)

    def test_what_could_not_leave_was_not_sent(self) -> None:
        channel = ScriptedChannel()
        channel.fault = BrokenPipeError(32, "Broken pipe")
        self.assertRaises(NotSentError, self.asker(channel).ask, "A")
        channel.fault_begun = True
        self.assertRaises(NoReplyError, self.asker(channel).ask, "A")

    def test_no_time_left_after_connecting_is_never_sent(self) -> None:
        asker = self.asker(ScriptedChannel())
        opened = self.network.open_channel

        def slowly(*arguments: object) -> object:
            channel = opened(*arguments)  # type: ignore[arg-type]
            self.network.clock.advance(3)
            return channel

        self.patch(asker._tagged._doorway, "_world", self.network_world(slowly))
        error = self.assertRaises(NotSentError, asker.ask, "A")
        self.assertIn("no connection within 2 s", str(error))

    def network_world(self, open_channel: object) -> object:
        from pychron_comms.client.link.links import World  # noqa: PLC0415

        return World(open_channel, self.network.clock.seconds)  # type: ignore[arg-type]

    def test_an_interrupt_leaves_it_usable(self) -> None:
        channel = ScriptedChannel(KeyboardInterrupt())
        asker = self.asker(channel, ScriptedChannel(b"@id=2 b\r\n"))
        with self.assertRaises(KeyboardInterrupt):
            asker.ask("A")
        self.assertTrue(channel.is_closed)
        self.assertEqual(asker.ask("B"), "b")

    def test_tell_reads_no_reply_and_gives_it_to_nobody(self) -> None:
        channel = ScriptedChannel(0.1, b"@id=1 told\r\n@id=2 b\r\n")
        asker = self.asker(channel)
        asker.tell("A")
        self.assertRegex(channel.lines[0], r"^@id=1;key=[0-9a-f]{12}-1;within=2\.000 A\r$")
        self.assertEqual(asker.last_key[-2:], "-1")
        self.assertEqual(asker.ask("B"), "b")

    def test_a_lease_lasts_as_the_communicators_own_time_tells(self) -> None:
        lease = self.asker().lease("A", 60)
        self.network.clock.advance(9)
        self.assertEqual(lease._clock(), 9.0)

    def test_tls_is_spoken_with_the_context_that_was_given(self) -> None:
        context = ssl.create_default_context()
        for form in ("tagged", "plain", "auto"):
            used: list[Any] = []

            def refuse(address: Any, context: Any, deadline: Any, used: list[Any] = used) -> Any:
                used.append((address.text, context))
                raise REFUSED

            asker = Communicator(
                "tls:lab:1067", tls=context, form=form, _world=World(open_channel=refuse)
            )
            self.assertRaises(NotSentError, asker.ask, "Open A")
            self.assertIsInstance(next(iter(asker.watch("*"))), Lost)
            self.assertEqual(used, [("tls:lab:1067", context)] * 2)

    def test_tell_says_what_was_not_sent(self) -> None:
        self.assertRaises(NotSentError, self.asker(REFUSED).tell, "A")
        channel = ScriptedChannel()
        channel.fault = BrokenPipeError(32, "Broken pipe")
        self.assertRaises(NotSentError, self.asker(channel).tell, "A")
        self.assertTrue(channel.is_closed)

    def test_events_and_empty_datagrams(self) -> None:
        channel = ScriptedChannel(b"", READY, 0.1, b"@id=2 b\r\n", datagrams=True)
        asker = self.asker(channel)
        self.assertEqual([asker.ask("A"), asker.ask("B")], ["OK", "b"])
        self.assertEqual(len(channel.lines), 2)


class ThreadTests(SynchronousTestCase):
    def test_threads_take_turns(self) -> None:
        replies = [b"@id=%d x\r\n" % number for number in range(1, 41)]
        channel = ScriptedChannel(*(each for reply in replies for each in (0.001, reply)))
        asker = ScriptedNetwork(channel).communicator(form="tagged")
        found: list[str] = []
        threads = [
            Thread(target=lambda: found.extend(asker.ask("A") for _ in range(10))) for _ in range(4)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual(found, ["x"] * 40)

    def test_a_turn_that_never_comes_has_sent_nothing(self) -> None:
        asker = ScriptedNetwork().communicator(form="tagged")
        errors: list[Exception] = []

        def ask() -> None:
            try:
                asker.ask("A", timeout=0.001)
            except NotSentError as error:
                errors.append(error)

        with asker._turn:
            thread = Thread(target=ask)
            thread.start()
            thread.join()
        why = "others asked for all of 0.001 s"
        self.assertEqual(str(errors[0]), f"'A' was never sent to tcp:lab:1067: {why}")


class PlainTests(SynchronousTestCase):
    def asker(self, *channels: ScriptedChannel | OSError, frame: str = "") -> Communicator:
        self.network = ScriptedNetwork(*channels)
        return self.network.communicator(form="plain", frame=frame)

    def test_each_command_has_a_connection(self) -> None:
        one, two = ScriptedChannel(b"OK\r\n"), ScriptedChannel(b"True", b"")
        asker = self.asker(one, two)
        self.assertEqual([asker.ask("Open A"), asker.ask("GetValveState A")], ["OK", "True"])
        self.assertEqual((one.lines, two.lines), (["Open A\r"], ["GetValveState A\r"]))
        self.assertTrue(one.is_closed and two.is_closed)

    def test_a_terminated_reply_is_taken_at_once(self) -> None:
        self.assertEqual(self.asker(ScriptedChannel(b"OK\n")).ask("Open A"), "OK")
        self.assertEqual(self.network.clock.seconds(), 0.0)

    def test_silence_ends_what_has_no_end(self) -> None:
        self.assertEqual(self.asker(ScriptedChannel(b"O", 0.01, b"K")).ask("Open A"), "OK")
        self.assertAlmostEqual(self.network.clock.seconds(), 0.06)

    def test_silence_ends_nothing_where_the_end_of_the_connection_does(self) -> None:
        def ask(*events: Event) -> str:
            self.network = ScriptedNetwork(ScriptedChannel(*events))
            return self.network.communicator(form="closing").ask("GetHV")

        self.assertEqual(ask(b"45", 0.5, b"00", b""), "4500")
        self.assertEqual(ask(b"4500\r\n"), "4500")
        self.assertRaises(ReplyTimeoutError, ask, b"45")
        self.assertRaises(NoReplyError, ask, b"45", 0.1, ConnectionResetError(104, "reset"))

    def test_silence_that_the_deadline_cuts_ends_nothing(self) -> None:
        asker = self.asker(ScriptedChannel(1.98, b"O"))
        self.assertRaises(ReplyTimeoutError, asker.ask, "Open A")

    def test_a_bad_reply(self) -> None:
        for events, error in (
            ((b"",), NoReplyError),
            ((b"O", ConnectionResetError(104, "reset")), NoReplyError),
            ((b"a\nb\n",), BadReplyError),
            ((b"\xff",), BadReplyError),
            ((), ReplyTimeoutError),
        ):
            channel = ScriptedChannel(*events)
            self.assertRaises(error, self.asker(channel).ask, "A")
            self.assertTrue(channel.is_closed)

    def test_a_frame_is_checked(self) -> None:
        frame = FrameFormat.parse("L4,-,C4").encode(b"True")
        asker = self.asker(
            ScriptedChannel(frame[:6], frame[6:]), ScriptedChannel(frame[:-1] + b"x"),
            frame="L4,-,C4",
        )  # fmt: skip
        self.assertEqual(asker.ask("A"), "True")
        self.assertRaises(BadReplyError, asker.ask, "A")

    def test_a_datagram_that_nobody_took_was_not_sent(self) -> None:
        asker = self.asker(ScriptedChannel(REFUSED, datagrams=True))
        self.assertRaises(NotSentError, asker.ask, "A")
        asker = self.asker(ScriptedChannel(ConnectionResetError(104, "reset"), datagrams=True))
        self.assertRaises(NoReplyError, asker.ask, "A")

    def test_a_refusal_on_a_connection_that_was_made_tells_nothing(self) -> None:
        self.assertRaises(NoReplyError, self.asker(ScriptedChannel(REFUSED)).ask, "A")

    def test_a_datagram_is_the_whole_reply(self) -> None:
        self.assertEqual(self.asker(ScriptedChannel(b"OK", datagrams=True)).ask("A"), "OK")

    def test_told_connections_stay_for_a_while(self) -> None:
        channels = [ScriptedChannel() for _ in range(9)]
        asker = self.asker(*channels)
        for _ in channels:
            asker.tell("A")
        self.assertEqual([each.is_closed for each in channels], [True] + [False] * 8)
        asker.close()
        self.assertTrue(all(each.is_closed for each in channels))


class AutoTests(SynchronousTestCase):
    def asker(self, *channels: ScriptedChannel | OSError) -> Communicator:
        self.network = ScriptedNetwork(*channels)
        return self.network.communicator()

    def test_a_server_that_answers_with_the_number_gets_tags(self) -> None:
        for ready in (b"OK", b"ERROR 011 : no processor"):
            channel = ScriptedChannel(b"@id=1 " + ready + b"\r\n", 0.1, b"@id=2 a\r\n")
            self.assertEqual(self.asker(channel).ask("A"), "a")
            self.assertEqual(channel.lines[0], "@id=1 PychronReady\r")
            self.assertRegex(channel.lines[1], "@id=2;key=.* A\r")

    def test_it_is_asked_once(self) -> None:
        channel = ScriptedChannel(READY, 0.1, b"@id=2 a\r\n", 0.1, b"@id=3 b\r\n")
        asker = self.asker(channel)
        self.assertEqual([asker.ask("A"), asker.ask("B")], ["a", "b"])
        self.assertEqual(len(channel.lines), 3)

    def test_any_other_server_is_asked_plainly(self) -> None:
        for answer in (
            (b"",),
            (b"Error: Invalid Command", b""),
            (b"Error: Invalid Command\r\n",),
            (ConnectionResetError(104, "reset"),),
            (READY, b""),
            (READY, b"hello\r\n"),
            (READY, ConnectionResetError(104, "reset")),
        ):
            probed = ScriptedChannel(*answer)
            plain, again = ScriptedChannel(b"OK\r\n"), ScriptedChannel(b"OK\r\n")
            asker = self.asker(probed, plain, again)
            self.assertEqual([asker.ask("A"), asker.ask("A")], ["OK", "OK"])
            self.assertTrue(probed.is_closed)
            self.assertEqual(plain.lines + again.lines, ["A\r", "A\r"])

    def test_more_that_comes_with_the_answer_ends_nothing(self) -> None:
        channel = ScriptedChannel(READY, b"@event=x;seq=1 y\r\n", 0.1, b"@id=2 a\r\n")
        self.assertEqual(self.asker(channel).ask("A"), "a")

    def test_silence_is_waited_for_half_of_the_time_and_is_not_believed_alone(self) -> None:
        silent = ScriptedChannel(), ScriptedChannel()
        ours = ScriptedChannel(b"@id=2 OK\r\n", 0.1, b"@id=3 b\r\n")
        asker = self.asker(*silent, ours)
        self.assertRaises(ReplyTimeoutError, asker.ask, "A")
        self.assertEqual(self.network.clock.seconds(), 2.0)
        self.assertEqual(silent[1].lines, ["A\r"])
        self.assertEqual(asker.ask("B"), "b")

    def test_an_answer_has_half_of_the_time_and_at_most_a_second(self) -> None:
        for timeout, late in ((1.0, 0.5), (10.0, 1.0)):
            ours = ScriptedChannel(late - 0.01, READY, 0.1, b"@id=2 a\r\n")
            self.assertEqual(self.asker(ours).ask("A", timeout), "a")
            slow = ScriptedChannel(late + 0.01, READY), ScriptedChannel(b"plain\r\n")
            self.assertEqual(self.asker(*slow).ask("A", timeout), "plain")
            self.assertEqual(self.network.clock.seconds(), late)

    def test_without_a_server_nothing_is_sent(self) -> None:
        self.assertRaises(NotSentError, self.asker(REFUSED).ask, "A")

    def test_tell_finds_out_too(self) -> None:
        channel = ScriptedChannel(READY)
        self.asker(channel).tell("A")
        self.assertRegex(channel.lines[1], "@id=2;")

    def test_an_interrupted_question_leaves_nothing_open(self) -> None:
        channel = ScriptedChannel(KeyboardInterrupt())
        asker = self.asker(channel, ScriptedChannel(b"@id=2 OK\r\n", 0.1, b"@id=3 b\r\n"))
        with self.assertRaises(KeyboardInterrupt):
            asker.ask("A")
        self.assertTrue(channel.is_closed)
        self.assertEqual(asker.ask("B"), "b")
