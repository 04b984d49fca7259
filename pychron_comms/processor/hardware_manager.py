"""The one gate to the hardware: whatever road a request came, it passes here."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from typing import Any, NoReturn

from twisted.application.service import Service
from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReactorTime
from twisted.logger import Logger
from twisted.python.failure import Failure
from zope.interface import implementer

from pychron_comms.config.nearest import did_you_mean
from pychron_comms.errors import (
    CommandError,
    ExpiredError,
    InvalidCommandError,
    NotOwnerError,
    OutcomeUnknownError,
    ShuttingDownError,
    UnknownRequestTypeError,
)
from pychron_comms.interfaces import (
    ICall,
    IDescribedHandler,
    IHardware,
    IKnownRead,
    ILaserManager,
    IOwnedGate,
    IRepeatableCall,
    IRequestHandler,
    Move,
    Part,
    Replies,
)
from pychron_comms.journal.searches import JournalSearch
from pychron_comms.observability.state.stream import StateStream
from pychron_comms.process.garbage import collecting_no_garbage
from pychron_comms.processor.ending import SAFE_GRACE, Ending
from pychron_comms.processor.execution.audit import ALL_SAFE, Audit
from pychron_comms.processor.execution.execution import Execution
from pychron_comms.processor.execution.idempotency import CommandMemory, request_of
from pychron_comms.processor.execution.manager_queue import ManagerQueue
from pychron_comms.processor.execution.plain_command import LATE
from pychron_comms.processor.execution.queues import Queues
from pychron_comms.processor.execution.recall import THE_STOP, Laboratory
from pychron_comms.processor.known_reads import KnownRead, Stretch
from pychron_comms.processor.other_types import with_other_types
from pychron_comms.processor.state.publisher import StatePublisher
from pychron_comms.safeguards.access import AccessRules
from pychron_comms.safeguards.interlocks import Interlocks
from pychron_comms.safeguards.kept_rules import KeptRules
from pychron_comms.safeguards.lease_records import LeaseRecords
from pychron_comms.safeguards.leases import Leases
from pychron_comms.transport.read_run import ask_each
from pychron_comms.wire.context import PLAIN, RequestContext
from pychron_comms.wire.copies import KEEP
from pychron_comms.wire.grammar import write_request
from pychron_comms.wire.line_table import LineTable


@implementer(IRequestHandler)
class MissingHandler:
    """Stands for a request type whose manager is not there: every command gets the reason."""

    def __init__(self, error: CommandError) -> None:
        self._error = error

    def prepare(self, data: str, sender: str) -> ICall:
        raise self._error

    def handle(self, call: ICall) -> str:
        raise self._error


@implementer(IOwnedGate)
class RemoteHardwareManager(Service):
    """Finds the handler of a request, asks the access rules, and queues for the manager."""

    _log = Logger()

    def __init__(
        self,
        *,
        handlers: Mapping[str, IRequestHandler],
        access: AccessRules,
        hardware: IHardware,
        queues: Queues,
        memory: CommandMemory,
        audit: Audit,
        leases: Leases,
        interlocks: Interlocks,
        kept_rules: KeptRules,
        publisher: StatePublisher,
        searches: JournalSearch,
        clock: IReactorTime,
    ) -> None:
        self._handlers = handlers
        #: Who may ask at all, and who may do what.
        self.access = access
        self._hardware = hardware
        self._queues = queues
        #: Where calls wait for that manager.
        self.queue_of = queues.of
        self._memory = memory
        self._audit = audit
        self._leases = leases
        self._interlocks = interlocks
        self._kept_rules = kept_rules
        self._publisher = publisher
        self._searches = searches
        self._clock = clock
        self._ending = Ending(clock, queues)
        self.reads: LineTable[IKnownRead] = LineTable()
        self._stopping = self._closed = False

    @property
    def stream(self) -> StateStream:
        """How the hardware stands, and what commands do to it."""
        return self._publisher.stream

    def process_server_request(
        self, request_type: str, data: str, sender: str, context: RequestContext = PLAIN
    ) -> str | Deferred[str]:
        self.access.admit(sender)
        handler = self._handlers.get(request_type)
        if handler is None:
            listed = f" (there are: {', '.join(sorted(self._handlers))})"
            hint = did_you_mean(request_type, self._handlers) or listed
            raise UnknownRequestTypeError(f"{request_type}{hint}")
        try:
            call = handler.prepare(data, sender)
        except InvalidCommandError as error:
            raise with_other_types(error, self._handlers) from None
        if context is not PLAIN:
            call.context = context
        if not call.effect.reads and call.manager is not None:
            return self._act(request_type, data, handler, call)
        if call.effect.reads and self.reads.seen_before(request_type, data):
            self._remember(request_type, data, handler, call)
        return self.read(data, handler, call, context)

    def ask_all(
        self,
        reads: Sequence[KnownRead],
        sender: str,
        context: RequestContext,
        replies: Replies,
    ) -> None:
        self.access.admit(sender)
        ask_each(Stretch(self).ask, reads, sender, context, replies)

    def _remember(
        self, request_type: str, data: str, handler: IRequestHandler, call: ICall
    ) -> None:
        """The next time, these words are known to read."""
        if IRepeatableCall.providedBy(call):
            words = write_request(data, request_type).encode()
            self.reads.keep(words, KnownRead(self, handler, call, data), call.sender)

    def read(
        self, data: str, handler: IRequestHandler, call: ICall, context: RequestContext
    ) -> str | Deferred[str]:
        """The reply to a call that has no need of being done once at most."""
        if self._stopping:
            raise ShuttingDownError(data)
        self.access.check(call)
        if call.manager is None:
            if not call.effect.reads:
                return self._in_time(handler, call, context)
            return self._told(handler, call)
        within = None if context is PLAIN else context.patience(call.deadline)
        return self._queues.of(call.manager).read(handler, call, within)

    def _in_time(
        self, handler: IRequestHandler, call: ICall, context: RequestContext
    ) -> str | Deferred[str]:
        """The reply to one that acts and has no hardware, as Claim, which a disk may keep for long.

        Errors: what it raises, 201, 202.
        """
        seconds = context.patience(call.deadline)
        if not seconds > 0:
            raise ExpiredError(call.name)
        reply = self._told(handler, call)
        if isinstance(reply, str):
            return reply
        # It goes on to its end.
        answer: Deferred[str] = Deferred()
        reply.chainDeferred(answer)
        return answer.addTimeout(seconds, self._clock, partial(_not_in_time, call))

    def _told(self, handler: IRequestHandler, call: ICall) -> str | Deferred[str]:
        """The reply to one that touches no hardware itself."""
        try:
            return handler.handle(call)
        except InvalidCommandError as error:
            # Of the command that it is about, as of Check's.
            raise with_other_types(error, self._handlers) from None

    def makes_safe(self, request_type: str, data: str) -> bool:
        call = self._call(request_type, data, "")
        return call is not None and call.safe

    def only_reads(self, request_type: str, data: str) -> bool:
        call = self._call(request_type, data, "")
        return call is not None and call.effect.reads

    def asker_gone(self, response: Deferred[str]) -> None:
        unwanted = self._memory.leave(response)
        if unwanted is not None:
            for queue in self._queues:
                if queue.forget(unwanted):
                    return

    def session_ended(self, session: str) -> None:
        self._leases.session_ended(session)

    def reply_taken(self, ask: str) -> None:
        self._memory.reply_taken(ask)

    def search(self, question: str) -> Deferred[str]:
        return self._searches.find(question)

    def startService(self) -> None:
        super().startService()
        self._hardware.start()
        leases = self._recalled()
        self._audit.carry(self._memory.carried)
        self._audit.carry(self._leases.carried)
        self._audit.start()
        self._leases.recall(leases, self._part)
        self._kept_rules.start()
        self._publisher.start()

    def stopService(self) -> Deferred[None]:
        """Fail what waits and begin to make the hardware safe, both at once.

        What runs has 4 s to end, and where it has ended later its hardware is made safe again, in
        4 s too. What makes safe is taken until ``close``, which must follow; where much of it waits
        for its turn it has 20 s, as long as some of it ends in each 4 s.
        """
        super().stopService()
        self._publisher.stop()
        self._searches.stop()
        self._leases.stop()
        self._kept_rules.stop()
        self._stopping = True
        ended: dict[ManagerQueue, Deferred[None]] = {}

        def stop(queue: ManagerQueue) -> None:
            if queue not in ended:
                ended[queue] = queue.stop()

        # No laser waits for all that other queues have to refuse.
        safe = self._all_made_safe(THE_STOP, stop)
        for queue in self._queues:
            stop(queue)
        over = self._ending.over([*ended.values()], "commands still run")
        stopped = over.addCallback(self._give_up_running)
        return stopped.addCallback(lambda _: self._all_safe(safe))

    def give_up(self, error: Exception) -> None:
        for queue in self._queues:
            queue.drop(error)
        self.make_all_safe("the loss of the hardware")

    def make_all_safe(self, why: str) -> None:
        self._all_made_safe(why)

    def known_keys(self) -> Iterable[tuple[str, str]]:
        return self._memory.keys.names()

    @property
    def is_still(self) -> bool:
        """Whether nothing runs, and nothing is being made safe."""
        return all(queue.is_still for queue in self._queues)

    def close(self) -> None:
        """Let the managers' threads go, and end the journal; for when nobody can ask any more."""
        self._closed = True
        self._memory.watches.tell()
        self._audit.stop()
        for queue in self._queues:
            queue.close()
        self._hardware.stop()

    def _recalled(self) -> LeaseRecords:
        """Know again what earlier processes wrote of commands; what they wrote of leases."""
        commands, leases = self._memory.recall(Laboratory(self._call, self._part)), LeaseRecords()
        with collecting_no_garbage():
            for record in self._audit.recalled():
                commands.take(record)
                leases.take(record)
            commands.close()
            for record in self._audit.refused_since(KEEP + LATE):
                commands.refused(record)
        return leases

    def _act(
        self, request_type: str, data: str, handler: IRequestHandler, call: ICall
    ) -> str | Deferred[str]:
        """Run a command that acts: once, however often it is asked, and written down."""
        context = call.context
        request = request_of(request_type, data, call)
        known = self._memory.find(request, call)
        if known is not None:
            return known.again(context.patience(call.deadline))
        if self._closed:
            raise ShuttingDownError(data)
        entry = self._memory.open(request, call)
        try:
            if self._stopping and not call.safe:
                raise ShuttingDownError(data)
            self.access.check(call)
            execution = Execution(call, entry, self.access, self._interlocks, self._clock)
            queue = self._queues.of(call.manager)
            response = queue.submit(handler, call, context.patience(call.deadline), execution)
        except Exception:
            refused = entry.answered(Failure())
            if isinstance(refused, Deferred):
                return refused
            raise
        return response if isinstance(response, str) else entry.asked_by(response)

    def _call(self, request_type: str, data: str, sender: str) -> ICall | None:
        """The call that an earlier process was asked for."""
        handler = self._handlers.get(request_type)
        try:
            return handler.prepare(data, sender) if handler is not None else None
        except CommandError:
            return None

    def _part(self, name: str) -> Part | None:
        """The part that a lease was on, by its name."""
        request_type, _, target = name.partition(":")
        handler = self._handlers.get(request_type)
        if not IDescribedHandler.providedBy(handler):
            return None
        try:
            return handler.part(target or request_type)
        except CommandError:
            return None

    def _give_up_running(self, result: object) -> None:
        for queue in self._queues:
            queue.give_up_running()

    def _all_made_safe(
        self, why: str, before: Callable[[ManagerQueue], None] = lambda queue: None
    ) -> list[Deferred[Any]]:
        """``before`` comes before the first action of each queue."""
        self._memory.all_made_safe(why)
        safe: list[Deferred[Any]] = []
        for manager, action in sorted(self._hardware.making_safe(), key=_rank):
            queue = self._queues.of(manager)
            told = self._publisher.name_of(manager), why
            before(queue)
            done = queue.make_safe([Move(manager, "")], action, why)
            safe.append(done.addCallbacks(self._safe, self._not_safe, told, {}, told))
        # Nobody waits for a record. A kill from now on finds it: what was done may be undone.
        self._audit.note(ALL_SAFE, why=why)
        return safe

    def _all_safe(self, safe: Sequence[Deferred[Any]]) -> Deferred[None]:
        """Fires when these have, and all has been done that others wait for to be made safe."""
        parts = [*safe, *[queue.made_safe() for queue in self._queues]]
        return self._ending.over(parts, "hardware is not known to be safe", SAFE_GRACE)

    def _safe(self, result: object, name: str, why: str) -> None:
        self._log.info("{name} is safe: {why}", name=name, why=why)

    def _not_safe(self, failure: Failure, name: str, why: str) -> None:
        if failure.check(NotOwnerError):
            self._log.warn(
                "{name} is made safe by whoever owns it: {error}",
                name=name,
                error=str(failure.value),
            )
            return
        if failure.check(OutcomeUnknownError):
            error = str(failure.value)
            self._log.warn("{name} is not known to be safe: {error}", name=name, error=error)
            return
        self._log.failure("{name} could not be made safe: {why}", failure, name=name, why=why)


def _not_in_time(call: ICall, result: object, seconds: float) -> NoReturn:
    raise OutcomeUnknownError(f"{call.name} did not end in {seconds:g} s")


def _rank(action: tuple[object, object]) -> int:
    """Lasers first."""
    return 0 if ILaserManager.providedBy(action[0]) else 1
