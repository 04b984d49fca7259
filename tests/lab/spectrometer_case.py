"""A simulated spectrometer on a clock of the test's."""

from __future__ import annotations

from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from tests.qtegra_exchanges import build_spectrometer

SECONDS = 1.048


class Case(SynchronousTestCase):
    def assert_near(self, value: float, expected: float, delta: float, about: object = "") -> None:
        self.assertTrue(
            abs(value - expected) <= delta, f"{about}: {value} is not {expected} to {delta}"
        )


class SpectrometerCase(Case):
    extra = ""

    def setUp(self) -> None:
        self.clock = Clock()
        self.spectrometer = build_spectrometer(self.clock, self.extra)

    def intensities(self) -> dict[str, float]:
        """Those of an integration that begins now or later."""
        self.clock.advance(2 * self.spectrometer.get_integration_time())
        return dict(self.spectrometer.get_intensities())

    def refuses(self, error: type[Exception], method: str, *arguments: object) -> None:
        self.assertRaises(error, getattr(self.spectrometer, method), *arguments)
