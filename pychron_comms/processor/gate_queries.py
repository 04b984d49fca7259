"""What the gate knows and does beside passing commands on, for the commands that ask about it."""

from __future__ import annotations

import hmac
from collections.abc import Mapping, Sequence

from twisted.internet.defer import Deferred
from zope.interface import implementer

from pychron_comms.errors import NotPermittedError, UnknownRequestTypeError
from pychron_comms.interfaces import (
    IAccessRule,
    IRequestHandler,
    ISafeguards,
    ISystemLock,
    Lease,
    Part,
)
from pychron_comms.processor.execution.ledger import Ledger
from pychron_comms.safeguards.interlocks import Interlocks
from pychron_comms.safeguards.leases import Leases
from pychron_comms.safeguards.roles import Roles
from pychron_comms.wire.context import PLAIN, RequestContext


@implementer(ISafeguards)
class GateQueries:
    """``emergency_key`` overrides leases; without one, only an admin's certificate does."""

    def __init__(
        self,
        *,
        handlers: Mapping[str, IRequestHandler],
        rules: Sequence[IAccessRule],
        system_lock: ISystemLock,
        leases: Leases,
        ledger: Ledger,
        roles: Roles,
        interlocks: Interlocks,
        emergency_key: bytes = b"",
    ) -> None:
        self.system_lock = system_lock
        self._handlers = handlers
        self._rules = rules
        self._leases = leases
        self._ledger = ledger
        self._roles = roles
        self._interlocks = interlocks
        self._emergency_key = emergency_key

    def outcome(self, sender: str, key: str) -> str:
        return self._ledger.outcome(sender, key)

    def claim(self, part: Part, sender: str, seconds: float, session: str) -> None:
        self._leases.claim(part, sender, seconds, session)

    def release(self, part: Part, sender: str) -> None:
        self._leases.release(part, sender)

    def override(self, part: Part, sender: str, reason: str, key: str, role: str = "") -> None:
        given = self._emergency_key and hmac.compare_digest(key.encode(), self._emergency_key)
        if not (given or self._roles.is_admin(sender, role)):
            raise NotPermittedError("Override; the emergency key is another, or there is none")
        self._leases.override(part, sender, reason)

    def owners(self) -> list[Lease]:
        return self._leases.leases()

    def check(
        self, request_type: str, data: str, sender: str, context: RequestContext = PLAIN
    ) -> Deferred[None]:
        handler = self._handlers.get(request_type)
        if handler is None:
            raise UnknownRequestTypeError(request_type)
        call = handler.prepare(data, sender)
        call.context = context
        for rule in self._rules:
            rule.check(call)
        return self._interlocks.test(call)
