"""The one gate to the hardware: whatever road a request came, it passes here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from twisted.application.service import Service
from twisted.internet.defer import Deferred, DeferredList
from twisted.internet.interfaces import IDelayedCall, IReactorTime
from twisted.logger import Logger
from zope.interface import implementer

from pychron_comms.errors import CommandError, UnknownRequestTypeError
from pychron_comms.interfaces import IAccessRule, IHardware, IHardwareGate, IRequestHandler
from pychron_comms.processor.queues import ManagerQueue, QueueFactory

#: Seconds that commands which run when the processor stops have to end.
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
        """Fail what waits, give what runs ``GRACE`` seconds, then make the hardware safe."""
        super().stopService()
        ended = DeferredList([queue.stop() for queue in self._queues.values()], consumeErrors=True)
        timer = self._clock.callLater(GRACE, self._stop_waiting, ended)
        return ended.addBoth(self._make_safe, timer)

    def _queue(self, manager: object) -> ManagerQueue:
        # By identity: a manager may compare equal to another, or not hash.
        queue = self._queues.get(id(manager))
        if queue is None:
            queue = self._queues[id(manager)] = self._queue_factory(manager)
        return queue

    def _stop_waiting(self, ended: Deferred[Any]) -> None:
        self._log.warn("commands still run after {seconds} s; stopping all the same", seconds=GRACE)
        ended.cancel()

    def _make_safe(self, result: object, timer: IDelayedCall) -> Any:
        if timer.active():
            timer.cancel()
        return self._hardware.stop()
