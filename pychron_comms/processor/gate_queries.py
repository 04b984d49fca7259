"""What the gate knows and does beside passing commands on, for the commands that ask about it."""

from __future__ import annotations

from twisted.internet.defer import Deferred
from zope.interface import implementer

from pychron_comms.interfaces import ICall, ISafeguards, ISystemLock, Lease, Part
from pychron_comms.processor.execution.idempotency import CommandMemory
from pychron_comms.safeguards.access import AccessRules
from pychron_comms.safeguards.interlocks import Interlocks
from pychron_comms.safeguards.leases import Leases
from pychron_comms.safeguards.overrides import Overrides


@implementer(ISafeguards)
class GateQueries:
    """Asks each of the gate's parts about what is its affair."""

    def __init__(
        self,
        *,
        access: AccessRules,
        system_lock: ISystemLock,
        leases: Leases,
        memory: CommandMemory,
        interlocks: Interlocks,
        overrides: Overrides,
    ) -> None:
        self.system_lock = system_lock
        self._access = access
        self._leases = leases
        self._memory = memory
        self._interlocks = interlocks
        self._overrides = overrides

    def outcome(self, sender: str, key: str) -> str:
        return self._memory.outcome(sender, key)

    def claim(self, part: Part, sender: str, seconds: float, session: str) -> Deferred[None] | None:
        return self._leases.claim(part, sender, seconds, session)

    def release(self, part: Part, sender: str) -> Deferred[None] | None:
        return self._leases.release(part, sender)

    def override(self, part: Part, sender: str, reason: str, key: str, role: str = "") -> None:
        self._overrides.permit(part, sender, key, role)
        self._leases.override(part, sender, reason)

    def owners(self) -> list[Lease]:
        return self._leases.leases()

    def check(self, call: ICall) -> Deferred[None]:
        self._access.check(call)
        return self._interlocks.test(call)
