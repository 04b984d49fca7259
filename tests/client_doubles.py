"""A server that exists in a list, for the blocking communicator; no socket, no real time."""

from __future__ import annotations

import ssl
from typing import Any

from twisted.internet.task import Clock

from pychron_comms.client.communicator import Communicator
from pychron_comms.client.link.deadline import Deadline
from pychron_comms.client.link.endpoint import Address
from pychron_comms.client.link.links import World

#: What a channel meets: bytes that come (none: the end), seconds of silence, or a fault.
Event = bytes | float | Exception | KeyboardInterrupt


class ScriptedChannel:
    """Gives its events one after another, then silence; keeps what is sent."""

    def __init__(self, *events: Event, datagrams: bool = False) -> None:
        self.events = list(events)
        self.datagrams = datagrams
        self.clock = Clock()
        self.begun = False
        self.is_closed = False
        self.lines: list[str] = []
        #: What the next ``send`` raises, and whether some of it leaves before that.
        self.fault: Exception | None = None
        self.fault_begun = False

    def send(self, data: bytes, deadline: Deadline) -> None:
        self.begun = False
        deadline.left()
        if self.fault is not None:
            self.begun = self.fault_begun
            raise self.fault
        self.begun = True
        self.lines.append(data.decode())

    def receive(self, seconds: float) -> bytes:
        while self.events and isinstance(self.events[0], float):
            silence = self.events.pop(0)
            assert isinstance(silence, float)
            if silence > seconds:
                self.events.insert(0, silence - seconds)
                break
            self.clock.advance(silence)
            seconds -= silence
        else:
            if self.events:
                return self._next()
        self.clock.advance(seconds)
        raise TimeoutError

    def poll(self) -> bytes | None:
        if not self.events or isinstance(self.events[0], float):
            return None
        return self._next()

    def close(self) -> None:
        self.is_closed = True

    def _next(self) -> bytes:
        event = self.events.pop(0)
        if isinstance(event, BaseException):
            raise event
        assert isinstance(event, bytes)
        return event


class ScriptedNetwork:
    """Opens its channels one after another; an exception among them is raised instead."""

    def __init__(self, *channels: ScriptedChannel | OSError) -> None:
        self.clock = Clock()
        self.waiting = list(channels)
        self.opened: list[ScriptedChannel] = []

    def open_channel(
        self, address: Address, context: ssl.SSLContext | None, deadline: Deadline
    ) -> Any:
        deadline.left()
        channel = self.waiting.pop(0)
        if isinstance(channel, OSError):
            raise channel
        channel.clock = self.clock
        self.opened.append(channel)
        return channel

    def communicator(self, **arguments: Any) -> Communicator:
        """One that asks there, as ``tcp:lab:1067``."""
        world = World(self.open_channel, self.clock.seconds, self.clock.advance)
        return Communicator("tcp:lab:1067", **arguments, _world=world)
