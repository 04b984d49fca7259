"""The instrument's parameters by the names that Qtegra gives them."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from pychron_comms.config.nearest import did_you_mean
from pychron_comms.errors import InvalidArgumentsError, NoResponseError
from pychron_comms.qtegra.parameters import ParameterError


@dataclass(frozen=True)
class Setting:
    """A parameter that can be set: its value at first, and its range."""

    value: float
    minimum: float = -math.inf
    maximum: float = math.inf


@dataclass(frozen=True)
class Readback:
    """A parameter that can only be read: ``factor`` times what another is set to."""

    setting: str
    factor: float = 1.0


class Parameters:
    """The values of all parameters. Those in ``dead`` can be neither read nor set."""

    def __init__(
        self,
        settings: Mapping[str, Setting],
        readbacks: Mapping[str, Readback],
        dead: Collection[str] = (),
    ) -> None:
        self._settings = dict(settings)
        self._readbacks = dict(readbacks)
        self._dead = frozenset(dead)
        self._values = {name: setting.value for name, setting in settings.items()}

    def get(self, name: str) -> float:
        """Errors: 004 for none of that name, 010 for a dead one."""
        if name in self._dead:
            raise NoResponseError
        readback = self._readbacks.get(name)
        if readback is not None:
            return self._values[readback.setting] * readback.factor
        if name not in self._values:
            near = did_you_mean(name, [*self._settings, *self._readbacks])
            raise InvalidArgumentsError("GetParameter", f"{name} (no such parameter{near})")
        return self._values[name]

    def names(self) -> Sequence[str]:
        """Those that can be set, and then those that can only be read."""
        return [*self._settings, *self._readbacks]

    def is_set(self, name: str) -> bool:
        """Whether it is as it was told, and not read."""
        return name in self._settings

    def value(self, name: str) -> float:
        """What a setting really is, dead or not."""
        return self._values[name]

    def check(self, name: str, value: float) -> None:
        """Errors: 106 for what ``set`` would refuse."""
        setting = self._settings.get(name)
        if setting is None or name in self._dead or not setting.minimum <= value <= setting.maximum:
            raise ParameterError(name, value)

    def set(self, name: str, value: float) -> None:
        """Errors: 106."""
        self.check(name, value)
        self._values[name] = value
