"""Noble-gas mass spectrometers that Qtegra controls, as scripts and notebooks use them.

::

    spectrometer = ArgusSpectrometer(QtegraMicrocontroller.at("udp:127.0.0.1:1069"))
    spectrometer.magnet.set_dac(5.1)
    print(spectrometer.intensities().of["H1"])

With a ``DeferredQtegraMicrocontroller`` the same methods return Deferreds.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import ClassVar, NamedTuple

from pychron_comms.client import answers
from pychron_comms.client.amounts import Word, written
from pychron_comms.client.qtegra.microcontroller import (
    DeferredQtegraMicrocontroller,
    QtegraError,
    QtegraMicrocontroller,
)
from pychron_comms.client.qtegra.operation import M_co, operation
from pychron_comms.client.qtegra.parts import (
    LARGE_MOVE,
    LONG,
    Detector,
    IonCounter,
    Magnet,
    QtegraPart,
)
from pychron_comms.client.qtegra.source import Source
from pychron_comms.errors import InvalidArgumentsError

__all__ = [
    "ArgusSpectrometer",
    "DeferredQtegraMicrocontroller",
    "HelixSFTSpectrometer",
    "HelixSpectrometer",
    "Intensities",
    "QtegraError",
    "QtegraMicrocontroller",
]

# How Qtegra calls a detector that its cup configuration does not know.
_UNKNOWN = "foo"


class Intensities(NamedTuple):
    """One reading: seconds since 1970 when it came, and ``of`` each detector its value.

    The values are as Qtegra gives them: fA of a Faraday cup, counts/s of an ion counter.
    """

    time: float
    of: Mapping[str, float]


class QtegraSpectrometer(QtegraPart[M_co]):
    """What the spectrometers share.

    ``detectors`` maps each name to its ``Detector``, ``ion_counters`` those that count ions.
    ``protected`` names the detectors that a large move of the magnet endangers; unless told
    otherwise, the ion counters. ``large_move`` is in V, see ``Magnet``.
    """

    CUPS: ClassVar[tuple[str, ...]]
    COUNTERS: ClassVar[tuple[str, ...]] = ("CDD",)

    def __init__(
        self,
        microcontroller: M_co,
        *,
        protected: Sequence[str] | None = None,
        large_move: float = LARGE_MOVE,
    ) -> None:
        super().__init__(microcontroller)
        self.source: Source[M_co] = Source(microcontroller)
        names = self.COUNTERS if protected is None else protected
        self.magnet: Magnet[M_co] = Magnet(microcontroller, names, large_move=large_move)
        counters = {name: IonCounter(microcontroller, name) for name in self.COUNTERS}
        cups = {name: Detector(microcontroller, name) for name in self.CUPS}
        self.ion_counters: Mapping[str, IonCounter[M_co]] = MappingProxyType(counters)
        self.detectors: Mapping[str, Detector[M_co]] = MappingProxyType({**cups, **counters})

    def unit(self, detector: str) -> str:
        """Of what ``intensities`` has of that detector."""
        return "counts/s" if detector in self.ion_counters else "fA"

    @operation
    async def ask(self, command: str, timeout: float | None = None) -> str:
        """The reply to any command, as it is."""
        return await self.microcontroller.request(command, timeout)

    @operation
    async def intensities(self) -> Intensities:
        """What the last whole integration gave."""
        reply = await self.microcontroller.request("GetData")
        return Intensities(self.microcontroller.now(), self._parsed(reply))

    @operation
    async def integration_time(self) -> float:
        """In seconds. Data change once in this time."""
        return await self._number("GetIntegrationTime")

    @operation
    async def set_integration_time(self, seconds: float) -> None:
        await self._set("SetIntegrationTime", seconds)

    @operation
    async def deflections(self) -> dict[str, float]:
        """The deflection voltage of each detector, in V, by one command."""
        command = f"GetDeflections {','.join(self.detectors)}"
        reply = await self.microcontroller.request(command)
        values = reply.split(",")
        if len(values) != len(self.detectors):
            raise answers.UnexpectedReplyError(command, reply)
        numbers = (answers.number(command, value) for value in values)
        return dict(zip(self.detectors, numbers, strict=True))

    @operation
    async def blank_beam(self, blank: bool) -> None:
        """Keep the beam from all detectors, or let it pass again."""
        await self._do(f"BlankBeam {blank}")

    @operation
    async def cup_configurations(self) -> tuple[str, ...]:
        return _lines(await self.microcontroller.request("GetCupConfigurationList"))

    @operation
    async def sub_cup_configurations(self, cup: str) -> tuple[str, ...]:
        command = written("GetSubCupConfigurationList", Word(cup))
        return _lines(await self.microcontroller.request(command))

    @operation
    async def cup_configuration(self) -> tuple[str, str]:
        """The active cup configuration and its active sub-cup configuration."""
        cup = await self.microcontroller.request("GetActiveCupConfiguration")
        return cup, await self.microcontroller.request("GetActiveSubCupConfiguration")

    @operation
    async def set_cup_configuration(self, cup: str, sub_cup: str) -> None:
        """Activate both. ``cup`` is one word: Qtegra takes what follows for the sub-cup's name."""
        command = "ActivateCupConfiguration"
        if " " in cup:
            raise InvalidArgumentsError(command, f"{cup!r} (one word)")
        names = f"{Word(cup).checked(command)} {Word(sub_cup).checked(command)}"
        await self._do(f"{command} {names}", LONG)

    def _parsed(self, reply: str) -> Mapping[str, float]:
        parts = [part.strip() for part in reply.split(",")]
        if not parts[0][:1].isalpha():
            # Qtegra was told not to write names; its order is that of its detectors.
            names, values = list(self.detectors), parts
        else:
            names, values = parts[::2], parts[1::2]
        if len(names) != len(values):
            raise answers.UnexpectedReplyError("GetData", reply)
        return {
            name: answers.number("GetData", value)
            for name, value in zip(names, values, strict=True)
            if name != _UNKNOWN
        }


class ArgusSpectrometer(QtegraSpectrometer[M_co]):
    """An Argus VI: five Faraday cups and an ion counter."""

    CUPS: ClassVar[tuple[str, ...]] = ("H2", "H1", "AX", "L1", "L2")


class HelixSpectrometer(QtegraSpectrometer[M_co]):
    """A Helix MC: five positions, each with a Faraday cup and an ion counter."""

    CUPS: ClassVar[tuple[str, ...]] = ("H2", "H1", "AX", "L1", "L2")
    COUNTERS: ClassVar[tuple[str, ...]] = ("H2(CDD)", "H1(CDD)", "AX(CDD)", "L1(CDD)", "L2(CDD)")


class HelixSFTSpectrometer(HelixSpectrometer[M_co]):
    """A Helix SFT: two Faraday cups and an ion counter."""

    CUPS: ClassVar[tuple[str, ...]] = ("H1", "AX")
    COUNTERS = ("CDD",)


def _lines(reply: str) -> tuple[str, ...]:
    """A list; Qtegra joins it by CR."""
    return tuple(line for line in reply.splitlines() if line)
