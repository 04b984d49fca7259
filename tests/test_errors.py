"""The error table: codes and texts that clients compare, and the one line that tells of them."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from pychron_comms import errors
from pychron_comms.errors import (
    CommandError,
    PychronError,
    RoadError,
    UnlistedError,
    error_from_line,
    error_line,
)
from tests.properties import holds

PYCHRONS = [
    (errors.InvalidPyScriptError("a.py"), "ERROR 001 : invalid pyscript a.py does not exist"),
    (errors.FuncCallError("x", "y"), "ERROR 002 : func call problem: err= x args= y"),
    (errors.InvalidCommandError("Opne"), "ERROR 003 : invalid command: Opne"),
    (errors.InvalidArgumentsError("Open", "A B"), "ERROR 004 : invalid arguments: Open A B"),
    (errors.InvalidValveError("Z"), "ERROR 005 : Z is not a registered valve name"),
    (errors.InvalidValveGroupError("G"), "ERROR 006 : Invalid valve group - G"),
    (errors.ManagerUnavailableError("co2"), "ERROR 007 : manager unavaliable: co2"),
    (errors.DeviceConnectionError("x"), "ERROR 008 : device x not connected"),
    (errors.InvalidIPAddressError("::1"), "ERROR 009 : ::1 is not a registered ip address"),
    (errors.NoResponseError(), "ERROR 010 : no response from device"),
    (
        errors.PychronCommunicationError("/tmp/hardware", "refused"),
        "ERROR 011 : could not communicate with pychron through /tmp/hardware."
        " socket.error = refused",
    ),
    (
        errors.SystemLockError("Obama", "10.0.0.1", "10.0.0.2"),
        "ERROR 012 : Access restricted to Obama (10.0.0.1). You are 10.0.0.2",
    ),
    (errors.SecurityError("10.0.0.9"), "ERROR 013 : Not an approved ip address 10.0.0.9"),
    (errors.ValveSoftwareLockError("C"), "ERROR 014 : Valve C is software locked"),
    (errors.ValveActuationError("C", "open"), "ERROR 015 : Valve C failed to actuate open"),
    (errors.InvalidGaugeError("gc", "IG"), "ERROR 016 : gc IG not available"),
    (
        errors.LogicBoardCommunicationError(),
        "ERROR 101 : Failed communication with logic board",
    ),
    (errors.EnableError("door open"), "ERROR 102 : Laser failed to enable door open"),
    (errors.DisableError("stuck"), "ERROR 103 : Laser failed to disable stuck"),
    (errors.InvalidSampleHolderError("221"), "ERROR 104 : Invalid sample holder. 221"),
    (errors.EmergencyShutdownError("hot"), "ERROR 105 : emergency shutdown. hot"),
    (errors.SetpointError(5), "ERROR 106 : failed to reach setpoint 5"),
    (errors.InvalidMotorError("beam"), "ERROR 107 : no motor named beam available"),
    (errors.PositionError("hole 300"), "ERROR 108 : positioning error. hole 300"),
]

OURS = [
    (errors.OutcomeUnknownError("lost"), "ERROR 201 : outcome unknown: lost"),
    (errors.ExpiredError("Open A"), "ERROR 202 : expired before it was begun: Open A"),
    (errors.QueueFullError("valves"), "ERROR 203 : queue full: valves"),
    (errors.LeasedError("co2", "10.0.0.1"), "ERROR 204 : co2 is leased to 10.0.0.1"),
    (errors.OwnedError("F", "10.0.0.7"), "ERROR 204 : F is owned by 10.0.0.7"),
    (errors.LineTooLongError(65536), "ERROR 205 : line too long: more than 65536 bytes"),
    (errors.MalformedRequestError("no command"), "ERROR 206 : malformed request: no command"),
    (errors.InterlockError("water off"), "ERROR 207 : interlock: water off"),
    (errors.NotPermittedError("read only"), "ERROR 208 : not permitted: read only"),
    (errors.ShuttingDownError("Open A"), "ERROR 209 : shutting down: Open A"),
    (
        errors.OvertakenError("Enable", "Disable"),
        "ERROR 210 : overtaken: Enable was dropped when Disable made safe",
    ),
    (errors.UnknownRequestTypeError("Lazer"), "ERROR 211 : no request type Lazer"),
    (errors.LaunchError("pychron", "ENOENT"), "ERROR 212 : could not launch pychron: ENOENT"),
    (errors.ReplyTooLongError(20, 15), "ERROR 213 : reply too long: 20 bytes, at most 15"),
    (errors.JournalError("no space left"), "ERROR 214 : journal: no space left"),
    (errors.TooManyConnectionsError(9), "ERROR 215 : too many connections: at most 9"),
    (errors.NotifierError("mail", "refused"), "ERROR 216 : notifier mail: refused"),
    (errors.NotOwnerError("standby"), "ERROR 217 : not the owner of the hardware: standby"),
    (
        errors.AnotherLaboratoryError("/a/lab.toml"),
        "ERROR 218 : another laboratory: not that of /a/lab.toml is served here",
    ),
]


def every_error(base: type[CommandError] = CommandError) -> list[type[CommandError]]:
    below = base.__subclasses__()
    here = [each for each in below if each.__module__ == errors.__name__]
    return [each for each in here if hasattr(each, "code")] + [
        error for each in below for error in every_error(each)
    ]


class ErrorTableTests(SynchronousTestCase):
    def test_pychrons_errors_keep_their_codes_and_texts(self) -> None:
        for error, line in PYCHRONS:
            self.assertEqual(error_line(error), line, msg=type(error).__name__)
            self.assertTrue(isinstance(error, PychronError), msg=type(error).__name__)

    def test_ours_have_codes_of_their_own(self) -> None:
        for error, line in OURS:
            self.assertEqual(error_line(error), line, msg=type(error).__name__)
            self.assertTrue(isinstance(error, RoadError), msg=type(error).__name__)

    def test_pychrons_codes_are_all_there(self) -> None:
        codes = [error.code for error, _ in PYCHRONS]
        self.assertEqual(codes, [*range(1, 17), *range(101, 109)])

    def test_our_codes_begin_at_201_without_a_gap(self) -> None:
        codes = list(dict.fromkeys(error.code for error, _ in OURS))
        self.assertEqual(codes, list(range(201, 201 + len(codes))))

    def test_every_error_is_in_one_of_these_tables(self) -> None:
        here = {type(error) for error, _ in PYCHRONS + OURS} | {UnlistedError}
        self.assertEqual(set(every_error()), here)

    def test_an_error_says_its_text(self) -> None:
        self.assertEqual(str(errors.InvalidMotorError("zoom")), "no motor named zoom available")

    def test_an_error_keeps_what_it_is_about(self) -> None:
        self.assertEqual(errors.LeasedError("co2", "10.0.0.1").details, ("co2", "10.0.0.1"))


class ErrorLineTests(SynchronousTestCase):
    def test_an_unexpected_exception_is_a_func_call_problem(self) -> None:
        self.assertEqual(
            error_line(ValueError("bad"), "Open A"),
            "ERROR 002 : func call problem: err= ValueError('bad') args= Open A",
        )

    def test_what_was_asked_may_be_left_out(self) -> None:
        self.assertEqual(
            error_line(KeyError("x")), "ERROR 002 : func call problem: err= KeyError('x') args= "
        )

    def test_a_bug_that_cannot_tell_of_itself_has_its_line_too(self) -> None:
        class Mute(Exception):
            def __str__(self) -> str:
                raise ValueError

            __repr__ = __str__

        self.assertEqual(
            error_line(Mute(), "Open A"),
            "ERROR 002 : func call problem: err= Mute, which does not tell why args= Open A",
        )

    def test_no_error_is_longer_than_what_pychrons_clients_read_at_once(self) -> None:
        for error in (
            ValueError("x" * 10_000_000),
            errors.InvalidValveError("x" * 10_000_000),
            errors.InvalidValveError("\N{GRINNING FACE}" * 10_000_000),
            errors.InvalidValveError("x" * 3_970),
        ):
            self.assertLess(len(error_line(error).encode()) + len(b"\r\n"), 4096)

    def test_what_is_too_long_in_an_error_is_left_out_in_its_middle(self) -> None:
        error = errors.InvalidArgumentsError("Open " + "A" * 9000, "(no such valve)")

        line = error_line(error)

        self.assertTrue(line.startswith("ERROR 004 : invalid arguments: Open AAA"), line[:60])
        self.assertTrue(line.endswith("AAA (no such valve)"), line[-60:])
        self.assertEqual(line.count("..."), 1)

    def test_an_error_raised_with_too_few_details_still_makes_a_line(self) -> None:
        self.assertEqual(error_line(errors.EnableError()), "ERROR 102 : Laser failed to enable ")
        self.assertEqual(
            error_line(errors.SystemLockError()), "ERROR 012 : Access restricted to  (). You are "
        )

    def test_an_error_raised_with_too_many_details_still_makes_a_line(self) -> None:
        self.assertEqual(
            error_line(errors.NoResponseError("gauge")), "ERROR 010 : no response from device"
        )

    def test_braces_in_a_detail_stay_as_they_are(self) -> None:
        self.assertEqual(
            error_line(errors.InvalidCommandError("{0} {}")), "ERROR 003 : invalid command: {0} {}"
        )

    def test_a_run_of_control_characters_becomes_one_blank(self) -> None:
        cases = {
            "a\r\nb": "a b",
            "a\nb": "a b",
            "a\x00b": "a b",
            "a\tb": "a b",
            "a\x1b\x7fb": "a b",
            "a\x85\x9bb": "a b",
        }
        for text, shown in cases.items():
            line = error_line(errors.InvalidCommandError(text))
            self.assertEqual(line, f"ERROR 003 : invalid command: {shown}", msg=repr(text))

    def test_what_utf_8_cannot_write_becomes_a_blank(self) -> None:
        line = error_line(errors.InvalidCommandError("a\ud800b"))
        self.assertEqual(line, "ERROR 003 : invalid command: a b")

    @holds
    @given(st.text(st.characters()), st.sampled_from(every_error()))
    def test_is_one_printable_line_whatever_it_is_about(
        self, text: str, error: type[CommandError]
    ) -> None:
        line = error_line(error(text, text, text))
        self.assertRegex(line, r"\AERROR \d{3} : [^\x00-\x1f\x7f-\x9f]*\Z")
        line.encode()

    @holds
    @given(st.text(st.characters()), st.text(st.characters()))
    def test_a_bug_never_breaks_the_line(self, message: str, asked: str) -> None:
        line = error_line(RuntimeError(message), asked)
        self.assertRegex(line, r"\AERROR 002 : [^\x00-\x1f\x7f-\x9f]*\Z")
        line.encode()


class ErrorFromLineTests(SynchronousTestCase):
    def test_every_line_comes_back_as_the_class_that_made_it(self) -> None:
        for error, line in PYCHRONS:
            back = error_from_line(line)
            self.assertIs(type(back), type(error), msg=line)
            self.assertEqual(str(back), str(error), msg=line)

    def test_a_code_that_is_not_ours_keeps_number_and_text(self) -> None:
        error = error_from_line("ERROR 999 : out of argon")
        assert isinstance(error, UnlistedError)
        self.assertEqual((error.code, error.text), (999, "out of argon"))
        self.assertEqual(error_line(error), "ERROR 999 : out of argon")

    def test_a_reply_that_tells_of_no_error_is_none(self) -> None:
        for line in ("OK", "", "True", "ERROR", "an ERROR 001 : x"):
            self.assertIsNone(error_from_line(line), msg=line)
