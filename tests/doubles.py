"""Stand-ins for the parts around the one under test."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from twisted.internet.defer import Deferred
from zope.interface import implementer

from pychron_comms.interfaces import (
    Effect,
    ICall,
    ICommandRepeater,
    IHardware,
    IHardwareGate,
    IRequestHandler,
)


@implementer(IHardwareGate)
class ScriptedGate:
    """Answers every command with what ``answers`` says, a Deferred where it says nothing."""

    def __init__(self, **answers: str | Exception) -> None:
        self.answers = answers
        self.requests: list[tuple[str, str, str, float | None]] = []
        self.waiting: list[Deferred[str]] = []

    def process_server_request(
        self, request_type: str, data: str, sender: str, within: float | None = None
    ) -> str | Deferred[str]:
        self.requests.append((request_type, data, sender, within))
        answer = self.answers.get(data.partition(" ")[0])
        if isinstance(answer, Exception):
            raise answer
        if answer is not None:
            return answer
        result: Deferred[str] = Deferred()
        self.waiting.append(result)
        return result


@implementer(ICommandRepeater)
class ScriptedRepeater:
    """Keeps what it is asked, and the Deferreds that it gave."""

    def __init__(self) -> None:
        self.requests: list[tuple[str, str, str, float | None]] = []
        self.waiting: list[Deferred[str]] = []
        self.tests: list[Deferred[None]] = []

    def get_response(
        self, request_type: str, data: str, sender: str, within: float | None = None
    ) -> Deferred[str]:
        self.requests.append((request_type, data, sender, within))
        result: Deferred[str] = Deferred()
        self.waiting.append(result)
        return result

    def test_connection(self) -> Deferred[None]:
        result: Deferred[None] = Deferred()
        self.tests.append(result)
        return result


@implementer(ICall)
class ScriptedCall:
    """A call whose ``run`` returns, raises or gives a Deferred, as told."""

    def __init__(
        self,
        name: str,
        result: Any = None,
        *,
        effect: Effect = Effect.ACTUATE,
        safe: bool = False,
        deadline: float = 5.0,
        manager: Any = "manager",
        target: str = "",
        sender: str = "10.0.0.1",
    ) -> None:
        self.name = name
        self.result = result
        self.effect = effect
        self.safe = safe
        self.deadline = deadline
        self.manager = manager
        self.target = target
        self.sender = sender
        self.runs = 0

    def same_read(self, other: Any) -> bool:
        return self.effect is Effect.READ and self.name == other.name

    def run(self) -> Any:
        self.runs += 1
        if isinstance(self.result, Exception):
            raise self.result
        return self.result

    def reply(self, result: Any) -> str:
        return str(result)


@implementer(IRequestHandler)
class ScriptedHandler:
    """Prepares the calls it was given, by their names."""

    def __init__(self, *calls: ScriptedCall) -> None:
        self.calls = {call.name: call for call in calls}

    def prepare(self, data: str, sender: str) -> ScriptedCall:
        call = self.calls[data]
        call.sender = sender
        return call

    def handle(self, call: ScriptedCall) -> str | Deferred[str]:
        result = call.run()
        if isinstance(result, Deferred):
            return result.addCallback(call.reply)
        return call.reply(result)


@implementer(IHardware)
class IdleHardware:
    """Counts its starts, and keeps what was made safe."""

    system_lock = None

    def __init__(self) -> None:
        self.started = 0
        self.made_safe: list[str] = []
        self.actions: list[tuple[Any, Callable[[], Any]]] = [
            ("valves", lambda: self.made_safe.append("valves"))
        ]

    def manager(self, name: str) -> Any:
        raise KeyError(name)

    def device(self, name: str) -> Any:
        raise KeyError(name)

    def start(self) -> None:
        self.started += 1

    def making_safe(self) -> list[tuple[Any, Callable[[], Any]]]:
        return self.actions
