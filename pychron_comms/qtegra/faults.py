"""Where Qtegra's script does other than its words say: overrides of the table, and why.

``ALWAYS`` are those that its clients rely on, or cannot tell from what is right; ``faithful`` adds
those that only mislead them, for who wants to try a client against the script as it is.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import replace

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReactorTime
from twisted.internet.task import deferLater

from pychron_comms.errors import CommandError, InvalidArgumentsError
from pychron_comms.interfaces import ISpectrometer
from pychron_comms.qtegra import readers as read
from pychron_comms.qtegra.parameters import COUNTER_SUPPLY, FAR, FIELD, deflection
from pychron_comms.qtegra.refusals import Refused
from pychron_comms.qtegra.words import WORDS, Word

#: Seconds that the script sleeps when it has switched an ion counter.
_ION_COUNTER_SLEEP = 1.0


class _NoCupError(InvalidArgumentsError):
    """A cup that the script does not recognize."""


def _several_or_zero(spectrometer: ISpectrometer, names: Iterable[str]) -> list[float]:
    values = []
    for name in names:
        try:
            values.append(spectrometer.get_parameter(name))
        except CommandError:
            values.append(0.0)
    return values


def _readable_sub_cup_parameters(spectrometer: ISpectrometer) -> list[tuple[str, float]]:
    known = []
    for name in (*map(deflection, spectrometer.detectors()), COUNTER_SUPPLY):
        with suppress(CommandError):
            known.append((name, spectrometer.get_parameter(name)))
    return known


def _set_mass(spectrometer: ISpectrometer, mass: float, detector: str) -> object:
    if detector not in spectrometer.detectors():
        raise _NoCupError
    return spectrometer.set_mass(mass, detector)


def _mass_refused(instead: Refused) -> Refused:
    return lambda error, values: (
        "Error: Cup not recognized" if isinstance(error, _NoCupError) else instead(error, values)
    )


#: Overrides of the script's own making.
ALWAYS: Mapping[str, Word] = {
    # A name that cannot be read is 0 among the others.
    "GetParameters": replace(WORDS["GetParameters"], call=_several_or_zero),
    "GetDeflections": replace(
        WORDS["GetDeflections"],
        call=lambda s, detectors: _several_or_zero(s, map(deflection, detectors)),
    ),
    # One that cannot be read is left out.
    "GetSubCupParameters": replace(WORDS["GetSubCupParameters"], call=_readable_sub_cup_parameters),
    # Its conversion of a mass to that on the axis looks for the cup first, also for one left out.
    "SetMass": replace(
        WORDS["SetMass"], call=_set_mass, refused=_mass_refused(WORDS["SetMass"].refused)
    ),
}


def faithful(clock: IReactorTime) -> Mapping[str, Word]:
    """Overrides that mislead clients; what takes its time does so by ``clock``."""

    def switched_on(spectrometer: ISpectrometer, detector: str) -> Deferred[None]:
        spectrometer.set_ion_counter(detector, True)
        return deferLater(clock, _ION_COUNTER_SLEEP)

    return {
        # Both of its commands switch on, and it sleeps before it answers.
        "ActivateIonCounter": replace(WORDS["ActivateIonCounter"], call=switched_on),
        "DeactivateIonCounter": replace(WORDS["DeactivateIonCounter"], call=switched_on),
        # A far move is left to a thread, and acknowledged whatever becomes of it.
        "SetMagnetDAC": replace(WORDS["SetMagnetDAC"], call=_move_magnet),
        # It reads a variable that it never sets.
        "GetParameters": replace(WORDS["GetParameters"], read=read.unreadable),
    }


def _move_magnet(spectrometer: ISpectrometer, value: float) -> object:
    try:
        return spectrometer.move_magnet(value)
    except CommandError:
        if _is_far(spectrometer, value):
            return None
        raise


def _is_far(spectrometer: ISpectrometer, dac: float) -> bool:
    try:
        return abs(spectrometer.get_parameter(FIELD) - dac) > FAR
    except CommandError:  # acknowledged too: the script then does nothing
        return True
