"""A handler with commands of every kind, for the tests of what a declaration gives."""

from __future__ import annotations

from typing import Any

from twisted.trial.unittest import SynchronousTestCase
from zope.interface import implementer

from pychron_comms.errors import (
    CommandError,
    DeviceConnectionError,
)
from pychron_comms.handlers.arguments import Boolean, Choice, Integer, Names, Number, Text
from pychron_comms.handlers.base import BaseHandler
from pychron_comms.handlers.command import Call, command
from pychron_comms.handlers.replies import done, state, value
from pychron_comms.interfaces import Effect, IDevice, IFlag, IHardware

SENDER = "10.0.0.7"


@implementer(IDevice)
class Gauge:
    name = "gauge"

    def __init__(self) -> None:
        self.present: object = 1.5e-09

    def get(self) -> object:
        return self.present

    def set(self, value: str, sender: str) -> None:
        self.present = (value, sender)


@implementer(IFlag)
class Flag(Gauge):
    name = "FooFlag"

    def ping(self, sender: str) -> str:
        return f"pinged by {sender}"


@implementer(IHardware)
class Hardware:
    safeguards = None

    def __init__(self) -> None:
        self.named = {each.name: each for each in (Gauge(), Flag())}

    def manager(self, name: str) -> object:
        return name

    def device(self, name: str) -> object:
        if name not in self.named:
            raise DeviceConnectionError(name)
        return self.named[name]

    def devices(self) -> dict[str, Any]:
        return dict(self.named)

    def device_providing(self, interface: Any) -> object:
        found = [each for each in self.named.values() if interface.providedBy(each)]
        if not found:
            raise DeviceConnectionError(interface.__name__)
        return found[0]

    def start(self) -> None:
        """Nothing to start."""

    def stop(self) -> None:
        """Nothing to stop."""

    def making_safe(self) -> list[Any]:
        return []


class Stage:
    """A manager that remembers how it was called."""

    def __init__(self) -> None:
        self.calls: list[object] = []
        self.result: object = None

    def note(self, *call: object) -> object:
        self.calls.append(call)
        return self.result


class StageHandler(BaseHandler):
    request_type = "Stage"

    @command(
        "SetXY",
        arguments=(
            Number("x", unit="mm", minimum=-50, maximum=50),
            Number("y", unit="mm", minimum=-50, maximum=50),
        ),
        reply=done,
        effect=Effect.ACTUATE,
        deadline=2.0,
        help="begin a move",
    )
    def set_xy(self, manager: Stage, sender: str, x: float, y: float) -> object:
        return manager.note("xy", sender, x, y)

    @command(
        "GoToHole",
        arguments=(Integer("hole", minimum=1), Boolean("autocenter", default=False)),
        reply=done,
        effect=Effect.ACTUATE,
        target="hole",
        help="begin a move to a hole",
    )
    def go_to_hole(self, manager: Stage, sender: str, hole: int, autocenter: bool) -> object:
        return manager.note("hole", hole, autocenter)

    @command(
        "DoPattern",
        "DoJog",
        arguments=(Text("name", keys=("value",)),),
        reply=done,
        effect=Effect.ACTUATE,
        target="pattern",
        help="begin a pattern",
    )
    def do_pattern(self, manager: Stage, sender: str, name: str) -> object:
        return manager.note("pattern", name)

    @command("StopDrive", reply=done, effect=Effect.IDEMPOTENT, safe=True, help="stop")
    def stop_drive(self, manager: Stage, sender: str) -> object:
        return manager.note("stop")

    @command(
        "Fire",
        arguments=(Choice("mode", choices=("burst", "stop")),),
        reply=done,
        effect=Effect.ACTUATE,
        safe=lambda values: values["mode"] == "stop",
        help="begin or end a burst",
    )
    def fire(self, manager: Stage, sender: str, mode: str) -> object:
        return manager.note("fire", mode)

    @command(
        "GetMoving",
        arguments=(Names("axes", default=()),),
        reply=state,
        effect=Effect.READ,
        help="whether it moves",
    )
    def get_moving(self, manager: Stage, sender: str, axes: tuple[str, ...]) -> object:
        return manager.note("moving", axes)

    @command("GetSlowly", reply=value, effect=Effect.READ, help="a number, from a coroutine")
    async def get_slowly(self, manager: Stage, sender: str) -> object:
        return await manager.result

    @command("GetLater", reply=value, effect=Effect.READ, help="a number, in a Deferred")
    def get_later(self, manager: Stage, sender: str) -> object:
        return manager.result


class MendedHandler(StageHandler):
    """Declares commands of its bases anew."""

    @command("GetError", reply=value, effect=Effect.READ, help="what is wrong, in red")
    def get_error(self, manager: Stage, sender: str) -> object:
        return "on fire"


class Commands(SynchronousTestCase):
    """What the classes below share: a handler and its manager."""

    def setUp(self) -> None:
        self.hardware = Hardware()
        self.stage = Stage()
        self.handler = StageHandler(self.hardware, self.stage)

    def prepare(self, data: str) -> Call:
        return self.handler.prepare(data, SENDER)

    def answer(self, data: str) -> Any:
        return self.handler.handle(self.prepare(data))

    def assertRefused(self, data: str, error: type[CommandError], text: str) -> None:
        self.assertEqual(str(self.assertRaises(error, self.prepare, data)), text)
