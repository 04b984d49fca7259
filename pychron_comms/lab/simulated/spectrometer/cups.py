"""Cup configurations: which of them there are, and which is active."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from pychron_comms.config.nearest import did_you_mean
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
            near = did_you_mean(cup, self._configurations)
            raise InvalidArgumentsError("cup configuration", f"{cup} (there is none{near})")
        return self._configurations[cup]

    def check(self, cup: str, sub: str) -> None:
        """Errors: 004."""
        subs = self.subs(cup)
        if sub not in subs:
            reason = f"{cup} {sub} (there is none{did_you_mean(sub, subs)})"
            raise InvalidArgumentsError("sub cup configuration", reason)

    def activate(self, cup: str, sub: str) -> None:
        """Errors: 004."""
        self.check(cup, sub)
        self.active = (cup, sub)
