"""Tells the state stream of each command that acted: who asked what, and what came of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from json.encoder import encode_basestring_ascii as _quoted

from pychron_comms.interfaces import ICall
from pychron_comms.observability.state.stream import Event, StateStream
from pychron_comms.processor.execution.watches import EndedCommand

#: Characters of a command and of its reply that are shown.
_SHOWN = 200


class CommandEvents:
    """Tells what ended."""

    def __init__(self, stream: StateStream) -> None:
        self._stream = stream

    def goes_on(self, call: ICall) -> None:
        """Only its end is told."""

    def all_ended(self, commands: Sequence[EndedCommand]) -> None:
        told = [
            Event("command", _members(request, reply[:_SHOWN], seconds))
            for _, request, reply, seconds, _ in commands
        ]
        self._stream.happened_together(told)


def _members(request: Mapping[str, str], reply: str, seconds: float) -> str:
    """What is told of it, as JSON."""
    asked = _asked(request["sender"], request["type"], request["command"][:_SHOWN])
    return f'{asked},"reply":{_quoted(reply)},"seconds":{seconds:.6f}'


# Who asks for what is the same again and again.
@lru_cache(256)
def _asked(sender: str, request_type: str, command: str) -> str:
    return f'"who":{_quoted(sender)},"type":{_quoted(request_type)},"command":{_quoted(command)}'
