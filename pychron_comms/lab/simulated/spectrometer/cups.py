"""Cup configurations: which of them there are, and which is active."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from pychron_comms.errors import InvalidArgumentsError


class CupConfigurations:
    """Each by its name, with the names of its sub cup configurations; both have at least one."""

    def __init__(self, configurations: Mapping[str, Sequence[str]]) -> None:
        self._configurations = dict(configurations)
        cup, subs = next(iter(configurations.items()))
        self.active = (cup, subs[0])

    def names(self) -> Sequence[str]:
        return list(self._configurations)

    def subs(self, cup: str) -> Sequence[str]:
        """Errors: 004 no such configuration."""
        if cup not in self._configurations:
            raise InvalidArgumentsError("cup configuration", cup)
        return self._configurations[cup]

    def activate(self, cup: str, sub: str) -> None:
        """Errors: 004."""
        if sub not in self.subs(cup):
            raise InvalidArgumentsError("sub cup configuration", f"{cup} {sub}")
        self.active = (cup, sub)
