"""What the gate knows and does beside passing commands on, for the commands that ask about it."""

from __future__ import annotations

import hmac

from twisted.internet.defer import Deferred
from zope.interface import implementer

from pychron_comms.errors import NotPermittedError
from pychron_comms.interfaces import ICall, ISafeguards, ISystemLock, Lease, Part
from pychron_comms.processor.execution.idempotency import CommandMemory
from pychron_comms.safeguards.access import AccessRules
from pychron_comms.safeguards.interlocks import Interlocks
from pychron_comms.safeguards.leases import Leases
from pychron_comms.safeguards.roles import Roles


@implementer(ISafeguards)
class GateQueries:
    """``emergency_key`` overrides leases; without one, only an admin's certificate does."""

    def __init__(
        self,
        *,
        access: AccessRules,
        system_lock: ISystemLock,
        leases: Leases,
        memory: CommandMemory,
        roles: Roles,
        interlocks: Interlocks,
        emergency_key: bytes = b"",
    ) -> None:
        self.system_lock = system_lock
        self._access = access
        self._leases = leases
        self._memory = memory
        self._roles = roles
        self._interlocks = interlocks
        self._emergency_key = emergency_key

    def outcome(self, sender: str, key: str) -> str:
        return self._memory.outcome(sender, key)

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

    def check(self, call: ICall) -> Deferred[None]:
        self._access.check(call)
        return self._interlocks.test(call)
