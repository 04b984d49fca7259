"""Whether somebody owns the hardware, as a server tells it to who wants to know."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from twisted.internet.interfaces import IReactorTime
from twisted.logger import Logger

from pychron_comms.broker.message import Message
from pychron_comms.broker.state import lines_of
from pychron_comms.observability.sender_log import SenderLog
from pychron_comms.transport.outage import Outage


class StateWatcher(Protocol):
    """Hears how things stand at a processor."""

    def heard(self, topic: str, text: str) -> None:
        """A message of its state stream. Raises ValueError for what is none."""

    def lost(self, reason: str) -> None:
        """It cannot be heard any more."""


class OwnerPresence:
    """Says once that an owner can be sent to, and once that none can."""

    _log = Logger()

    def __init__(self, hardware: str, clock: IReactorTime, log: SenderLog) -> None:
        self._sender_log = log
        self._outage = Outage(f"owner of {hardware}", clock)
        self._watcher: StateWatcher | None = None
        #: What is called when there is one again: it may be another.
        self.when_found: list[Callable[[], object]] = []
        self.is_known = False

    def watch(self, watcher: StateWatcher) -> None:
        """Let ``watcher`` hear how things stand at the owner, while there is one."""
        self._watcher = watcher

    def found(self) -> None:
        """It can be sent to."""
        if self.is_known:
            return
        self.is_known = True
        self._outage.connected()
        for act in self.when_found:
            act()

    def replaced(self) -> None:
        """It is another now, which is not lost."""
        self.is_known = False

    def missing(self) -> None:
        """There is a broker, and no owner yet."""
        self._outage.attempt_failed("no processor says that it owns the hardware")

    def lost(self, why: str) -> None:
        """It cannot be sent to."""
        if not self.is_known:
            return
        self.is_known = False
        self._outage.lost(why)
        if self._watcher is not None:
            self._watcher.lost(why)

    def state_came(self, message: Message) -> None:
        """A message of how things stand there."""
        if self._watcher is None:
            return
        try:
            for topic, text in lines_of(message):
                self._watcher.heard(topic, text)
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            self._sender_log.warn(
                self._log,
                "a message by {sender} is no state of a processor: {said}",
                sender=message.topic,
                said=repr(error),
            )
