"""What an asker learns that no server said: whether its command was sent, and what became of it.

Both kinds join the tree of ``errors.py``, beside the errors of the same meaning that servers
raise: whoever catches ``OutcomeUnknownError`` catches it whichever half of the road was lost.
"""

from __future__ import annotations

import socket
import ssl

from pychron_comms.errors import (
    CommandError,
    OutcomeUnknownError,
    PychronCommunicationError,
    error_from_line,
)


class ClientError(CommandError):
    """A command without a reply: ``command`` was for ``server``, an endpoint string.

    ``key`` is that of the command: with it the same command may be asked again without harm, and
    never runs twice. Empty in the plain form, which has none, and where none was given yet.
    """

    def __init__(self, server: str, command: str, why: str, key: str = "") -> None:
        super().__init__(server, command, why)
        self.server = server
        self.command = command
        self.why = why
        self.key = key


class NotSentError(ClientError, PychronCommunicationError):
    """011: the command was never sent, and may be tried again."""

    template = "{1!r} was never sent to {0}: {2}"


class UnsettledError(OutcomeUnknownError):
    """201 of a command of ours, for which ``settle`` can ask; attributes as in ClientError."""

    server: str
    command: str
    key: str


class OutcomeLostError(UnsettledError):
    """The server itself knows no more, or its asker was interrupted."""

    template = "{2}"

    def __init__(self, server: str, command: str, text: str, key: str) -> None:
        super().__init__(server, command, text, key)
        self.server = server
        self.command = command
        self.key = key


class NoReplyError(ClientError, UnsettledError):
    """The command was sent and may have been done: look before trying again."""

    template = "outcome unknown of {1!r}, sent to {0}: {2}"


class ReplyTimeoutError(NoReplyError):
    """No reply in time. One that comes late is discarded."""


class BadReplyError(NoReplyError):
    """What came back is no reply: cut, too long, doubled, or garbage."""


def reason(error: Exception) -> str:
    """An error of the system in its own words."""
    words = error.strerror if isinstance(error, OSError) else None
    return words or str(error) or type(error).__name__


#: What mends it where nobody listens: an address that refuses, a unix socket that is not there.
_NOBODY = "; nothing listens there (pychron-lab run starts a laboratory)"
_NO_NAME = "; no computer of that name is known here: is it written right, is the network there?"
#: What TLS makes of the first bytes of a server that speaks none.
_OTHER_TONGUES = {"WRONG_VERSION_NUMBER", "RECORD_LAYER_FAILURE", "HTTP_REQUEST"}
_NO_TRUST = "; trustRoots=FILE behind the port names the laboratory's own authority, its ca.pem"
_NO_TLS = "; no TLS is spoken there: tcp: in place of tls:, or another port?"


def not_sent(server: str, command: str, error: Exception, seconds: float, key: str) -> NotSentError:
    """What ``error`` means for a command of which nothing had left in ``seconds``."""
    why = f"no connection within {seconds:g} s" if _is_timeout(error) else reason(error)
    why += _what_mends(error)
    return NotSentError(server, command, why, key)


def no_reply(server: str, command: str, error: Exception, seconds: float, key: str) -> NoReplyError:
    """What ``error`` means for a command that had left, and was given ``seconds``."""
    if _is_timeout(error):
        return ReplyTimeoutError(server, command, f"no reply within {seconds:g} s", key)
    if isinstance(error, OSError):
        return NoReplyError(server, command, f"the connection was lost ({reason(error)})", key)
    return BadReplyError(server, command, str(error), key)


def error_of(server: str, command: str, text: str, key: str) -> CommandError | None:
    """The error that a reply tells of; None where it tells of none."""
    error = error_from_line(text) if text.startswith("ERROR") else None
    if error is None:
        return None
    if isinstance(error, OutcomeUnknownError):
        error = OutcomeLostError(server, command, error.text, key)
    # The last line of a traceback, and so to be understood by itself.
    error.add_note(f"{server} answered {command!r} with {text}")
    return error


def _what_mends(error: Exception) -> str:
    if isinstance(error, (ConnectionRefusedError, FileNotFoundError)):
        return _NOBODY
    if isinstance(error, socket.gaierror):
        return _NO_NAME
    if isinstance(error, ssl.SSLCertVerificationError):
        return _NO_TRUST
    if isinstance(error, ssl.SSLError) and error.reason in _OTHER_TONGUES:
        return _NO_TLS
    return ""


def _is_timeout(error: Exception) -> bool:
    # Without an errno it is our own time that has passed, and not the system's.
    return isinstance(error, TimeoutError) and error.errno is None
