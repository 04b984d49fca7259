"""Stand-ins for the parts around the one under test."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from twisted.internet.defer import Deferred, succeed
from twisted.internet.interfaces import IReactorTime
from twisted.internet.task import Clock
from twisted.internet.testing import StringTransport
from zope.interface import implementer

from pychron_comms.interfaces import (
    Effect,
    ICall,
    ICommandRepeater,
    IHardware,
    IHardwareGate,
    IKnownRead,
    IRequestHandler,
    Move,
    Replies,
)
from pychron_comms.journal.memory import NoJournal
from pychron_comms.journal.searches import JournalSearch
from pychron_comms.observability.metrics import Counter, Metrics
from pychron_comms.observability.state.stream import StateStream
from pychron_comms.processor.assembly import made_safe
from pychron_comms.processor.execution.audit import Audit
from pychron_comms.processor.execution.idempotency import CommandMemory
from pychron_comms.processor.execution.manager_queue import ManagerQueue
from pychron_comms.processor.execution.queues import Queues
from pychron_comms.processor.execution.runners import ReactorRunner
from pychron_comms.processor.execution.sealed_queue import SealedQueue
from pychron_comms.processor.hardware_manager import RemoteHardwareManager
from pychron_comms.processor.state.publisher import StatePublisher
from pychron_comms.safeguards.access import AccessRules
from pychron_comms.safeguards.interlocks import Interlocks
from pychron_comms.safeguards.kept_rules import KeptRules
from pychron_comms.safeguards.leases import Leases
from pychron_comms.safeguards.rules import Rule
from pychron_comms.safeguards.unsafe_parts import UnsafeParts
from pychron_comms.server.resend.command_catalogue import CommandCatalogue, Declarations
from pychron_comms.server.resend.delivery import DeliveryReports
from pychron_comms.transport.read_run import ask_each
from pychron_comms.wire.context import PLAIN, RequestContext
from pychron_comms.wire.line_table import LineTable


class Heard:
    """What became of commands that were asked together: ``told`` has each with its place."""

    def __init__(self) -> None:
        self.told: list[tuple[int, object]] = []

    def replied(self, at: int, texts: Sequence[str | bytes]) -> None:
        self.told += enumerate(texts, at)

    def failed(self, at: int, error: Exception) -> None:
        self.told.append((at, error))

    def later(self, at: int, reply: Deferred[str]) -> None:
        self.told.append((at, reply))


@implementer(IHardwareGate)
class ScriptedGate:
    """Answers every command with what ``answers`` says, a Deferred where it says nothing."""

    def __init__(self, **answers: str | Exception) -> None:
        self.answers = answers
        self.reads: LineTable[IKnownRead] = LineTable()
        self.known_asked: list[object] = []
        self.requests: list[tuple[str, str, str, float | None]] = []
        self.context: list[RequestContext] = []
        self.waiting: list[Deferred[str]] = []
        self.forgotten: list[Deferred[str]] = []
        self.sessions: list[str] = []
        self.taken: list[str] = []

    def process_server_request(
        self, request_type: str, data: str, sender: str, context: RequestContext = PLAIN
    ) -> str | Deferred[str]:
        self.requests.append((request_type, data, sender, context.within))
        self.context.append(context)
        answer = self.answers.get(data.partition(" ")[0])
        if isinstance(answer, Exception):
            raise answer
        if answer is not None:
            return answer
        result: Deferred[str] = Deferred()
        self.waiting.append(result)
        return result

    def ask_all(
        self, reads: Sequence[Any], sender: str, context: RequestContext, replies: Replies
    ) -> None:
        self.known_asked.append(reads)
        ask_each(lambda read, *terms: read.ask(*terms), reads, sender, context, replies)

    def makes_safe(self, request_type: str, data: str) -> bool:
        return bool(request_type) and data.startswith("Close")

    def only_reads(self, request_type: str, data: str) -> bool:
        return data.startswith("Get")

    def asker_gone(self, response: Deferred[str]) -> None:
        self.forgotten.append(response)

    def session_ended(self, session: str) -> None:
        self.sessions.append(session)

    def reply_taken(self, ask: str) -> None:
        self.taken.append(ask)

    def search(self, question: str) -> Deferred[str]:
        return succeed(f"found {question}")


@implementer(ICommandRepeater)
class ScriptedRepeater:
    """Keeps what it is asked, and the Deferreds that it gave."""

    def __init__(self) -> None:
        self.requests: list[tuple[str, str, str, float | None]] = []
        self.waiting: list[Deferred[str]] = []
        self.forgotten: list[Deferred[str]] = []
        self.sessions: list[str] = []
        self.taken: list[str] = []
        self.context: list[RequestContext] = []
        self.tests: list[Deferred[None]] = []

    def known_read(self, request_type: str, data: str) -> None:
        """Each command is asked anew."""

    def get_response(
        self, request_type: str, data: str, sender: str, context: RequestContext = PLAIN
    ) -> Deferred[str]:
        self.requests.append((request_type, data, sender, context.within))
        self.context.append(context)
        result: Deferred[str] = Deferred()
        self.waiting.append(result)
        return result

    def asker_gone(self, response: Deferred[str]) -> None:
        self.forgotten.append(response)

    def session_ended(self, session: str, sender: str) -> None:
        self.sessions.append(session)

    def reply_taken(self, ask: str) -> None:
        self.taken.append(ask)

    def test_connection(self) -> Deferred[None]:
        result: Deferred[None] = Deferred()
        self.tests.append(result)
        return result


class SteadyLoop:
    """A process that stands still when the test says so."""

    def __init__(self) -> None:
        self.stalls = 0
        self.may_have_lain = 0.0


class UnaskedCatalogue(CommandCatalogue):
    """Knows no command but what is declared, and asks nothing, which would stand between."""

    def __init__(
        self,
        repeater: ICommandRepeater,
        clock: IReactorTime,
        declared: Declarations | None = None,
    ) -> None:
        super().__init__(repeater, clock, declared or {})

    def _learn(self, request_type: str, sender: str) -> None:
        """Nothing is asked."""


def reports_to(repeater: ICommandRepeater, clock: IReactorTime) -> DeliveryReports:
    """Those of a process that never stands still."""
    return DeliveryReports(repeater, clock, SteadyLoop(), Metrics(), process="server")


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
        self.context = PLAIN
        self.result = result
        self.effect = effect
        self.safe = safe
        self.deadline = deadline
        self.manager = manager
        self.target = target
        acts = effect is not Effect.READ and manager is not None
        self.moves = (Move(manager, target),) if acts else ()
        self.sender = sender
        self.runs = 0

    @property
    def question(self) -> str | None:
        return self.name if self.effect is Effect.READ else None

    def same_act(self, other: Any) -> bool:
        return False

    def run(self) -> Any:
        self.runs += 1
        if isinstance(self.result, BaseException):
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

    safeguards = None

    def __init__(self) -> None:
        self.started = 0
        self.stopped = 0
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

    def stop(self) -> None:
        self.stopped += 1

    def making_safe(self) -> list[tuple[Any, Callable[[], Any]]]:
        return self.actions


class StillPublisher(StatePublisher):
    """Watches nothing, and has no timer."""

    def start(self) -> None:
        """Nothing is looked at."""


def still_publisher(clock: Any) -> StatePublisher:
    stream = StateStream("session", clock.seconds)
    return StillPublisher(stream, lambda call: "OK", clock=clock, now=clock.seconds)


def gate_around(
    handlers: dict[str, Any],
    hardware: Any,
    clock: Clock,
    *,
    admissions: Sequence[Any] = (),
    rules: Sequence[Any] = (),
    journal: Any = None,
    interlocks: Sequence[Rule] = (),
    width: float = math.inf,
) -> RemoteHardwareManager:
    """A gate of the real parts, with these handlers behind it; its managers never block.

    ``width``: how many actions that make safe each of these takes at a time.
    """
    audit = Audit(journal or NoJournal(), clock.seconds)
    queue = SealedQueue if audit.groups else ManagerQueue
    queues = Queues(lambda manager: queue(ReactorRunner(), clock, width=width))
    memory = CommandMemory(audit, clock, Metrics())
    unsafe = UnsafeParts(clock, clock.seconds, audit, partial(made_safe, queues, memory))
    memory.guarded_by(unsafe)
    leases = Leases(clock, clock.seconds, audit, unsafe, Counter())
    kept = Interlocks(queues.read, clock)
    kept.keep(interlocks)
    return RemoteHardwareManager(
        handlers=handlers,
        access=AccessRules(admissions, [*rules, leases]),
        hardware=hardware,
        queues=queues,
        memory=memory,
        audit=audit,
        leases=leases,
        interlocks=kept,
        kept_rules=KeptRules(interlocks, kept.broken, unsafe.add, clock),
        publisher=still_publisher(clock),
        searches=JournalSearch("", clock),
        clock=clock,
    )


class TcpTransport(StringTransport):
    """Where no producer is registered none is taken away, as with TCP's own."""

    def unregisterProducer(self) -> None:
        if self.producer is not None:
            super().unregisterProducer()
