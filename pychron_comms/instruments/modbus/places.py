"""Addresses of coils and registers, as a description writes them."""

from __future__ import annotations

import re
from collections.abc import Mapping

from pychron_comms.instruments.fields import Value

#: The highest address that the wire has room for.
HIGHEST = 0xFFFF

_PLACE = re.compile(r"\{([a-z][a-z0-9_]*)(?:\*(\d+))?([+-]\d+)?\}|(\d+)")


class Place:
    """An address as it is on the wire, from 0: ``360``, ``{valve-1}``, ``{valve*2-2}``.

    ValueError for a text that is none. ``name`` is the parameter's, empty where there is none.
    """

    def __init__(self, text: str) -> None:
        found = _PLACE.fullmatch(text.replace(" ", ""))
        if found is None:
            raise ValueError("an address, such as 360, {valve-1} or {valve*2-2}")
        self.text = text
        name, times, plus, fixed = found.groups()
        self.name = name or ""
        self._times = int(times or 1)
        self._plus = int(fixed or plus or 0)
        if not self._times:
            raise ValueError("an address that the parameter changes")
        if fixed and self._plus > HIGHEST:
            raise ValueError(f"an address as it is on the wire, 0 to {HIGHEST}: 400001 is 0")

    def of(self, values: Mapping[str, Value]) -> int:
        """ValueError for what is missing, no whole number, or beyond the wire's room."""
        address = self._plus
        if self.name:
            if self.name not in values:
                raise ValueError(f"no value for {self.name}")
            given = float(values[self.name])
            if not given.is_integer():
                raise ValueError(f"{self.name}: not a whole number: {given:g}")
            address += self._times * int(given)
        if not 0 <= address <= HIGHEST:
            raise ValueError(f"no such address: {address}")
        return address

    def found(self, address: int) -> dict[str, Value] | None:
        """The values with which it is that address; None where it is with none."""
        steps, left = divmod(address - self._plus, self._times)
        if left or (not self.name and steps):
            return None
        return {self.name: steps} if self.name else {}
