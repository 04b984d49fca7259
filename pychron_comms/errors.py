"""What a reply says when a command was not done: the error table, one exception tree.

The codes 001 to 016 and 101 to 108 are Pychron's (``pychron/tx/errors.py``), numbers and texts
unchanged, its misspellings included, because clients compare them. Ours start at 201.
Handlers and managers raise; ``error_line`` is the one place that makes the line.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import ClassVar

# Controls, and the lone surrogates that UTF-8 cannot write.
_UNPRINTABLE = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff]+")
_BLANKS = ("",) * 4

# Characters of what a driver's exception may say.
_TOLD = 1000

# And of any error's text, where each is a byte and where it may be four: Pychron's clients read
# 4096 bytes once, and would take the rest for their next reply. What to do stands at its end.
_LONGEST, _LONGEST_OF_ANY, _END = 4000, 1000, 300

_LINE = re.compile(r"ERROR (\d{1,4}) ?: ?(.*)", re.DOTALL)


class CommandError(Exception):
    """A command that was refused, failed, or whose outcome is not known.

    ``details`` fill the braces of the class's ``template``, in order; those that are left stay
    empty.
    """

    code: int
    template: ClassVar[str]

    def __init__(self, *details: object) -> None:
        super().__init__(*details)
        self.details = details
        self.text = self.template.format(*details, *_BLANKS)

    def __str__(self) -> str:
        return self.text


class PychronError(CommandError):
    """An error that Pychron's clients and servers know by its code."""


class InvalidPyScriptError(PychronError):
    code = 1
    template = "invalid pyscript {} does not exist"


class FuncCallError(PychronError):
    """The code of a handler or manager broke: a bug, and the outcome must be looked at."""

    code = 2
    template = "func call problem: err= {} args= {}"


#: How an unknown command's error goes on where other request types know it: with their names.
KNOWN_BY = "; it is a command of "

#: And where the word is no command, but a request type: with its name.
IS_TYPE = "; it is a request type: "


class InvalidCommandError(PychronError):
    code = 3
    template = "invalid command: {}{}"


class InvalidArgumentsError(PychronError):
    code = 4
    template = "invalid arguments: {} {}"


class InvalidValveError(PychronError):
    code = 5
    template = "{} is not a registered valve name{}"


class InvalidValveGroupError(PychronError):
    code = 6
    template = "Invalid valve group - {}"


class ManagerUnavailableError(PychronError):
    code = 7
    template = "manager unavaliable: {}"


class DeviceConnectionError(PychronError):
    code = 8
    template = "device {} not connected{}"


class InvalidIPAddressError(PychronError):
    code = 9
    template = "{} is not a registered ip address"


class NoResponseError(PychronError):
    code = 10
    template = "no response from device"


class PychronCommunicationError(PychronError):
    """The processor could not be reached: the command was never sent and may be tried again."""

    code = 11
    template = "could not communicate with pychron through {}. socket.error = {}"


class SystemLockError(PychronError):
    code = 12
    template = "Access restricted to {} ({}). You are {}"


class SecurityError(PychronError):
    code = 13
    template = "Not an approved ip address {}"


class ValveSoftwareLockError(PychronError):
    code = 14
    template = "Valve {} is software locked"


class ValveActuationError(PychronError):
    code = 15
    template = "Valve {} failed to actuate {}"


class InvalidGaugeError(PychronError):
    code = 16
    template = "{} {} not available{}"


class LogicBoardCommunicationError(PychronError):
    code = 101
    template = "Failed communication with logic board"


class EnableError(PychronError):
    code = 102
    template = "Laser failed to enable {}"


class DisableError(PychronError):
    code = 103
    template = "Laser failed to disable {}"


class InvalidSampleHolderError(PychronError):
    code = 104
    template = "Invalid sample holder. {}"


class EmergencyShutdownError(PychronError):
    code = 105
    template = "emergency shutdown. {}"


class SetpointError(PychronError):
    code = 106
    template = "failed to reach setpoint {}"


class InvalidMotorError(PychronError):
    code = 107
    template = "no motor named {} available{}"


class PositionError(PychronError):
    code = 108
    template = "positioning error. {}"


class RoadError(CommandError):
    """An error of the road itself, which Pychron has no code for."""


class OutcomeUnknownError(RoadError):
    """The command was sent or begun and its reply is not known: look before trying again."""

    code = 201
    template = "outcome unknown: {}"


class ExpiredError(RoadError):
    """The command's time had passed before it was begun; nothing was actuated."""

    code = 202
    template = "expired before it was begun: {}"


class QueueFullError(RoadError):
    code = 203
    template = "queue full: {}"


class LeasedError(RoadError):
    code = 204
    template = "{} is leased to {}"


class OwnedError(LeasedError):
    """204 of what belongs to another by the laboratory's own say, and not by a lease."""

    template = "{} is owned by {}"


class LineTooLongError(RoadError):
    code = 205
    template = "line too long: more than {} bytes"


class MalformedRequestError(RoadError):
    code = 206
    template = "malformed request: {}"


class InterlockError(RoadError):
    code = 207
    template = "interlock: {}"


class NotPermittedError(RoadError):
    code = 208
    template = "not permitted: {}"


class ShuttingDownError(RoadError):
    code = 209
    template = "shutting down: {}"


class OvertakenError(RoadError):
    """A waiting command was dropped because a command that makes safe passed it."""

    code = 210
    template = "overtaken: {} was dropped when {} made safe"


class UnknownRequestTypeError(RoadError):
    code = 211
    template = "no request type {}"


class LaunchError(RoadError):
    code = 212
    template = "could not launch {}: {}"


class ReplyTooLongError(RoadError):
    code = 213
    template = "reply too long: {} bytes, at most {}"


class JournalError(RoadError):
    """The journal cannot be written: the command was not begun."""

    code = 214
    template = "journal: {}"


class TooManyConnectionsError(RoadError):
    code = 215
    template = "too many connections: at most {}"


class NotifierError(RoadError):
    """A message about alarms could not be sent."""

    code = 216
    template = "notifier {}: {}"


class NotOwnerError(RoadError):
    """Another processor may own the hardware now: here the command was not begun."""

    code = 217
    template = "not the owner of the hardware: {}"


class AnotherLaboratoryError(RoadError):
    """The server is of another laboratory than who asked had in mind; nothing was done."""

    code = 218
    template = "another laboratory: not that of {} is served here"


class UnlistedError(CommandError):
    """An error of a server whose code is not in our table; ``code`` is that server's."""

    code = 0
    template = "{}"


#: Those that were looked for; a laboratory's handlers may have more.
_CLASSES: dict[int, type[CommandError]] = {}


def _class_of(code: int) -> type[CommandError]:
    if code not in _CLASSES:
        _CLASSES.update((each.code, each) for each in _listed(CommandError))
    return _CLASSES.get(code, UnlistedError)


def _listed(base: type[CommandError]) -> Iterator[type[CommandError]]:
    for each in base.__subclasses__():
        if "code" in vars(each):
            yield each
        yield from _listed(each)


def error_from_line(line: str) -> CommandError | None:
    """The error that a reply tells of, as the class that was raised; None where it tells of none.

    Its ``text`` is the server's; what filled the braces cannot be told from it.
    """
    found = _LINE.fullmatch(line)
    if found is None:
        return None
    code, text = int(found[1]), found[2]
    error = _class_of(code)()
    error.text = text
    if isinstance(error, UnlistedError):
        error.code = code
    return error


class DriverEndError(Exception):
    """A driver has raised what would end a thread or the program: a bug as any other."""


def as_bug(end: BaseException) -> DriverEndError:
    """That of what is no ``Exception``, as ``SystemExit`` and asyncio's ``CancelledError``; and of
    Twisted's where nobody has cancelled anything.

    Who waits for an error, to answer with it or to make safe once more, would not hear of it.
    """
    return DriverEndError(told(end)).with_traceback(end.__traceback__)


def told(error: BaseException) -> str:
    """What a bug says of itself, which may be a bug as well."""
    try:
        return repr(error)[:_TOLD]
    except Exception:
        return f"{type(error).__name__}, which does not tell why"


def error_line(error: Exception, args: object = "") -> str:
    """The reply that tells of ``error``: ``ERROR nnn : text``, on one line of 4096 bytes at most.

    Anything but a ``CommandError`` is a bug of ours and becomes 002, with ``args`` as what it was
    called with.
    """
    if not isinstance(error, CommandError):
        error = FuncCallError(told(error), args)
    text = str(error)
    longest = _LONGEST if text.isascii() else _LONGEST_OF_ANY
    if len(text) > longest:
        text = f"{text[: longest - _END - 3]}...{text[-_END:]}"
    # To look first costs a tenth, and a hostile client's texts are long.
    if not text.isprintable():
        text = _UNPRINTABLE.sub(" ", text)
    return f"ERROR {error.code:03d} : {text}"
