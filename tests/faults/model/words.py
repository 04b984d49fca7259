"""The words of the model: how its hardware is asked, and the rules for them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

from zope.interface import implementer

from pychron_comms.handlers.arguments import Text
from pychron_comms.handlers.base import BaseHandler
from pychron_comms.handlers.command import Call, command
from pychron_comms.handlers.replies import value
from pychron_comms.handlers.spectrometer.handler import QtegraCall
from pychron_comms.interfaces import Effect, ICall, IHardware, Part
from pychron_comms.qtegra.answers import CARRIER
from pychron_comms.qtegra.script import ParseAndExecute
from pychron_comms.qtegra.words import WORDS
from pychron_comms.safeguards.rules import InterlockText
from tests.faults.model.bench import BLOCKING, DEVICES, Bench, Laboratory, ReactorBench
from tests.faults.model.processes import Process

#: The request type.
REQUEST_TYPE = "Model"

#: The manager whose devices Qtegra's words move, too.
QTEGRAS = "one"


@implementer(IHardware)
class Hardware:
    """What one processor owns."""

    def __init__(self, laboratory: Laboratory, process: Process) -> None:
        self.safeguards: Any = None
        self.benches = {
            name: (Bench if name in BLOCKING else ReactorBench)(name, laboratory, process)
            for name in dict.fromkeys(DEVICES.values())
        }

    def manager(self, name: str) -> Any:
        return self.benches[name]

    def device(self, name: str) -> Any:
        raise KeyError(name)

    def device_providing(self, interface: Any) -> Any:
        raise KeyError(interface)

    def start(self) -> None:
        """It always runs."""

    def stop(self) -> None:
        """It does not know when."""

    def making_safe(self) -> list[tuple[Any, Callable[[], Any]]]:
        return []


def _rule(words: str, *only_if: str) -> InterlockText:
    conditions = [f"{REQUEST_TYPE}|{each}" for each in only_if]
    return InterlockText(f"{REQUEST_TYPE}|{words}", conditions, "", cast(Any, None))


#: Rules: of these two, one moves only while the other is calm.
RULES = (
    _rule("Count e", "Tell f is calm", "Tell g is calm"),
    _rule("Count f", "Tell e is calm", "Tell g is calm"),
)

_ARGUMENTS = (Text("device"), Text("number"))


def _bench(handler: Any, values: Any) -> Any:
    return handler.hardware.manager(DEVICES[values["device"]])


def _bench_of_qtegra(handler: Any, values: Any) -> Any:
    return handler.hardware.manager(QTEGRAS)


def _bench_of_place(handler: Any, values: Any) -> Any:
    return handler.hardware.manager(DEVICES[values["place"].lower()])


def _moves_place(manager: object, values: Any) -> list[tuple[str, object]]:
    return [(values["place"].lower() if "place" in values else "", None)]


class ModelHandler(BaseHandler):
    """Commands that each bear a number, which their replies tell."""

    request_type = REQUEST_TYPE

    def __init__(self, hardware: IHardware, manager: Any) -> None:
        super().__init__(hardware, manager)
        self._execute = ParseAndExecute(hardware.manager(QTEGRAS))

    def prepare(self, data: str, sender: str) -> ICall:
        """As the handler of a spectrometer does."""
        call = cast(Call, super().prepare(data, sender))
        if call.name != CARRIER:
            return call
        line = str(call.values["line"])
        carried = QtegraCall(self._execute, self.hardware.manager(QTEGRAS), line, sender)
        word, *arguments = line.split(" ")
        if word in WORDS:
            carried.resemble(self._commands[word], word, arguments)
        return carried

    def part(self, name: str) -> Part:
        return Part(f"{REQUEST_TYPE}:{name}", self.hardware.manager(DEVICES[name]), name)

    @command(
        "Count",
        arguments=_ARGUMENTS,
        reply=value,
        effect=Effect.ACTUATE,
        manager=_bench,
        target="device",
        help="actuate",
    )
    def count(self, manager: Bench, sender: str, device: str, number: str) -> object:
        return manager.do("Count", device, number)

    @command(
        "Nudge",
        arguments=_ARGUMENTS,
        reply=value,
        effect=Effect.IDEMPOTENT,
        manager=_bench,
        target="device",
        deadline=2.0,
        help="actuate, in less time",
    )
    def nudge(self, manager: Bench, sender: str, device: str, number: str) -> object:
        return manager.do("Nudge", device, number)

    @command(
        "Calm",
        arguments=_ARGUMENTS,
        reply=value,
        effect=Effect.ACTUATE,
        safe=True,
        manager=_bench,
        target="device",
        help="make safe",
    )
    def calm(self, manager: Bench, sender: str, device: str, number: str) -> object:
        return manager.do("Calm", device, number)

    @command(
        "Look",
        arguments=_ARGUMENTS,
        reply=value,
        effect=Effect.READ,
        manager=_bench,
        target="device",
        help="read",
    )
    def look(self, manager: Bench, sender: str, device: str, number: str) -> object:
        return manager.do("Look", device, number)

    @command(
        "Tally",
        arguments=(Text("place"), Text("number")),
        reply=value,
        effect=Effect.ACTUATE,
        manager=_bench_of_place,
        moves=_moves_place,
        help="actuate, in other words",
    )
    def tally(self, manager: Bench, sender: str, place: str, number: str) -> object:
        return manager.do("Tally", place.lower(), number)

    @command(
        CARRIER,
        arguments=(Text("line", default=""),),
        reply=value,
        effect=Effect.ACTUATE,
        manager=_bench_of_qtegra,
        help="the same as a line of Qtegra's",
    )
    def qtegra(self, manager: Bench, sender: str, line: str) -> object:
        return self._execute(line)

    @command(
        "Tell",
        arguments=(Text("device"),),
        reply=value,
        effect=Effect.READ,
        manager=_bench,
        target="device",
        help="how it stands",
    )
    def tell(self, manager: Bench, sender: str, device: str) -> object:
        return manager.tell(device)
