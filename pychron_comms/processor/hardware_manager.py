"""The one gate to the hardware: whatever road a request came, it passes here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from twisted.application.service import Service
from twisted.internet.defer import Deferred, DeferredList
from twisted.internet.interfaces import IReactorTime
from twisted.logger import Logger
from twisted.python.failure import Failure
from zope.interface import implementer

from pychron_comms.errors import CommandError, UnknownRequestTypeError
from pychron_comms.interfaces import IAccessRule, IHardware, IHardwareGate, IRequestHandler
from pychron_comms.processor.queues import ManagerQueue, QueueFactory

#: Seconds that commands which run when the processor stops have to end, and as many to make safe.
GRACE = 5.0


@implementer(IRequestHandler)
class MissingHandler:
    """Stands for a request type whose manager is not there: every command gets the reason."""

    def __init__(self, error: CommandError) -> None:
        self._error = error

    def prepare(self, data: str, sender: str) -> Any:
        raise self._error

    def handle(self, call: Any) -> str:
        raise self._error


@implementer(IHardwareGate)
class RemoteHardwareManager(Service):
    """Finds the handler of a request, asks the access rules, and queues for the manager."""

    _log = Logger()

    def __init__(
        self,
        handlers: Mapping[str, IRequestHandler],
        rules: Sequence[IAccessRule],
        hardware: IHardware,
        queue_factory: QueueFactory,
        clock: IReactorTime,
    ) -> None:
        self._handlers = handlers
        self._rules = rules
        self._hardware = hardware
        self._queue_factory = queue_factory
        self._clock = clock
        self._queues: dict[int, ManagerQueue] = {}

    def process_server_request(
        self, request_type: str, data: str, sender: str, within: float | None = None
    ) -> str | Deferred[str]:
        for rule in self._rules:
            rule.admit(sender)
        handler = self._handlers.get(request_type)
        if handler is None:
            raise UnknownRequestTypeError(request_type)
        call = handler.prepare(data, sender)
        for rule in self._rules:
            rule.check(request_type, call)
        if call.manager is None:
            return handler.handle(call)
        return self._queue(call.manager).submit(handler, call, within)

    def startService(self) -> None:
        super().startService()
        self._hardware.start()

    def stopService(self) -> Deferred[None]:
        """Fail what waits, let what runs end, then make the hardware safe; at most 10 s in all."""
        super().stopService()
        stopped = self._all([queue.stop() for queue in self._queues.values()], "commands still run")
        return stopped.addCallback(self._make_safe)

    def _make_safe(self, result: object) -> Deferred[None]:
        actions = self._hardware.making_safe()
        for manager, _ in actions:
            self._queue(manager)
        safe = {id(manager): action for manager, action in actions}
        return self._all(
            [
                queue.close(safe.get(key)).addErrback(self._not_safe)
                for key, queue in self._queues.items()
            ],
            "hardware is not known to be safe",
        )

    def _all(self, parts: Sequence[Deferred[Any]], else_: str) -> Deferred[None]:
        """Fires when all parts have, or after ``GRACE`` seconds, which is logged."""
        together = DeferredList(parts, consumeErrors=True)
        timer = self._clock.callLater(GRACE, self._hurry, together, else_)

        def ended(result: object) -> None:
            if timer.active():
                timer.cancel()

        return together.addBoth(ended)

    def _hurry(self, together: Deferred[Any], reason: str) -> None:
        self._log.warn(
            "{reason} after {seconds} s; stopping all the same", reason=reason, seconds=GRACE
        )
        together.cancel()

    def _not_safe(self, failure: Failure) -> None:
        self._log.failure("hardware could not be made safe", failure)

    def _queue(self, manager: object) -> ManagerQueue:
        # By identity: a manager may compare equal to another, or not hash.
        queue = self._queues.get(id(manager))
        if queue is None:
            queue = self._queues[id(manager)] = self._queue_factory(manager)
        return queue
