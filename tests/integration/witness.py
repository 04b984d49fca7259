"""Hardware that blocks, and a witness of what it was told: which part, to where, and when.

Read by a processor of its own, in whose configuration its classes are named.
"""

from __future__ import annotations

import time
from pathlib import Path

from zope.interface import implementer

from pychron_comms import interfaces
from pychron_comms.interfaces import IDevice, IExtractionLineManager, ILaserManager

# A name that earlier versions lack.
_SAFE_WIDTH = getattr(interfaces, "ISafeWidth", None)


# A test that has failed lets nothing go.
_LET_GO = 30.0


class Witness:
    """Writes down each actuation in the moment in which the hardware obeys it.

    Where a file is named, what takes time takes it until that is there, and that it has begun is
    written down too: a test then needs no reckoning with how busy its machine is.
    """

    def __init__(self, record: str, until: str = "") -> None:
        self._record = Path(record)
        self._until = Path(until) if until else None

    def saw(self, part: str, value: object) -> None:
        with self._record.open("a") as record:
            record.write(f"{time.monotonic()} {part} {value}\n")

    def take(self, part: str, seconds: float) -> None:
        """Take so long, or until the file is there."""
        if self._until is None:
            time.sleep(seconds)
            return
        self.saw("begun", part)
        end = time.monotonic() + _LET_GO
        while not self._until.exists() and time.monotonic() < end:
            time.sleep(0.01)


@implementer(IExtractionLineManager)
class Valves:
    """Opens and closes after so many seconds; W takes ``looking`` seconds to be read.

    What takes any time takes until the file is there, where one is named.
    """

    def __init__(
        self,
        record: str,
        opening: float = 0.0,
        closing: float = 0.0,
        looking: float = 0.0,
        until: str = "",
    ) -> None:
        self._witness = Witness(record, until)
        self._opening, self._closing, self._looking = opening, closing, looking

    def has_valve(self, name: str) -> bool:
        return True

    def open_valve(self, name: str, sender: str) -> None:
        self._take(name, self._opening)
        self._witness.saw(name, "open")

    def close_valve(self, name: str, sender: str) -> None:
        self._take(name, self._closing)
        self._witness.saw(name, "closed")

    def get_valve_state(self, name: str) -> bool:
        if name == "W":
            self._take("W", self._looking)
        return False

    def _take(self, name: str, seconds: float) -> None:
        if seconds:
            self._witness.take(name, seconds)


class WideValves(Valves):
    """Takes six at a time."""

    safe_width = 6


if _SAFE_WIDTH is not None:
    WideValves = implementer(_SAFE_WIDTH)(WideValves)  # type: ignore[misc]


@implementer(IDevice)
class Heater:
    """Takes as many seconds as it is set to."""

    name = "heater"

    def __init__(self, record: str) -> None:
        self._witness = Witness(record)

    def get(self) -> float:
        return 0.0

    def set(self, value: str, sender: str) -> None:
        time.sleep(float(value))
        self._witness.saw("heater", value)


@implementer(IDevice)
class Hanging:
    """Says nothing, and raises nothing, while that file is there."""

    name = "hanging"

    def __init__(self, hangs: str) -> None:
        self._hangs = Path(hangs)

    def get(self) -> float:
        while self._hangs.exists():
            time.sleep(0.02)
        return 1.0

    def set(self, value: str, sender: str) -> None:
        """Nothing to set."""


@implementer(ILaserManager)
class Laser:
    """Is enabled after two seconds, and disabled at once; its stage takes two seconds as well."""

    def __init__(self, record: str, until: str = "") -> None:
        self._witness = Witness(record, until)

    def enable(self) -> None:
        self._witness.take("laser", 2)
        self._witness.saw("laser", "on")

    def disable(self) -> None:
        self._witness.saw("laser", "off")

    def set_xy(self, x: float, y: float) -> None:
        self._witness.take("stage", 2)
        self._witness.saw("stage", "moved")
