"""A laser that is bound to instruments, as a configuration describes it."""

from __future__ import annotations

from collections.abc import Mapping

from pychron_comms.config.table import ConfigError, Table
from pychron_comms.instruments.bound_item import BoundItem
from pychron_comms.lab.binding import Bind
from pychron_comms.lab.bound.axis import Axis
from pychron_comms.lab.bound.laser import BoundLaser, Parts
from pychron_comms.lab.bound.output import POWER, LaserOutput, Span
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
    "pyrometer",
    "stage",
    "paths",
    "patterns",
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
    return BoundLaser(
        name,
        Parts(
            output=LaserOutput(item, _span(table, item)),
            watts=curve_from_config(calibration) if [*calibration] else None,
            stage=_stage(table, bind),
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
        name: Axis(name, bind(table, name, ("drive",))) for name in table if _is_text(table, name)
    }


def _is_text(table: Table, key: str) -> bool:
    try:
        table.text(key)
    except ConfigError:
        table.pass_over(key)
        return False
    return True
