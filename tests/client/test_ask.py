"""``pychron-ask``: its options, exit statuses, output, waits and repetitions."""

from __future__ import annotations

import io
import json
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from pychron_comms import errors
from pychron_comms.client import ask
from pychron_comms.client.command_line import options as ask_options
from pychron_comms.client.command_line import progress as ask_progress
from pychron_comms.client.command_line.options import AskOptions, read_options
from pychron_comms.client.command_line.output import Output
from pychron_comms.client.command_line.session import AskSession, progress_on_terminal
from pychron_comms.client.command_line.waits import Poll, poll_for
from pychron_comms.client.outcome import ReplyTimeoutError
from pychron_comms.client.waiting import Progress, Waiter
from tests.asking import Answer, ScriptedCommunicator, clock_waiter
from tests.modules import hide_module

#: What no option says.
UNTOLD = {"request_type": "", "laboratory": ""}


class FakeTerminal(io.StringIO):
    def isatty(self) -> bool:
        return True


class OptionTests(SynchronousTestCase):
    def setUp(self) -> None:
        environment = {key: each for key, each in os.environ.items() if key != "PYCHRON_SERVER"}
        self.environment = environment
        self.patch(os, "environ", environment)
        self.patch(sys, "stderr", io.StringIO())

    def assert_refused(self, *argv: str, because: str) -> None:
        error = self.assertRaises(SystemExit, read_options, argv)
        self.assertEqual(error.code, 2)
        self.assertIn(because, sys.stderr.getvalue())  # type: ignore[attr-defined]

    def test_a_command(self) -> None:
        self.assertEqual(read_options(["Open", "A"]), AskOptions(command="Open A"))
        self.assertEqual(read_options([]).server, "tcp:127.0.0.1:1061")

    def test_all(self) -> None:
        given = "-s tcp:lab:1060 --type CO2 --timeout 5 --wait --deadline 9 --json --plain SetX -1"
        self.assertEqual(
            read_options(given.split()),
            AskOptions(
                command="SetX -1",
                server="tcp:lab:1060",
                request_type="CO2",
                timeout=5.0,
                wait=True,
                deadline=9.0,
                as_json=True,
                plain=True,
            ),
        )

    def test_watch(self) -> None:
        self.assertEqual(read_options(["--watch", "0.5", "GetError"]).watch, 0.5)

    def test_the_environment(self) -> None:
        self.environment["PYCHRON_SERVER"] = "tcp:lab-pc:1067"
        self.assertEqual(read_options([]).server, "tcp:lab-pc:1067")
        self.assertEqual(read_options(["--server", "udp:x:1"]).server, "udp:x:1")
        self.environment["PYCHRON_SERVER"] = ""
        self.assertEqual(read_options([]).server, "tcp:127.0.0.1:1061")

    def test_two_dashes(self) -> None:
        self.assertEqual(read_options(["--json", "--", "Open", "A"]).command, "Open A")

    def test_mistakes(self) -> None:
        self.assert_refused("Open", "A", "--json", because="--json must stand in front")
        self.assert_refused("Open", "-s", "x", because="-s must stand in front")
        for word in ("-p", "-h"):
            self.assert_refused("Open", word, because=f"{word} must stand in front of the command")
        self.assert_refused("--bogus", "Open", because="--bogus")
        self.assert_refused("--serv", "tcp:x:1", "Open", because="--serv")
        wrong = "pychron-ask: error: "
        self.assert_refused("--watch", "1", because=f"{wrong}--watch needs a command\n")
        for words in (["--key", "k"], ["--key", "k", "--watch", "1", "GetError"]):
            self.assert_refused(*words, because=f"{wrong}--key is for one command, asked once\n")
        both = f"{wrong}--watch and --wait do not go together\n"
        self.assert_refused("--watch", "1", "--wait", "SetX", "1", because=both)
        none = f"{wrong}--wait: there is nothing to wait for after Open A\n"
        self.assert_refused("--wait", "Open", "A", because=none)
        for seconds in ("0", "-1", "nan", "inf", "soon", "1000001"):
            why = f"{wrong}argument --timeout: {seconds} is no number of seconds above 0\n"
            self.assert_refused("--timeout", seconds, "X", because=why)
        self.assertEqual(read_options(["--timeout", "1000000", "X"]).timeout, 1e6)

    def test_help_shows_how_it_is_typed(self) -> None:
        out = io.StringIO()
        self.patch(sys, "stdout", out)
        self.assertEqual(self.assertRaises(SystemExit, read_options, ["--help"]).code, 0)
        told = out.getvalue().splitlines()
        self.assertEqual(told[0], "usage: pychron-ask [options] [COMMAND [ARGUMENT ...]]")
        self.assertIn("  pychron-ask -s tcp:lab-pc:1067 --wait GoToHole 3", told)

    def test_a_wait_for_whatever_comes(self) -> None:
        self.assertTrue(read_options(["--wait"]).wait)


class WaitTableTests(SynchronousTestCase):
    def test_what_is_polled(self) -> None:
        for command, commands in (
            ("GoToHole 3,True", ("GetDriveMoving", "GetAutoCorrecting")),
            ("GoToPoint,p1", ("GetDriveMoving",)),
            ("SetZ 1", ("GetZMoving",)),
            ('{"command": "DoPattern", "name": "pa"}', ("IsPatterning",)),
            ("SetMotor mask,2", ("GetMotorMoving mask",)),
            ("SetMotor mask 2", ("GetMotorMoving mask",)),
            ("SetMotor", ("GetMotorMoving ",)),
            ('{"command": "SetMotor", "name": "mask", "value": 2}', ("GetMotorMoving mask",)),
            ('{"command": "SetMotor", "motor": "mask", "value": 2}', ("GetMotorMoving mask",)),
            ("SetZoom 5", ("GetMotorMoving zoom",)),
        ):
            self.assertEqual((command, poll_for(command)), (command, Poll(commands, True)))
        self.assertEqual(poll_for("Prepare"), Poll(("IsReady",), False))

    def test_what_begins_nothing(self) -> None:
        for command in ("Open A", "GetPosition", "?", "{", ""):
            self.assertIsNone(poll_for(command))

    def test_any_that_goes_on(self) -> None:
        poll = Poll(("One", "Two"), True)
        for replies, goes_on in (
            ({"One": "False", "Two": "False"}, False),
            ({"One": "False", "Two": "True"}, True),
            ({"One": "True"}, True),
        ):
            self.assertIs(poll.ask(ScriptedCommunicator(replies).ask), goes_on)


class SessionCase(SynchronousTestCase):
    def setUp(self) -> None:
        self.out, self.err = io.StringIO(), io.StringIO()
        self.clock = Clock()
        self.told: list[Progress] = []

    @contextmanager
    def progress(self) -> Iterator[Any]:
        yield self.told.append

    def session(
        self,
        replies: dict[str, Answer | list[Answer]],
        waiter: Waiter | None = None,
        **options: Any,
    ) -> AskSession:
        self.communicator = ScriptedCommunicator(replies)
        return AskSession(
            self.communicator,
            Output(self.out, self.err, options.get("as_json", False)),
            AskOptions(**options),
            waiter=waiter or clock_waiter(self.clock),
            progress=self.progress,
        )

    def assert_written(self, out: str, err: str = "") -> None:
        self.assertEqual((self.out.getvalue(), self.err.getvalue()), (out, err))


class OnceTests(SessionCase):
    def test_a_reply(self) -> None:
        self.assertEqual(self.session({"Open": "OK"}, command="Open A").run([]), 0)
        self.assert_written("OK\n")

    def test_a_lease_that_is_over_at_once_is_told_of(self) -> None:
        told = "pychron-ask: that lease ends with this connection, which is now; without the word"
        for command, is_over in (
            ("Claim A 60 connection", True),
            ("System|Claim A 60 connection", True),
            ("Claim A 60", False),
            ("Claim connection 60", False),
        ):
            self.setUp()
            self.assertEqual(self.session({command: "OK"}, command=command).run([]), 0)
            self.assertEqual(self.err.getvalue().startswith(told), is_over, command)
        # Those of a pipe have one connection.
        self.setUp()
        self.session({"Claim A 60 connection": "OK"}).run(["Claim A 60 connection\n"])
        self.assert_written("OK\n")

    def test_an_error(self) -> None:
        session = self.session({"Open": errors.ValveSoftwareLockError("A")}, command="Open A")
        self.assertEqual(session.run([]), 1)
        self.assert_written("", "ERROR 014 : Valve A is software locked\n")

    def test_a_type_in_the_place_of_the_command_is_told_where_to_stand(self) -> None:
        told = f"ERROR 003 : invalid command: co2{errors.IS_TYPE}CO2 (tcp:1067)"
        for words, meant in (("co2 Enable", "Enable"), ("Help CO2", "Help")):
            self.setUp()
            error = errors.error_from_line(told)
            assert error is not None
            self.assertEqual(self.session({words: error}, command=words).run([]), 1)
            note = f"pychron-ask: the type stands in front: --type CO2 {meant}"
            self.assert_written("", f"{told}\n{note}\n")

    def test_an_error_is_red_at_a_terminal_alone(self) -> None:
        Output(self.out, self.err, in_colour=True).error("Open A", errors.QueueFullError("x"))
        self.assert_written("", "\x1b[31mERROR 203 : queue full: x\x1b[0m\n")

    def test_no_connection_and_unknown_outcome(self) -> None:
        for error in (
            errors.PychronCommunicationError("tcp:x:1", "refused"),
            errors.OutcomeUnknownError("no reply"),
        ):
            self.assertEqual(self.session({"Open": error}, command="Open A").run([]), 2)

    def test_interrupted(self) -> None:
        session = self.session({"Open": KeyboardInterrupt()}, command="Open A")
        self.assertEqual(session.run([]), 2)
        self.assert_written("", "ERROR 201 : outcome unknown: Open A was interrupted\n")

    def test_an_unknown_outcome_tells_how_to_look(self) -> None:
        for command, options, look in (
            ("Open A", {}, "-s tcp:lab:1 Outcome k-1"),
            ("Open A", {"request_type": "System"}, "-s tcp:lab:1 --type System Outcome k-1"),
            ("System|Open A", {}, "-s tcp:lab:1 'System|Outcome k-1'"),
        ):
            self.err.truncate(0)
            self.err.seek(0)
            error = ReplyTimeoutError("tcp:lab:1", command, "no reply within 2 s", "k-1")
            session = self.session({command: error}, command=command, server="tcp:lab:1", **options)
            self.assertEqual(session.run([]), 2)
            self.assertEqual(
                self.err.getvalue().splitlines()[1:],
                [f"pychron-ask: look what became of it: pychron-ask {look}"],
            )

    def test_an_unknown_outcome_without_a_key_does_not(self) -> None:
        error = ReplyTimeoutError("tcp:lab:1", "Open A", "no reply within 2 s")
        self.session({"Open": error}, command="Open A").run([])
        self.assertEqual(len(self.err.getvalue().splitlines()), 1)

    def test_interrupted_with_a_key(self) -> None:
        def interrupted(command: str) -> str:
            raise KeyboardInterrupt

        session = AskSession(
            ScriptedCommunicator(),
            Output(self.out, self.err),
            AskOptions(command="Open A"),
            ask=interrupted,
            last_key=lambda: "k-1",
        )
        self.assertEqual(session.run([]), 2)
        self.assert_written(
            "",
            "ERROR 201 : outcome unknown: Open A was interrupted\n"
            "pychron-ask: look what became of it: "
            "pychron-ask -s tcp:127.0.0.1:1061 Outcome k-1\n",
        )

    def test_a_key_is_not_for_what_is_polled_behind_the_command(self) -> None:
        keyed = ScriptedCommunicator({"GoToHole": "OK"})
        polls = ScriptedCommunicator({"GetDriveMoving": "False", "GetAutoCorrecting": "False"})
        session = AskSession(
            polls,
            Output(self.out, self.err),
            AskOptions(command="GoToHole 3", wait=True, key="run-7"),
            waiter=clock_waiter(self.clock),
            progress=self.progress,
            ask=keyed.ask,
        )
        self.assertEqual(session.run([]), 0)
        self.assertEqual(keyed.asked, ["GoToHole 3"])
        self.assertEqual(set(polls.asked), {"GetDriveMoving", "GetAutoCorrecting"})

    def test_json_tells_the_key(self) -> None:
        error = ReplyTimeoutError("tcp:lab:1", "Open A", "no reply within 2 s", "k-1")
        self.session({"Open": error}, command="Open A", as_json=True).run([])
        self.assertEqual(json.loads(self.out.getvalue())["error"]["key"], "k-1")

    def test_json(self) -> None:
        session = self.session(
            {"Open": ["OK", errors.InvalidValveError("Z")]}, command="Open Z", as_json=True
        )
        self.assertEqual([session.run([]), session.run([])], [0, 1])
        reply, error = map(json.loads, self.out.getvalue().splitlines())
        self.assertEqual(reply, {"command": "Open Z", "reply": "OK"})
        self.assertEqual(
            error,
            {
                "command": "Open Z",
                "error": {
                    "code": 5,
                    "class": "InvalidValveError",
                    "text": "Z is not a registered valve name",
                },
            },
        )
        self.assertEqual(self.err.getvalue(), "")

    def test_a_terminal_that_knows_few_letters(self) -> None:
        raw = io.BytesIO()
        terminal = io.TextIOWrapper(raw, "ascii", newline="\n")
        Output(terminal, self.err).reply("Read x", "5 µm")
        self.assertEqual(raw.getvalue(), b"5 \\xb5m\n")


class LinesTests(SessionCase):
    def test_each_line(self) -> None:
        session = self.session({"Open": "OK", "GetValveState": "True"})
        self.assertEqual(session.run(["Open A\n", "\n", "# note\n", " GetValveState A \n"]), 0)
        self.assertEqual(self.communicator.asked, ["Open A", "GetValveState A"])
        self.assert_written("OK\nTrue\n")

    def test_to_the_first_that_fails(self) -> None:
        session = self.session({"Open": errors.InvalidValveError("Z"), "Close": "OK"})
        self.assertEqual(session.run(["Open Z\n", "Close A\n"]), 1)
        self.assertEqual(self.communicator.asked, ["Open Z"])
        self.assertIn("pychron-ask: ended at: Open Z\n", self.err.getvalue())


class WatchTests(SessionCase):
    def test_until_ctrl_c(self) -> None:
        def sleep(seconds: float) -> None:
            self.clock.advance(seconds)
            if self.clock.seconds() >= 3:
                raise KeyboardInterrupt

        session = self.session(
            {"Read": ["1", errors.NoResponseError(), "2"]},
            Waiter(clock=self.clock.seconds, sleep=sleep),
            command="Read x",
            watch=1.0,
        )
        self.assertEqual(session.run([]), 0)
        self.assert_written("1\n2\n", "ERROR 010 : no response from device\n")


class WaitTests(SessionCase):
    def test_the_reply_comes_behind_the_wait(self) -> None:
        session = self.session(
            {"SetX": "OK", "GetXMoving": ["True", "False"]}, command="SetX 1", wait=True
        )
        self.assertEqual(session.run([]), 0)
        self.assert_written("OK\n")
        self.assertEqual(self.clock.seconds(), 0.5)
        self.assertEqual(self.told[0], Progress("SetX 1", 0.0, 600.0))

    def test_nobody_waits_who_did_not_say_so(self) -> None:
        self.assertEqual(self.session({"SetX": "OK"}, command="SetX 1").run([]), 0)
        self.assertEqual(self.communicator.asked, ["SetX 1"])

    def test_nothing_to_wait_for(self) -> None:
        session = self.session({"Open": "OK"}, wait=True)
        self.assertEqual(session.run(["Open A"]), 0)

    def assert_unknown(self, moving: Answer, text: str) -> None:
        session = self.session(
            {"SetX": "OK", "GetXMoving": moving}, command="SetX 1", wait=True, deadline=5.0
        )
        self.assertEqual(session.run([]), 2)
        self.assert_written("", f"ERROR 201 : outcome unknown: SetX 1 was begun{text}\n")

    def test_too_long(self) -> None:
        self.assert_unknown("True", ", but then: SetX 1 took longer than 5 s")

    def test_an_error_on_the_way(self) -> None:
        self.assert_unknown(errors.NoResponseError(), ", but then: no response from device")

    def test_interrupted(self) -> None:
        self.assert_unknown(KeyboardInterrupt(), " and goes on; interrupted")


class ProgressTests(SynchronousTestCase):
    def test_nothing_in_a_pipe(self) -> None:
        self.patch(sys, "stderr", io.StringIO())
        with progress_on_terminal() as show:
            self.assertIsNone(show)

    def test_nothing_without_rich(self) -> None:
        self.patch(sys, "stderr", FakeTerminal())
        hide_module(self, "pychron_comms.client.command_line.progress")
        with progress_on_terminal() as show:
            self.assertIsNone(show)

    def test_a_line_on_a_terminal(self) -> None:
        self.patch(sys, "stderr", FakeTerminal())
        with progress_on_terminal() as show:
            assert show is not None
            show(Progress("SetX [1]", 1.25, None))
        self.assertEqual(
            ask_progress.progress_text(Progress("SetX [1]", 1.25, None)), "SetX [1]: 1.2 s"
        )


class MainTests(SynchronousTestCase):
    """The parts put together, with a communicator that was made for the endpoint."""

    def setUp(self) -> None:
        self.out, self.err = io.StringIO(), io.StringIO()
        self.patch(sys, "stdout", self.out)
        self.patch(sys, "stderr", self.err)
        self.patch(sys, "stdin", io.StringIO("Open A\n"))
        self.made: list[Any] = []
        self.communicator = ScriptedCommunicator({"Open": "OK"})
        self.patch(ask, "Communicator", self.build)

    def build(self, endpoint: str, **options: Any) -> ScriptedCommunicator:
        self.made.append((endpoint, options))
        return self.communicator

    def test_a_command(self) -> None:
        self.assertEqual(ask.main(["-s", "udp:lab:1061", "Open", "A"]), 0)
        self.assertEqual(
            self.made,
            [("udp:lab:1061", {"timeout": 2.0, "form": "auto", **UNTOLD})],
        )
        self.assertEqual((self.out.getvalue(), self.communicator.closed), ("OK\n", True))

    def test_a_key(self) -> None:
        asked: list[tuple[str, str]] = []

        def record(command: str, timeout: float | None = None, key: str = "") -> str:
            asked.append((command, key))
            return "OK"

        self.patch(self.communicator, "ask", record)
        self.assertEqual(ask.main(["--key", "run-7", "Open", "A"]), 0)
        self.assertEqual(asked, [("Open A", "run-7")])

    def test_plain(self) -> None:
        ask.main(["--plain", "--type", "CO2", "--timeout", "9", "Open", "A"])
        self.assertEqual(
            self.made[0][1], {"timeout": 9.0, "form": "plain", **UNTOLD, "request_type": "CO2"}
        )

    def test_the_arguments_of_the_process(self) -> None:
        self.patch(sys, "argv", ["pychron-ask", "Open", "A"])
        self.assertEqual(ask.main(), 0)

    def test_lines_of_a_pipe(self) -> None:
        self.assertEqual(ask.main([]), 0)
        self.assertEqual(self.communicator.asked, ["Open A"])

    def test_no_endpoint(self) -> None:
        def refuse(endpoint: str, **options: Any) -> None:
            raise ValueError(f"{endpoint!r}: expected tcp:HOST:PORT")

        self.patch(ask, "Communicator", refuse)
        self.assertEqual(ask.main(["-s", "nonsense", "Open", "A"]), 2)
        self.assertEqual(self.err.getvalue(), "pychron-ask: 'nonsense': expected tcp:HOST:PORT\n")

    def test_interrupted_between_two_lines(self) -> None:
        def interrupt(session: AskSession, lines: object) -> None:
            raise KeyboardInterrupt

        self.patch(AskSession, "run", interrupt)
        self.assertEqual(ask.main([]), 2)

    def test_a_reader_that_has_had_enough(self) -> None:
        reading, writing = os.pipe()
        os.close(reading)
        self.patch(sys, "stdout", os.fdopen(writing, "w"))
        self.addCleanup(sys.stdout.close)
        self.assertEqual(ask.main(["Open", "A"]), 0)

    def test_no_prompt_without_the_extra(self) -> None:
        self.patch(sys, "stdin", FakeTerminal())
        hide_module(self, "pychron_comms.client.command_line.prompt")
        self.assertEqual(ask.main([]), 2)
        self.assertIn("-m pip install prompt_toolkit rich\n", self.err.getvalue())

    def test_a_prompt_on_a_terminal(self) -> None:
        from pychron_comms.client.command_line import prompt  # noqa: PLC0415

        self.patch(sys, "stdin", FakeTerminal())
        self.patch(prompt, "run_prompt", lambda communicator, options: options.timeout)
        self.assertEqual(ask.main(["--timeout", "7"]), 7.0)


class DefaultTests(SynchronousTestCase):
    def test_time_is_real(self) -> None:
        self.assertEqual(ask_options.DEFAULT_SERVER, AskOptions().server)
        session = AskSession(
            ScriptedCommunicator({"GetError": "OK"}),
            Output(io.StringIO(), io.StringIO()),
            AskOptions(command="GetError"),
        )
        self.assertEqual(session.run([]), 0)
