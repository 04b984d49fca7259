"""The commands by which a laser is enabled and given power, and that tell what came of it."""

from __future__ import annotations

from typing import cast

from pychron_comms.handlers.arguments import Choice, Number
from pychron_comms.handlers.command import Values, command, foretold
from pychron_comms.handlers.laser.replies import base64, fault
from pychron_comms.handlers.moves import Moved
from pychron_comms.handlers.replies import done, state, value
from pychron_comms.interfaces import Effect, ILaserManager, InTerms


class _Units(Choice):
    """The units of an output; clients that know only percent leave them empty."""

    def convert(self, value: object) -> str:
        return str(self.default) if value == "" else super().convert(value)


def _no_power(values: Values) -> bool:
    return bool(values["power"] == 0)


def _no_output(values: Values) -> bool:
    return bool(values["value"] == 0)


def _power(manager: object, values: Values) -> list[Moved]:
    return [given_power(values.get("power"))]


def _output(manager: object, values: Values) -> list[Moved]:
    value, units = values.get("value"), values.get("units")
    if not value or units == "percent":
        return [given_power(value)]
    return [("output/power", None if units is None else InTerms(units, value))]


def given_power(percent: float | None) -> Moved:
    """Power in percent; 0 ends all that gives light."""
    return "output" if percent == 0 else "output/power", percent


class OutputCommands:
    """The part of a laser's handler that is about its light."""

    @command(
        "Enable",
        reply=done,
        effect=Effect.IDEMPOTENT,
        target="output",
        moves="output/enabled=True",
        help="make the laser ready to fire",
    )
    def enable(self, manager: ILaserManager, sender: str) -> object:
        return manager.enable()

    @command(
        "Disable",
        reply=done,
        effect=Effect.IDEMPOTENT,
        target="output",
        safe=True,
        moves="output",
        help="set the power to 0 and make the laser unable to fire",
    )
    def disable(self, manager: ILaserManager, sender: str) -> object:
        return manager.disable()

    @command("GetError", reply=fault, effect=Effect.READ, help="what is wrong, or OK")
    def get_error(self, manager: object, sender: str) -> object:
        return cast(ILaserManager, manager).get_error()

    @command(
        "GetLaserStatus",
        reply=value,
        effect=Effect.READ,
        help="how the laser is, in its own words; OK where nothing is wrong",
    )
    def get_laser_status(self, manager: ILaserManager, sender: str) -> object:
        return manager.get_laser_status()

    @command(
        "Prepare",
        "PrepareLaser",
        reply=done,
        effect=Effect.ACTUATE,
        target="output",
        moves="output/prepared",
        help="begin to get ready for an extraction; poll IsReady",
    )
    def prepare_laser(self, manager: ILaserManager, sender: str) -> object:
        return manager.prepare()

    @command(
        "IsReady",
        "LaserReady",
        reply=state,
        effect=Effect.READ,
        help="whether Prepare has come to its end",
    )
    def is_ready(self, manager: ILaserManager, sender: str) -> object:
        return manager.is_ready()

    @command(
        "SetLaserPower",
        arguments=(Number("power", keys=("value",), unit="%", minimum=0, maximum=100),),
        reply=done,
        effect=Effect.IDEMPOTENT,
        target="output",
        safe=_no_power,
        moves=_power,
        help="set the power; 0 ends an extraction",
    )
    def set_laser_power(self, manager: ILaserManager, sender: str, power: float) -> object:
        return manager.set_laser_power(power)

    @command(
        "SetLaserOutput",
        arguments=(
            Number("value", minimum=0),
            _Units("units", choices=("percent", "watts", "temp"), default="percent"),
        ),
        reply=done,
        effect=Effect.IDEMPOTENT,
        target="output",
        safe=_no_output,
        moves=_output,
        check=foretold("set_laser_output"),
        help="set the output in percent, watts or temp (degrees C); 0 ends an extraction",
    )
    def set_laser_output(
        self, manager: ILaserManager, sender: str, value: float, units: str
    ) -> object:
        return manager.set_laser_output(value, units)

    @command("ReadLaserPower", reply=value, effect=Effect.READ, help="measured power in watts")
    def read_laser_power(self, manager: ILaserManager, sender: str) -> object:
        return manager.read_laser_power()

    @command(
        "GetAchievedOutput",
        reply=value,
        effect=Effect.READ,
        help="the output reached, in the units that it was set in",
    )
    def get_achieved_output(self, manager: ILaserManager, sender: str) -> object:
        return manager.get_achieved_output()

    @command(
        "GetPyrometerTemperature",
        reply=value,
        effect=Effect.READ,
        help="the sample's temperature in degrees C",
    )
    def get_pyrometer_temperature(self, manager: ILaserManager, sender: str) -> object:
        return manager.get_pyrometer_temperature()

    @command(
        "GetResponseBlob",
        reply=base64,
        effect=Effect.READ,
        help="the measured response of the last extraction, in base64",
    )
    def get_response_blob(self, manager: ILaserManager, sender: str) -> object:
        return manager.get_response_blob()

    @command(
        "GetOutputBlob",
        reply=base64,
        effect=Effect.READ,
        help="the output of the last extraction, in base64",
    )
    def get_output_blob(self, manager: ILaserManager, sender: str) -> object:
        return manager.get_output_blob()
