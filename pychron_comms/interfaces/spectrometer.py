"""A mass spectrometer."""

# zope.interface methods take no self.
# mypy: disable-error-code="misc"

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from zope.interface import Attribute, Interface

from pychron_comms.interfaces.later import Later


class Intensity(NamedTuple):
    """What one detector measured: fA for a Faraday cup, counts per second for an ion counter."""

    detector: str
    value: float


class ISpectrometer(Interface):
    """A mass spectrometer, as Qtegra shows it: parameters by name, detectors, cups, a magnet.

    Each method returns its answer, not later unless so noted; what takes longer than 0.5 s is
    begun and then polled. A parameter or value that is refused raises 106 as a
    ``pychron_comms.qtegra.parameters.ParameterError``, which names both.
    """

    tag_data: bool = Attribute("Whether Qtegra's form of the intensities names the detectors.")

    def detectors() -> Sequence[str]:
        """The names of the detectors, highest mass first, ion counters last."""

    def get_intensities() -> Sequence[Intensity]:
        """The last complete integration, in the order of ``detectors``.

        A detector that the configuration cannot name is called ``foo``, as Qtegra's script does.
        Errors: 010 before the first integration has ended.
        """

    def get_integration_time() -> float:
        """In seconds."""

    def set_integration_time(seconds: float) -> Later[None]:
        """Begin a new integration of that length. Errors: 106."""

    def get_parameter(name: str) -> float:
        """A hardware parameter by its Qtegra name. Errors: 004 for none of that name, 010."""

    def set_parameter(name: str, value: float) -> Later[None]:
        """Errors: 106 for an unknown name, a value out of range, or hardware that refuses."""

    def get_gain(detector: str) -> float:
        """The factor by which its amplifier's signal is multiplied. Errors: 004."""

    def set_gain(detector: str, gain: float) -> Later[None]:
        """Errors: 004."""

    def move_magnet(dac: float) -> Later[None]:
        """Begin to set the field, in volts of its DAC, 0 to 10; far moves go by steps.

        Errors: 106.
        """

    def is_magnet_moving() -> bool:
        """Whether a far move is under way."""

    def set_mass(mass: float, detector: str) -> Later[None]:
        """Bring a mass, in u, to a detector; later, when it is there. Errors: 004, 108."""

    def blank_beam(blanked: bool) -> Later[None]:
        """Keep the beam from the detectors, or let it through again. Errors: 106."""

    def protect_detector(detector: str, protected: bool) -> Later[None]:
        """Deflect the beam past one detector, or no longer. Errors: 004, 106."""

    def set_ion_counter(detector: str, active: bool) -> Later[None]:
        """Switch an ion counter on or off. Errors: 004 for a detector that is none."""

    def cup_configurations() -> Sequence[str]:
        """The names of the cup configurations."""

    def sub_cup_configurations(cup: str) -> Sequence[str]:
        """Errors: 004 no such cup configuration."""

    def active_cup_configuration() -> tuple[str, str]:
        """The names of the active cup configuration and of its active sub cup configuration."""

    def activate_cup_configuration(cup: str, sub_cup: str) -> Later[None]:
        """Errors: 004."""

    def tuning_settings() -> Sequence[str]:
        """The names of the stored tuning settings."""

    def load_tuning_settings(name: str) -> Later[None]:
        """Set every parameter that they hold. Errors: 004 no such settings, 106."""
