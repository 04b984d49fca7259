"""How many connections each host has, and which host has the most. Each change costs the same."""

from __future__ import annotations

from collections.abc import Reversible
from typing import Generic, TypeVar

C = TypeVar("C")


class ConnectionsOfHosts(Generic[C]):
    """The connections of each host, in the order in which they came."""

    def __init__(self) -> None:
        self._of: dict[str, dict[C, None]] = {}
        # Hosts by how many they have; none is empty.
        self._with: dict[int, dict[str, None]] = {}
        #: How many that host has which has the most.
        self.most = 0

    def number(self, host: str) -> int:
        """How many it has."""
        return len(self._of.get(host, ()))

    def of_one_that_has_most(self) -> Reversible[C]:
        """All of one of the hosts that have ``most``, oldest first."""
        for host in self._with.get(self.most, ()):
            return self._of[host]
        return ()

    def add(self, connection: C, host: str) -> None:
        """One more; a connection is added once."""
        of_host = self._of.setdefault(host, {})
        number = len(of_host)
        of_host[connection] = None
        self._moved(host, number, number + 1)
        self.most = max(self.most, number + 1)

    def remove(self, connection: C, host: str) -> None:
        """One of those that were added. Errors: KeyError."""
        of_host = self._of[host]
        number = len(of_host)
        del of_host[connection]
        if not of_host:
            del self._of[host]
        self._moved(host, number, number - 1)
        if self.most not in self._with:
            self.most -= 1

    def _moved(self, host: str, before: int, now: int) -> None:
        if before:
            hosts = self._with[before]
            del hosts[host]
            if not hosts:
                del self._with[before]
        if now:
            self._with.setdefault(now, {})[host] = None
