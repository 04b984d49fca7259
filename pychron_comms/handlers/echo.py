"""The request type ``test``: what follows comes back, to try a link from end to end."""

from __future__ import annotations

from collections.abc import Hashable, Sequence

from twisted.plugin import IPlugin
from zope.interface import implementer

from pychron_comms.interfaces import (
    Effect,
    ICall,
    IHardware,
    IRequestHandler,
    IRequestHandlerFactory,
)
from pychron_comms.wire.context import PLAIN


@implementer(ICall)
class EchoCall:
    """A text on its way back."""

    name = "Echo"
    effect = Effect.READ
    safe = False
    deadline = 5.0
    manager = None
    target = ""
    moves = ()
    context = PLAIN

    def __init__(self, text: str, sender: str) -> None:
        self.text = text
        self.sender = sender

    @property
    def question(self) -> Hashable:
        return EchoCall, self.text

    def same_act(self, other: object) -> bool:
        return False

    def run(self) -> str:
        return self.text

    def reply(self, result: object) -> str:
        return str(result)


@implementer(IRequestHandler)
class EchoHandler:
    """Takes any text for a command, and answers with it."""

    def prepare(self, data: str, sender: str) -> EchoCall:
        return EchoCall(data, sender)

    def handle(self, call: ICall) -> str:
        return call.reply(call.run())


@implementer(IPlugin, IRequestHandlerFactory)
class EchoHandlerFactory:
    request_types: Sequence[str] = ("test",)

    def build(self, hardware: IHardware) -> EchoHandler:
        return EchoHandler()
