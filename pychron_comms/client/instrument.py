"""What the client of every instrument shares: a communicator, and asks that answer with values."""

from __future__ import annotations

from collections.abc import Callable
from types import TracebackType
from typing import Protocol, Self

from pychron_comms.client import answers
from pychron_comms.client.communicator import Communicator
from pychron_comms.client.lease import Lease
from pychron_comms.client.settling import before_command
from pychron_comms.client.waiting import Waiter, WaitOptions


class Asks(Protocol):
    """The part of a communicator that instruments need."""

    def ask(self, command: str, timeout: float | None = None) -> str:
        """The reply; a CommandError for an ``ERROR`` reply, or for none."""

    def close(self) -> None:
        """Leave no connection open."""


class Instrument:
    """Commands to one listener, by a communicator or by the endpoint string of the server.

    ``request_type`` is for an endpoint where several types are served, as in ``CO2``. The
    communicator that an endpoint string made is closed by ``disconnect`` and at the end of a
    ``with`` block; one that was given stays open for its owner. Neither touches the hardware.

    Every method raises a subclass of ``pychron_comms.errors.CommandError``: the server's own
    error; 011 where the command was never sent; 201 where its outcome is not known, also for a
    reply that makes no sense.
    """

    def __init__(
        self,
        communicator: Asks | str,
        *,
        request_type: str = "",
        waiter: Waiter | None = None,
    ) -> None:
        self._owned: Asks | None = None
        if isinstance(communicator, str):
            communicator = self._owned = Communicator(communicator, request_type=request_type)
        self._communicator: Asks = communicator
        self._waiter = waiter or Waiter()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.disconnect()

    def ask(self, command: str, timeout: float | None = None) -> str:
        """The reply to any command, as it is."""
        return self._communicator.ask(command, timeout)

    def check(self, command: str) -> None:
        """Raise what the command would get just now, such as 204 or 207; nothing is done."""
        self._do(before_command("Check", command))

    def disconnect(self) -> None:
        """Close the connection, where it is this object's own."""
        if self._owned is not None:
            self._owned.close()

    def _lease(self, target: str, seconds: float) -> Lease:
        return Lease(self.ask, target, seconds, clock=self._waiter.clock)

    def _do(self, command: str) -> None:
        answers.check_done(command, self.ask(command))

    def _begin(self, command: str) -> None:
        """For what a server of Pychron answers with ``No Response`` when it is done."""
        reply = self.ask(command)
        if reply != answers.NOTHING:
            answers.check_done(command, reply)

    def _state(self, command: str) -> bool:
        return answers.state(command, self.ask(command))

    def _number(self, command: str) -> float:
        return answers.number(command, self.ask(command))

    def _whole_number(self, command: str) -> int:
        return answers.whole_number(command, self.ask(command))

    def _base64(self, command: str) -> bytes:
        return answers.base64(command, self.ask(command))

    def _text(self, command: str) -> str:
        return answers.text(command, self.ask(command))

    def _wait(
        self,
        what: str,
        goes_on: Callable[[], bool],
        stop: Callable[[], object],
        options: WaitOptions,
    ) -> None:
        self._waiter.until_over(what, goes_on, stop, **options)
