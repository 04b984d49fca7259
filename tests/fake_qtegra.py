"""Qtegra without a network: a magnet, a peak on H1 and one on the CDD, and nothing else."""

from __future__ import annotations

import math
from collections.abc import Sequence
from random import Random

from twisted.internet.defer import Deferred, succeed
from twisted.internet.task import Clock

from pychron_comms.client.qtegra.microcontroller import (
    DeferredQtegraMicrocontroller,
    QtegraMicrocontroller,
)
from pychron_comms.client.qtegra.sweep import Point, Scan
from pychron_comms.client.spectrometer import ArgusSpectrometer

#: Of the peak on H1, in V, and its height in fA.
CENTER, WIDTH, HEIGHT = 5.3477, 0.0118, 2000.0

_EDGE = 0.0007


def peak_shape(dac: float, center: float = CENTER, width: float = WIDTH) -> float:
    """From 0 to 1: a flat top with sides that are not quite steep."""
    rise = math.erf((dac - center + width / 2) / _EDGE)
    return (rise - math.erf((dac - center - width / 2) / _EDGE)) / 2


class FakeQtegra:
    """A communicator; ``spectrometer_in_reactor`` has one that answers with Deferreds."""

    def __init__(self, height: float = HEIGHT, noise: float = 1.0) -> None:
        self.clock = Clock()
        self.dac = 5.35
        self.center = CENTER
        self.width = WIDTH
        self.detectors: Sequence[str] = ("H2", "H1", "AX", "L1", "L2", "CDD")
        self.asked: list[str] = []
        self._height = height
        self._noise = noise
        self._random = Random(1)

    @property
    def fields(self) -> list[float]:
        """All that were set."""
        word = "SetMagnetDAC "
        return [float(each.removeprefix(word)) for each in self.asked if each.startswith(word)]

    def ask(self, command: str, timeout: float | None = None) -> str:
        self.asked.append(command)
        word, _, argument = command.partition(" ")
        if word == "SetMagnetDAC":
            self.dac = float(argument)
        answers = {
            "GetMagnetDAC": repr(self.dac),
            "GetMagnetMoving": "False",
            "GetIntegrationTime": "0.5",
            "GetData": ",".join(f"{name},{self._measured(name)}" for name in self.detectors),
        }
        return answers.get(word, "OK")

    def close(self) -> None:
        """There is nothing to close."""

    def spectrometer(self) -> ArgusSpectrometer[QtegraMicrocontroller]:
        """One whose pauses move the clock."""
        clock = self.clock
        return ArgusSpectrometer(
            QtegraMicrocontroller(self, sleep=clock.advance, now=clock.seconds)
        )

    def spectrometer_in_reactor(self) -> ArgusSpectrometer[DeferredQtegraMicrocontroller]:
        return ArgusSpectrometer(DeferredQtegraMicrocontroller(_Later(self), self.clock))

    def _measured(self, name: str) -> float:
        center = {"H1": self.center, "CDD": self.center + 0.001}.get(name)
        signal = 0.0 if center is None else peak_shape(self.dac, center, self.width)
        return self._height * signal + self._random.gauss(0, self._noise)


class _Later:
    def __init__(self, qtegra: FakeQtegra) -> None:
        self._qtegra = qtegra

    def ask(self, command: str, timeout: float | None = None) -> Deferred[str]:
        return succeed(self._qtegra.ask(command, timeout))


def scan_of(values: Sequence[float], unit: str = "fA") -> Scan:
    """H1 at fields from 5 V on, a millivolt apart."""
    points = [
        Point(round(5 + index / 1000, 3), 1_700_000_000.0 + index, {"H1": value})
        for index, value in enumerate(values)
    ]
    return Scan({"H1": unit}, points)
