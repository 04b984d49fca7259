"""The lock by which one computer keeps the hardware to itself."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import NamedTuple

from zope.interface import implementer

from pychron_comms.errors import InvalidIPAddressError, SystemLockError
from pychron_comms.interfaces import IAccessRule, ICall, ISystemLock
from pychron_comms.transport.peer_identity import host_of


class Holder(NamedTuple):
    """The computer that has the lock, and since when in Unix time."""

    name: str
    address: str
    since: float


@implementer(ISystemLock, IAccessRule)
class SystemLock:
    """Keeps everybody but its holder from the hardware, reads included, as Pychron's does.

    ``systems`` names the addresses that may take it; ``now`` is Unix time in seconds. Commands
    that touch no hardware stay open to all, and so do those that make safe: a holder that has died
    must not keep a laser on.
    """

    def __init__(self, systems: Mapping[str, str], now: Callable[[], float]) -> None:
        self._names = {address: name for name, address in systems.items()}
        self._now = now
        self._holder = ""
        self._since = 0.0

    @property
    def holder(self) -> Holder | None:
        """Who has it; None where it is free."""
        if not self._holder:
            return None
        return Holder(self._names[self._holder], self._holder, self._since)

    def lock(self, sender: str) -> None:
        sender = host_of(sender)
        self._check_registered(sender)
        self._check_holder(sender)
        if not self._holder:
            self._holder, self._since = sender, self._now()

    def unlock(self, sender: str) -> None:
        sender = host_of(sender)
        self._check_registered(sender)
        self._check_holder(sender)
        self._holder = ""

    def check(self, call: ICall) -> None:
        if self._holder and call.manager is not None and not call.safe:
            self._check_holder(host_of(call.sender))

    def _check_registered(self, sender: str) -> None:
        if sender not in self._names:
            raise InvalidIPAddressError(sender)

    def _check_holder(self, sender: str) -> None:
        if self._holder and sender != self._holder:
            raise SystemLockError(self._names[self._holder], self._holder, sender)
