"""What became of a command with a key, as the server remembers it."""

from __future__ import annotations

from typing import Literal, NamedTuple, cast, get_args

from pychron_comms.client.answers import UnexpectedReplyError
from pychron_comms.client.outcome import (
    ClientError,
    NoReplyError,
    NotSentError,
    UnsettledError,
    error_of,
)
from pychron_comms.wire.grammar import split_type

State = Literal["never seen", "waiting", "running", "unknown", "done"]

#: Seconds between two questions after a command that still waits or runs.
POLL_INTERVAL = 0.1

_DONE = "done"
_STATES = frozenset(get_args(State)) - {_DONE}


class Outcome(NamedTuple):
    """``unknown``: it had begun when the processor died, or gave it up.

    ``reply`` is there for ``done`` alone.
    It is as the server wrote it, and may be an ``ERROR nnn : text``.
    """

    state: State
    reply: str = ""

    @property
    def is_settled(self) -> bool:
        """Whether it will not change any more by itself."""
        return self.state not in ("waiting", "running")


def of_type(request_type: str, command: str) -> str:
    """The command behind its request type, where one is given."""
    return f"{request_type}|{command}" if request_type else command


def before_command(word: str, command: str) -> str:
    """``word`` in front of a command, behind its request type: ``System|Check Open A``."""
    request_type, rest = split_type(command)
    return of_type(request_type, f"{word} {rest}")


def parse_outcome(command: str, text: str) -> Outcome:
    """The reply to ``Outcome KEY``, which ``command`` is. Raises UnexpectedReplyError."""
    if text in _STATES:
        return Outcome(cast(State, text))
    word, _, reply = text.partition(" ")
    if word != _DONE:
        raise UnexpectedReplyError(command, text)
    return Outcome("done", reply)


def outcome_question(key: str, request_type: str = "") -> str:
    return of_type(request_type, f"Outcome {key}")


def question_about(error: UnsettledError) -> str:
    """The command that asks what became of another. Raises ``error`` where it has no key."""
    if not error.key:
        raise error
    return outcome_question(error.key, split_type(error.command)[0])


def verdict(error: UnsettledError, outcome: Outcome) -> str:
    """The reply that was lost; raises the error that it tells of.

    ``NotSentError`` for what the server never saw. ``NoReplyError`` where nobody knows it, or
    not yet.
    """
    if outcome.state == _DONE:
        refusal = error_of(error.server, error.command, outcome.reply, error.key)
        if refusal is not None:
            raise refusal
        return outcome.reply
    kind, why = _WHY[outcome.state]
    raise kind(error.server, error.command, why, error.key) from None


_WHY: dict[str, tuple[type[ClientError], str]] = {
    "never seen": (NotSentError, "the server has seen no such key"),
    "waiting": (NoReplyError, "it still waits for its turn"),
    "running": (NoReplyError, "it still runs"),
    "unknown": (NoReplyError, "it had begun, and its end is not known: look at the hardware"),
}
