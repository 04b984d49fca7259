"""Devices and flags: commands that every request type has."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress

from pychron_comms.errors import CommandError, InvalidArgumentsError
from pychron_comms.handlers.arguments import Text
from pychron_comms.handlers.command import ServesHardware, Values, command
from pychron_comms.handlers.moves import Moved
from pychron_comms.handlers.replies import done, value
from pychron_comms.interfaces import Effect, IConvertsValues, IDevice, IFlag

_DEVICE = Text("device", keys=("name",))


def named_device(handler: ServesHardware, values: Values) -> object:
    """The device that the argument ``device`` names. Errors: 008."""
    return handler.hardware.device(values["device"])


def device_value(device: object, text: str) -> object:
    """What setting a device to a text comes to, so that ``100`` and ``100.0`` are one."""
    if IConvertsValues.providedBy(device):
        with suppress(CommandError):
            return device.converted(text)
    try:
        return float(text)
    except ValueError:
        return text


def _device_takes(device: object, values: Values) -> None:
    if IConvertsValues.providedBy(device):
        device.converted(values["value"])


def _device_set(device: object, values: Values) -> Iterable[Moved]:
    text = values.get("value")
    return [("", None if text is None else device_value(device, text))]


class DeviceCommands:
    """The part of a handler that is about the laboratory's devices."""

    @command(
        "Read",
        arguments=(_DEVICE,),
        reply=value,
        effect=Effect.READ,
        manager=named_device,
        help="the present value of a device, or 0 or 1 of a flag",
    )
    def read(self, manager: IDevice, sender: str, device: str) -> object:
        return manager.get()

    @command(
        "Set",
        arguments=(_DEVICE, Text("value")),
        reply=done,
        effect=Effect.ACTUATE,
        manager=named_device,
        target="device",
        moves=_device_set,
        check=_device_takes,
        help="set a device or a flag",
    )
    def set(self, manager: IDevice, sender: str, device: str, value: str) -> object:
        return manager.set(value, sender)

    @command(
        "Ping",
        arguments=(_DEVICE, Text("value", default=None)),
        reply=value,
        effect=Effect.IDEMPOTENT,
        manager=named_device,
        moves="alive=True",
        help="keep a flag alive: the time in seconds, or Complete when it has run out",
    )
    def ping(self, manager: IDevice, sender: str, device: str, value: str | None) -> object:
        if not IFlag.providedBy(manager):
            raise InvalidArgumentsError("Ping", f"{device} (is no flag)")
        return manager.ping(sender)
