"""The blocking communicator: ask a server from a script or a notebook, without a reactor."""

from __future__ import annotations

import ssl
from collections.abc import Callable
from contextlib import suppress
from threading import RLock
from types import TracebackType
from typing import Final, Self, TypeVar

from pychron_comms.client.outcome import NotSentError, reply_or_error
from pychron_comms.client.wire.deadline import Deadline
from pychron_comms.client.wire.dialect import Dialect, Form, checked_seconds
from pychron_comms.client.wire.endpoint import Address, parse_address
from pychron_comms.client.wire.links import Doorway, PlainLink, TaggedLink, World
from pychron_comms.client.wire.tls import context_from

T = TypeVar("T")

_SYSTEM: Final = World()


class Communicator:
    """Asks one server, one command at a time; threads take turns.

    ``endpoint`` is ``tcp:host:port``, ``udp:host:port``, ``tls:host:port`` or ``unix:/path``.
    ``timeout`` is in seconds, above 0 and at most a day, and spans the other threads' turns,
    connecting, sending and the reply; looking a name up takes as long as the system allows.
    ``form`` is ``tagged`` for a server of ours, ``plain`` for one that knows no tags, or
    ``auto``: one harmless question before the first command tells. ``frame`` (``L4,-,C4``) says
    how a plain server frames its replies. With ``request_type`` every command is written as
    ``Type|command``. Raises ValueError for arguments that make no sense, and OSError for TLS
    files that cannot be read.

    A tagged connection is kept, and opened again by the next command where it was lost. A plain
    command has a connection of its own. Nothing is ever sent twice.
    """

    def __init__(
        self,
        endpoint: str,
        *,
        timeout: float = 2.0,
        form: str = "auto",
        terminator: str = "\r",
        frame: str = "",
        request_type: str = "",
        tls: ssl.SSLContext | None = None,
        _world: World = _SYSTEM,
    ) -> None:
        address = parse_address(endpoint)
        dialect = Dialect.parse(form, terminator, frame, request_type)
        doorway = Doorway(address, _context(address, tls), dialect, _world)
        self._server = endpoint
        self._timeout = checked_seconds(timeout)
        self._clock = _world.clock
        self._dialect = dialect
        self._form = dialect.form
        self._tagged = TaggedLink(doorway)
        self._plain = PlainLink(doorway)
        # Re-entrant, since only such a lock knows whose it is: see _in_turn.
        self._turn = RLock()

    def ask(self, command: str, timeout: float | None = None) -> str:
        """The reply to one command; ``timeout`` in seconds stands for the communicator's own.

        An ``ERROR nnn : text`` is raised as the class that the server raised. ``NotSentError``
        (011): the command may be tried again. ``NoReplyError`` (201): it may have been done; a
        late reply is discarded. 206 for what is not one line.
        """
        text = self._in_turn(self._ask, command, timeout)
        return reply_or_error(self._server, command, text)

    def tell(self, command: str) -> None:
        """Send one command and discard its reply. Raises as ``ask`` does, but for the reply.

        In the plain form the next command may overtake it.
        """
        self._in_turn(self._tell, command, None)

    def close(self) -> None:
        """Close what is open, after what another thread is asking; the next ``ask`` reopens it."""
        with self._turn:
            self._tagged.close()
            self._plain.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def _uses_tags(self, command: str, deadline: Deadline) -> bool:
        if self._form is Form.AUTO and self._tagged.understood(command, deadline):
            self._form = Form.TAGGED
        return self._form is Form.TAGGED

    def _ask(self, command: str, deadline: Deadline) -> str:
        if self._uses_tags(command, deadline):
            return self._tagged.ask(command, deadline)
        text = self._plain.ask(command, deadline)
        # Believed only now: a server of ours may have been too busy to say what it is.
        self._form = Form.PLAIN
        return text

    def _tell(self, command: str, deadline: Deadline) -> None:
        link = self._tagged if self._uses_tags(command, deadline) else self._plain
        link.tell(command, deadline)

    def _in_turn(
        self, work: Callable[[str, Deadline], T], command: str, timeout: float | None
    ) -> T:
        self._dialect.check(command)
        seconds = self._timeout if timeout is None else checked_seconds(timeout)
        deadline = Deadline(seconds, self._clock)
        try:
            if not self._turn.acquire(timeout=seconds):
                raise NotSentError(self._server, command, f"others asked for all of {seconds:g} s")
            return work(command, deadline)
        finally:
            # An interrupt may come before the turn is ours, or right after: the lock knows.
            with suppress(RuntimeError):
                self._turn.release()


def _context(address: Address, tls: ssl.SSLContext | None) -> ssl.SSLContext | None:
    if address.kind == "tls":
        return tls or context_from(address.options)
    if tls is not None:
        raise ValueError(f"{address.text!r}: a TLS context is for tls: alone")
    return None
