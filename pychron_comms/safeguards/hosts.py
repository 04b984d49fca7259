"""Which computers may ask at all: the list that both halves of the road apply."""

from __future__ import annotations

from collections.abc import Iterable
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network

from zope.interface import implementer

from pychron_comms.config.table import Table
from pychron_comms.errors import SecurityError
from pychron_comms.interfaces import IAdmissionRule
from pychron_comms.transport.peer_identity import LOCAL_SENDER, host_of

_Network = IPv4Network | IPv6Network

#: Senders that are no computer on the network: this one's own sockets, and the link test.
_NO_HOST = frozenset({LOCAL_SENDER, ""})


@implementer(IAdmissionRule)
class HostRule:
    """Admits the computers of a list; everybody where the list is empty.

    Each is an address, a network such as ``192.168.1.0/24``, or Pychron's ``192.168.1.*``.
    ValueError for anything else.
    """

    def __init__(self, hosts: Iterable[str]) -> None:
        self._networks: list[_Network] = [_network(host) for host in hosts]

    @property
    def admits_everybody(self) -> bool:
        """Whether there is no list."""
        return not self._networks

    def admit(self, sender: str) -> None:
        if not self._networks or sender in _NO_HOST:
            return
        try:
            address = ip_address(host_of(sender).partition("%")[0])
        except ValueError:
            raise SecurityError(sender) from None
        if not any(address in network for network in self._networks):
            raise SecurityError(sender)


EVERYBODY = HostRule([])


def read_hosts(table: Table) -> HostRule:
    """From the section ``[access]`` of a configuration. Raises ConfigError."""
    section = table.table("access")
    try:
        return HostRule(section.texts("hosts", []))
    except ValueError as error:
        expected = f"addresses, networks or 192.168.1.* ({error})"
        raise section.error("hosts", expected) from None


def _network(host: str) -> _Network:
    if host.endswith(".*"):
        host = f"{host[:-2]}.0/24"
    return ip_network(host, strict=False)
