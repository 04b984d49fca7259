"""What a manager's interfaces tell of how it stands."""

from __future__ import annotations

import inspect
import math
from collections.abc import Awaitable, Callable, Iterable, Sequence
from functools import partial
from typing import Any, NamedTuple, TypeAlias

from pychron_comms.interfaces import (
    IChiller,
    IDevice,
    IExtractionLineManager,
    IKnowsInterlocks,
    ILaserManager,
    IShowsState,
    ISpectrometer,
    Reading,
    Severity,
    Source,
    ValveStatus,
)

#: A reading whose value, or a list of them, may come later.
_Later = Any


def read(manager: object) -> Sequence[Reading] | Awaitable[Sequence[Reading]]:
    """Ask a manager how it stands; to be called where its methods run.

    A method that fails makes its own reading invalid, with the error as the reason, and no other.
    """
    told: dict[str, Reading] = {}
    own = manager.readings() if IShowsState.providedBy(manager) else ()
    later = inspect.isawaitable(own)
    pending: list[_Later] = [own] if later else []
    known = {} if later else {reading.path: reading for reading in own}
    for provided, ask in _KINDS:
        if provided.providedBy(manager):
            for each in ask(manager):
                # What the manager tells itself is not asked: it may be a question to hardware.
                if each.path not in known:
                    told[each.path] = each.ask() if isinstance(each, _Question) else each
    told.update(known)
    if pending or any(_comes_later(each.value) for each in told.values()):
        return _settled(told, pending)
    return [_sound(each) for each in told.values()]


#: Nearly all values are of these, and to ask further takes longer than all the rest of a reading.
_AT_ONCE = frozenset({bool, int, float, str, list, tuple, type(None)})


def _comes_later(value: _Later) -> bool:
    return type(value) not in _AT_ONCE and inspect.isawaitable(value)


async def _settled(told: dict[str, Reading], pending: list[_Later]) -> Sequence[Reading]:
    for path, reading in told.items():
        if _comes_later(reading.value):
            try:
                told[path] = reading._replace(value=_plain(await reading.value))
            except Exception as error:
                told[path] = _failed(reading, error)
    for own in pending:
        told.update((reading.path, reading) for reading in await own)
    return [_sound(each) for each in told.values()]


def _sound(reading: Reading) -> Reading:
    """A value that is none is unknown, and what is unknown is invalid."""
    value = reading.value
    if isinstance(value, float) and not math.isfinite(value):
        return reading._replace(value=None, severity=Severity.INVALID, reason=f"it says {value}")
    if value is None and reading.severity is not Severity.INVALID:
        return reading._replace(severity=Severity.INVALID, reason="it cannot be told")
    return reading


def _failed(reading: Reading, error: Exception) -> Reading:
    return reading._replace(value=None, severity=Severity.INVALID, reason=str(error))


class _Question(NamedTuple):
    path: str
    ask: Callable[[], Reading]


#: What an interface tells of a manager, or can be asked.
_Told: TypeAlias = Iterable[Reading | _Question]


def _asked(path: str, ask: Callable[[], _Later], unit: str = "") -> _Question:
    return _Question(path, partial(_answer, Reading(path, None, unit), ask))


def _answer(reading: Reading, ask: Callable[[], _Later]) -> Reading:
    try:
        value = ask()
    except Exception as error:
        return _failed(reading, error)
    return reading._replace(value=_plain(value))


def _plain(value: _Later) -> _Later:
    """Named tuples as lists, which is what JSON has; what comes later stays as it is."""
    return list(value) if isinstance(value, tuple) else value


def _line(manager: Any) -> _Told:
    hindering = manager.hindering if IKnowsInterlocks.providedBy(manager) else _nothing
    for valve in manager.valves():
        yield _Question(f"valve/{valve.name}", partial(_valve, manager, hindering, valve))
    counts = manager.get_pipette_counts()
    if isinstance(counts, Sequence):
        for name, shots in counts:
            yield Reading(f"pipette/{name}", shots, "shots")


def _valve(manager: Any, hindering: Callable[[str], Iterable[str]], valve: ValveStatus) -> Reading:
    return Reading(
        f"valve/{valve.name}",
        valve.open,
        source=Source.INDICATOR,
        details={
            "target": _commanded(manager, valve.name, valve.open),
            "locked": valve.locked,
            "owner": valve.owner,
            "interlocks": list(hindering(valve.name)),
        },
    )


def _nothing(name: str) -> Iterable[str]:
    return ()


def _commanded(manager: Any, name: str, indicated: bool | None) -> bool | None:
    state = manager.get_valve_state(name)
    # One that answers later would make the whole line wait for each of its valves.
    return state if isinstance(state, bool) else indicated


def _laser(manager: Any) -> _Told:
    yield _asked("enabled", manager.is_enabled)
    yield _asked("error", lambda: _or_nothing(manager.get_error()))
    yield _asked("power", manager.read_laser_power, "W")
    yield _asked("output", manager.get_achieved_output)
    yield _asked("temperature", manager.get_pyrometer_temperature, "C")
    yield _asked("position", manager.get_position, "mm")
    yield _asked("moving", lambda: manager.is_moving(""))
    yield _asked("holder", manager.get_sample_holder)
    yield _asked("patterning", manager.is_patterning)


def _or_nothing(value: _Later) -> _Later:
    if inspect.isawaitable(value):
        return _nothing_later(value)
    return "" if value is None else value


async def _nothing_later(value: Awaitable[Any]) -> Any:
    return _or_nothing(await value)


def _spectrometer(manager: Any) -> _Told:
    intensities = manager.get_intensities()
    if isinstance(intensities, Sequence):
        for detector, value in intensities:
            yield Reading(f"detector/{detector}", value)
    yield _asked("integration_time", manager.get_integration_time, "s")
    yield _asked("magnet_moving", manager.is_magnet_moving)


def _device(manager: Any) -> _Told:
    yield _asked("", manager.get)


def _chiller(manager: Any) -> _Told:
    faults = manager.get_faults()
    if isinstance(faults, Sequence):
        reading = Reading("faults", list(faults))
        if faults:
            reading = reading._replace(severity=Severity.MAJOR, reason=", ".join(faults))
        yield reading


_KINDS: Sequence[tuple[Any, Callable[[Any], _Told]]] = (
    (IExtractionLineManager, _line),
    (ILaserManager, _laser),
    (ISpectrometer, _spectrometer),
    (IDevice, _device),
    (IChiller, _chiller),
)
