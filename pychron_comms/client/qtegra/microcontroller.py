"""Asks Qtegra one command at a time: blocking, or in the reactor.

What is done with an instrument is written once, as coroutines that await ``request`` and
``pause``. ``QtegraMicrocontroller`` answers these at once, so a coroutine runs to its end in one
go, in a program without a reactor; with ``DeferredQtegraMicrocontroller`` it waits in the reactor.
"""

from __future__ import annotations

import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Coroutine
from typing import Any, Protocol, Self, TypeVar

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReactorTime
from twisted.internet.task import deferLater

from pychron_comms.client.communicator import Communicator
from pychron_comms.client.deferred import DeferredCommunicator
from pychron_comms.client.instrument import Asks
from pychron_comms.errors import OutcomeUnknownError, UnlistedError

T = TypeVar("T")

#: How often a read is asked, where no answer comes.
READS = 2

# How errors call the other side, where nothing else is known of it.
_NAME = "Qtegra"


class QtegraError(UnlistedError):
    """Qtegra has refused a command, or could not do it. It numbers no errors."""

    template = "{2} (the reply of {0} to {1})"

    def __init__(self, server: str, command: str, reply: str) -> None:
        super().__init__(server, command, reply)
        self.server = server
        self.command = command
        self.reply = reply


class AsksLater(Protocol):
    """A ``DeferredCommunicator``, as far as it is needed here."""

    def ask(self, command: str, timeout: float | None = None) -> Deferred[str]: ...


class Microcontroller(ABC):
    """What both kinds share. ``server`` is how errors call the other side.

    A read without an answer is asked again, ``reads`` times in all, since datagrams get lost; a
    command that changes anything is sent once.
    """

    def __init__(self, server: str, reads: int) -> None:
        self.server = server
        self._reads = reads

    async def request(self, command: str, timeout: float | None = None) -> str:
        """The reply. Errors: QtegraError; 011 never sent, 201 no answer."""
        for _ in range(self._reads - 1 if command.startswith("Get") else 0):
            try:
                return self._checked(command, await self._exchange(command, timeout))
            except OutcomeUnknownError:
                pass
        return self._checked(command, await self._exchange(command, timeout))

    def _checked(self, command: str, reply: str) -> str:
        if reply == "Error" or reply.startswith("Error:"):
            raise QtegraError(self.server, command, reply)
        return reply

    @abstractmethod
    async def _exchange(self, command: str, timeout: float | None) -> str:
        """One command, one reply."""

    @abstractmethod
    async def pause(self, seconds: float) -> None:
        """Let time pass."""

    @abstractmethod
    def now(self) -> float:
        """Seconds since 1970."""

    @abstractmethod
    def run(self, coroutine: Coroutine[Any, Any, Any]) -> Any:
        """What a caller gets of a coroutine: its result, now or later."""


class QtegraMicrocontroller(Microcontroller):
    """Blocks until each reply is there. Needs no reactor."""

    def __init__(
        self,
        communicator: Asks,
        server: str = _NAME,
        *,
        reads: int = READS,
        sleep: Callable[[float], object] = time.sleep,
        now: Callable[[], float] = time.time,
    ) -> None:
        super().__init__(server, reads)
        self._communicator = communicator
        self._sleep = sleep
        self._now = now

    @classmethod
    def at(cls, endpoint: str, timeout: float = 2.0) -> Self:
        """One that asks at ``endpoint``, such as ``udp:127.0.0.1:1069``."""
        return cls(Communicator(endpoint, timeout=timeout, form="closing"), endpoint)

    async def _exchange(self, command: str, timeout: float | None) -> str:
        return self._communicator.ask(command, timeout)

    async def pause(self, seconds: float) -> None:
        self._sleep(seconds)

    def now(self) -> float:
        return self._now()

    def run(self, coroutine: Coroutine[Any, Any, T]) -> T:
        try:
            coroutine.send(None)
        except StopIteration as end:
            result: T = end.value
            return result
        coroutine.close()
        raise TypeError("a coroutine that waits for the reactor cannot run here")


class DeferredQtegraMicrocontroller(Microcontroller):
    """Waits in the reactor; what is asked of it comes as a Deferred, which may be cancelled."""

    def __init__(
        self,
        communicator: AsksLater,
        clock: IReactorTime,
        server: str = _NAME,
        *,
        reads: int = READS,
    ) -> None:
        super().__init__(server, reads)
        self._communicator = communicator
        self._clock = clock

    @classmethod
    def at(cls, endpoint: str, reactor: Any, timeout: float = 2.0) -> Self:
        """One that asks at ``endpoint``, such as ``udp:127.0.0.1:1069``."""
        communicator = DeferredCommunicator(endpoint, reactor, timeout=timeout, form="closing")
        return cls(communicator, reactor, endpoint)

    async def _exchange(self, command: str, timeout: float | None) -> str:
        return await self._communicator.ask(command, timeout)

    async def pause(self, seconds: float) -> None:
        await deferLater(self._clock, seconds)

    def now(self) -> float:
        return self._clock.seconds()

    def run(self, coroutine: Coroutine[Any, Any, T]) -> Deferred[T]:
        return Deferred.fromCoroutine(coroutine)
