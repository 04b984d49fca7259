"""A laboratory's own devices that write down each actuation, and the request type to command them.

A value that is set is sealed, so that one whose bits were changed on the way is refused; the reply
of success is the value itself, so that a reply which went to another request shows.
"""

from __future__ import annotations

import os
import re
import time
import zlib
from collections import Counter as Tally
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from twisted.plugin import IPlugin
from zope.interface import implementer

from pychron_comms.errors import InvalidArgumentsError
from pychron_comms.handlers.arguments import Text
from pychron_comms.handlers.base import BaseHandler, named_device
from pychron_comms.handlers.command import command
from pychron_comms.handlers.replies import value
from pychron_comms.interfaces import (
    Effect,
    IDevice,
    IHardware,
    IReactorManager,
    IRequestHandlerFactory,
)

#: The request type of the commands below.
REQUEST_TYPE = "Counting"

_SEALED = re.compile(r"\d+-[0-9a-f]{8}")


def sealed(number: int) -> str:
    """``412-`` and a checksum."""
    return f"{number}-{zlib.crc32(b'%d' % number):08x}"


def sealed_in(text: str) -> list[str]:
    """The values in a text whose seals are whole."""
    found = _SEALED.findall(text)
    return [each for each in found if each == sealed(int(each.partition("-")[0]))]


def actuations(record: Path) -> Tally[str]:
    """How often each value was actuated."""
    return Tally(record.read_text("ascii").split())


@implementer(IDevice)
class Counter:
    """Blocks for ``seconds`` behind each actuation, which is written to ``record`` first."""

    def __init__(self, name: str, record: str, seconds: float = 0.0) -> None:
        self.name = name
        self._record = record
        self._seconds = seconds

    def get(self) -> str:
        return self.name

    def set(self, value: str, sender: str) -> str:
        if sealed_in(value) != [value]:
            raise InvalidArgumentsError("Count", f"{self.name} {value}")
        # One write, which the system keeps whatever becomes of this process.
        record = os.open(self._record, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
        try:
            os.write(record, f"{value}\n".encode())
        finally:
            os.close(record)
        if self._seconds:
            time.sleep(self._seconds)
        return value


@implementer(IReactorManager)
class PromptCounter(Counter):
    """Runs in the reactor's thread, and so never waits."""


class CountingHandler(BaseHandler):
    request_type = REQUEST_TYPE

    @command(
        "Count",
        arguments=(Text("device"), Text("value")),
        reply=value,
        effect=Effect.ACTUATE,
        manager=named_device,
        help="actuate a device once, and answer with the value",
    )
    def count(self, manager: Any, sender: str, device: str, value: str) -> object:
        return manager.set(value, sender)

    @command(
        "Shut",
        arguments=(Text("device"), Text("value")),
        reply=value,
        effect=Effect.ACTUATE,
        safe=True,
        manager=named_device,
        help="the same, to make it safe",
    )
    def shut(self, manager: Any, sender: str, device: str, value: str) -> object:
        return manager.set(value, sender)

    @command(
        "Echo",
        arguments=(Text("value"),),
        reply=value,
        effect=Effect.READ,
        manager=lambda handler, values: None,
        help="answer with the value",
    )
    def echo(self, manager: Any, sender: str, value: str) -> object:
        return value


@implementer(IPlugin, IRequestHandlerFactory)
class CountingHandlerFactory:
    request_types: Sequence[str] = (REQUEST_TYPE,)

    def build(self, hardware: IHardware) -> CountingHandler:
        return CountingHandler(hardware, None)
