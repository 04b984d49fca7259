"""Who may: the rules that the gate asks before it runs a command."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from typing import Any

from zope.interface import implementer

from pychron_comms.errors import InvalidIPAddressError, SecurityError, SystemLockError
from pychron_comms.interfaces import IAccessRule, ISystemLock
from pychron_comms.peers import LOCAL_SENDER

_Network = IPv4Network | IPv6Network

#: Senders that are no computer on the network: this one's own sockets, and the link test.
_NO_HOST = frozenset({LOCAL_SENDER, ""})


@implementer(IAccessRule)
class HostRule:
    """Admits the computers of a list; everybody where the list is empty.

    Each is an address, a network such as ``192.168.1.0/24``, or Pychron's ``192.168.1.*``.
    ValueError for anything else.
    """

    def __init__(self, hosts: Iterable[str]) -> None:
        self._networks: list[_Network] = [_network(host) for host in hosts]

    def admit(self, sender: str) -> None:
        if not self._networks or sender in _NO_HOST:
            return
        try:
            address = ip_address(sender.partition("%")[0])
        except ValueError:
            raise SecurityError(sender) from None
        if not any(address in network for network in self._networks):
            raise SecurityError(sender)

    def check(self, request_type: str, call: Any) -> None:
        """Hosts are told apart before a command is read, not by what it is."""


@implementer(ISystemLock, IAccessRule)
class SystemLock:
    """Keeps everybody but its holder from the hardware, reads included, as Pychron's does.

    ``systems`` names the addresses that may take it. Commands that touch no hardware stay open
    to all.
    """

    def __init__(self, systems: Mapping[str, str]) -> None:
        self._names = {address: name for name, address in systems.items()}
        self._holder = ""

    def lock(self, sender: str) -> None:
        self._check_registered(sender)
        self._check_holder(sender)
        self._holder = sender

    def unlock(self, sender: str) -> None:
        self._check_registered(sender)
        self._check_holder(sender)
        self._holder = ""

    def admit(self, sender: str) -> None:
        """The lock keeps nobody from asking."""

    def check(self, request_type: str, call: Any) -> None:
        if self._holder and call.manager is not None:
            self._check_holder(call.sender)

    def _check_registered(self, sender: str) -> None:
        if sender not in self._names:
            raise InvalidIPAddressError(sender)

    def _check_holder(self, sender: str) -> None:
        if self._holder and sender != self._holder:
            raise SystemLockError(self._names[self._holder], self._holder, sender)


def _network(host: str) -> _Network:
    if host.endswith(".*"):
        host = f"{host[:-2]}.0/24"
    return ip_network(host, strict=False)
