"""Gauges, chillers and compressed air: commands that more than one request type has."""

from __future__ import annotations

from pychron_comms.config.nearest import did_you_mean
from pychron_comms.errors import DeviceConnectionError, InvalidGaugeError
from pychron_comms.handlers.arguments import Text
from pychron_comms.handlers.base import BaseHandler
from pychron_comms.handlers.command import ServesHardware, Values, command
from pychron_comms.handlers.replies import value, words
from pychron_comms.interfaces import Effect, IChiller, IGaugeController, IPneumatics


def gauge_controller(handler: ServesHardware, values: Values) -> object:
    """The device that the argument ``controller`` names; 016 where it is none or has no gauges."""
    name = values["controller"]
    try:
        device = handler.hardware.device(name)
    except DeviceConnectionError:
        device = None
    if not IGaugeController.providedBy(device):
        devices = handler.hardware.devices().items()
        known = [each for each, device in devices if IGaugeController.providedBy(device)]
        raise InvalidGaugeError(name, values["gauge"], did_you_mean(name, known))
    return device


def chiller(handler: ServesHardware, values: Values) -> object:
    """The laboratory's chiller. Errors: 008."""
    return handler.hardware.device_providing(IChiller)


def pneumatics(handler: ServesHardware, values: Values) -> object:
    """The laboratory's compressed air. Errors: 008."""
    return handler.hardware.device_providing(IPneumatics)


class InstrumentHandler(BaseHandler):
    """The base commands, and those that ask instruments by what they are."""

    @command(
        "GetPressure",
        arguments=(Text("controller"), Text("gauge", names="gauge")),
        reply=value,
        effect=Effect.READ,
        manager=gauge_controller,
        help="the pressure at a gauge of a controller, in mbar",
    )
    def get_pressure(
        self, manager: IGaugeController, sender: str, controller: str, gauge: str
    ) -> object:
        return manager.get_pressure(gauge)

    @command(
        "GetFaults",
        reply=words,
        effect=Effect.READ,
        manager=chiller,
        help="the chiller's faults, joined by commas; nothing where it has none",
    )
    def get_faults(self, manager: IChiller, sender: str) -> object:
        return manager.get_faults()

    @command(
        "GetCoolantOutTemperature",
        reply=value,
        effect=Effect.READ,
        manager=chiller,
        help="the temperature of the chiller's coolant, in degrees C",
    )
    def get_coolant_out_temperature(self, manager: IChiller, sender: str) -> object:
        return manager.get_coolant_out_temperature()

    @command(
        "GetPneumaticsPressure",
        reply=value,
        effect=Effect.READ,
        manager=pneumatics,
        help="the pressure of the compressed air, in psi",
    )
    def get_pneumatics_pressure(self, manager: IPneumatics, sender: str) -> object:
        return manager.get_pneumatics_pressure()
