"""A laser that is bound to instruments, as a configuration describes it."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from twisted.internet.interfaces import IReactorTime

from pychron_comms.config.table import ConfigError, Table
from pychron_comms.instruments.bound_item import BoundItem, check_limits
from pychron_comms.lab.bind import Bind
from pychron_comms.lab.bound.axis import Axis
from pychron_comms.lab.bound.laser import BoundLaser, Parts
from pychron_comms.lab.bound.output import POWER, LaserOutput, Span
from pychron_comms.lab.bound.patterns import Course, Patterns
from pychron_comms.lab.bound.stage import Places, Stage
from pychron_comms.lab.simulated.laser.config import (
    curve_from_config,
    holes_from_config,
    places_from_config,
)

#: What a simulated laser has beside, and one that is bound has not.
_OF_SIMULATED = (
    "kind",
    "prepare",
    "interlocks",
    "power_curve",
    "stage",
    "paths",
    "camera",
    "faults",
)
_PER_CENT = "%"


def bound_laser_from_config(name: str, table: Table, bind: Bind) -> BoundLaser:
    """The laser that ``table`` binds. Raises ConfigError."""
    for key in _OF_SIMULATED:
        table.pass_over(key)
    item = bind(table, "instrument", ("laser",))
    calibration = table.table("calibration")
    stage = _stage(table, bind)
    return BoundLaser(
        name,
        Parts(
            output=LaserOutput(item, _span(table, item)),
            watts=curve_from_config(calibration) if [*calibration] else None,
            stage=stage,
            patterns=_patterns(table.table("patterns"), stage, item.instrument.clock),
            pyrometer=_measuring(table, "pyrometer", "C", bind),
            power_meter=_measuring(table, "power_meter", "W", bind),
            motors=_motors(table.table("motors"), bind),
        ),
    )


def _span(table: Table, item: BoundItem) -> Span:
    """Percent as they are, or all that the instrument takes."""
    power = item.item.verbs[POWER]
    default = [0.0, 100.0]
    if power.unit != _PER_CENT:
        default = [each for each in (power.minimum, power.maximum) if each is not None]
    ends = table.numbers("range", default)
    if len(ends) != 2 or ends[0] == ends[1]:
        unit = power.unit or "its unit"
        raise table.error("range", f"what the laser is sent at 0 and at 100 percent, in {unit}")
    for end in ends:
        try:
            check_limits(power, end)
        except ValueError as error:
            raise table.mistake("range", f"{end:g} {error}, as its power is limited") from None
    return Span(*ends)


def _stage(table: Table, bind: Bind) -> Stage | None:
    below = table.table("axes")
    holders = {key: holes_from_config(each) for key, each in table.named_tables("holders").items()}
    places = Places(
        holders=holders,
        positions=places_from_config(table.table("positions")),
        points=places_from_config(table.table("points")),
    )
    holder = table.choice("holder", list(holders), next(iter(holders), ""))
    axes = {name: Axis(name, bind(below, name, ("drive",))) for name in "xyz" if name in below}
    return Stage(axes, places, holder) if axes else None


def _motors(table: Table, bind: Bind) -> Mapping[str, Axis]:
    """Those that are bound; a table would describe a simulated one."""
    return {
        name: Axis(name, bind(table, name, ("drive",)))
        for name in table
        if _is(Table.text, table, name)
    }


def _measuring(table: Table, key: str, unit: str, bind: Bind) -> BoundItem | None:
    """A sensor of that unit; a table would describe a simulated one."""
    if key not in table or not _is(Table.text, table, key):
        return None
    item = bind(table, key, ("sensor",))
    its = item.item.readings["value"].unit
    if its != unit:
        raise table.mistake(key, f"expected a sensor in {unit}, not in {its or 'no unit'}")
    return item


def _patterns(table: Table, stage: Stage | None, clock: IReactorTime) -> Patterns | None:
    """Those that are courses; a number would be a simulated one's duration."""
    courses = {name: _course(table.table(name)) for name in table if _is(Table.table, table, name)}
    if not courses:
        return None
    if stage is None or not {"x", "y"} <= stage.axes.keys():
        raise table.mistake(next(iter(courses)), "a pattern needs a stage with the axes x and y")
    for name, course in courses.items():
        if not stage.tells_moving and not course.pause:
            raise table.table(name).mistake(
                "pause", "needed: no reading of the drives tells whether they move"
            )
    return Patterns(stage, courses, clock)


def _course(table: Table) -> Course:
    numbers = table.numbers("offsets")
    if not numbers or len(numbers) % 2:
        raise table.error("offsets", "x1, y1, x2, y2 and so on in mm from where it begins")
    return Course(
        offsets=list(zip(numbers[::2], numbers[1::2], strict=True)),
        pause=table.number("pause", 0.0, minimum=0),
        duration=table.number("duration", None, minimum=0),
    )


def _is(read: Callable[[Table, str], object], table: Table, key: str) -> bool:
    """Whether it stands there; another is a simulated laser's."""
    try:
        read(table, key)
    except ConfigError:
        table.pass_over(key)
        return False
    return True
