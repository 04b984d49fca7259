"""The hardware of the model: it counts what it is told and what it does, and outlives everybody."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection
from functools import partial
from typing import Any, NamedTuple

from twisted.internet.defer import Deferred
from twisted.internet.task import Clock
from zope.interface import implementer

from pychron_comms.errors import NoResponseError
from pychron_comms.handlers.arguments import Text
from pychron_comms.handlers.base import BaseHandler
from pychron_comms.handlers.command import command
from pychron_comms.handlers.replies import value
from pychron_comms.interfaces import Effect, IHardware, IReactorManager
from tests.faults.model.processes import Process, Turn

REQUEST_TYPE = "Model"

#: Each device with its manager: two share one.
DEVICES = {"a": "one", "b": "one", "c": "two"}

WELL, FAILS, NEVER = "well", "fails", "never"


class Script(NamedTuple):
    """What the hardware does with a command.

    It takes ``seconds``, 0 for at once, and ends ``WELL``, ``FAILS``, or ``NEVER``. It actuates at
    its beginning, or where ``late`` at its end; late ones ``survive`` the one who told it, or not.
    """

    seconds: float = 0.0
    ending: str = WELL
    late: bool = False
    survives: bool = False


class Told(NamedTuple):
    """That a manager was told of a command: by which process, when, after how many records."""

    word: str
    device: str
    number: str
    process: Process
    at: float
    records: int


class Act(NamedTuple):
    """That the hardware did what it was told, when; ``given_up``: its processor had let it go."""

    told: Told
    at: float
    given_up: bool


@implementer(IReactorManager)
class Bench:
    """One manager, as one processor sees it; what it does is counted in the laboratory's book."""

    def __init__(self, name: str, laboratory: Laboratory, process: Process) -> None:
        self.name = name
        self.laboratory = laboratory
        self.process = process

    def do(self, word: str, device: str, number: str) -> str | Deferred[str]:
        return self.laboratory.do(self, word, device, number)


class Laboratory:
    """The hardware itself. ``records`` tells how long the journal is."""

    def __init__(self, clock: Clock, records: Callable[[], int]) -> None:
        self._clock = clock
        self._records = records
        self.scripts: dict[str, Script] = {}
        self.told: list[Told] = []
        self.actuated: Counter[str] = Counter()
        #: Told while something else ran that does not bear it.
        self.crowded: list[tuple[str, str]] = []
        #: What it did, in order.
        self.acts: list[Act] = []
        self._running: dict[str, tuple[str, Bench]] = {}

    @property
    def running(self) -> Collection[str]:
        """The numbers of what it does just now."""
        return self._running.keys()

    def do(self, bench: Bench, word: str, device: str, number: str) -> str | Deferred[str]:
        work: Deferred[str] = Deferred(lambda _: self._ended(number))
        if not bench.process.alive:
            return work  # its process died on the way here
        script = self.scripts.get(number, Script())
        told = Told(word, device, number, bench.process, self._clock.seconds(), self._records())
        self.told.append(told)
        if word != "Calm":
            self._note_crowd(bench, number)
        if not script.late:
            self._act(told)
        if script.seconds == 0 and script.ending != NEVER:
            return self._reply(script, told)
        self._running[number] = (word, bench)
        if script.ending != NEVER:
            end = partial(self._end, script, told, work)
            self._clock.callLater(script.seconds, self._driver_says, bench.process, end)
        return work

    def _driver_says(self, process: Process, end: Callable[[], None]) -> None:
        # Of a process that is dead, it does the same all the same.
        if process.alive:
            process.when_awake(end, Turn.THREADS)
        else:
            end()

    def _end(self, script: Script, told: Told, work: Deferred[str]) -> None:
        self._ended(told.number)
        if work.called or not told.process.alive:
            # Given up meanwhile; what was begun may come to its end all the same.
            if script.late and script.survives:
                self._act(told, given_up=True)
            return
        try:
            reply = self._reply(script, told)
        except NoResponseError as error:
            work.errback(error)
        else:
            work.callback(reply)

    def _reply(self, script: Script, told: Told) -> str:
        if script.ending == FAILS:
            raise NoResponseError
        if script.late:
            self._act(told)
        return f"did {told.number}"

    def _act(self, told: Told, *, given_up: bool = False) -> None:
        self.actuated[told.number] += 1
        self.acts.append(Act(told, self._clock.seconds(), given_up))

    def _ended(self, number: str) -> None:
        self._running.pop(number, None)

    def _note_crowd(self, bench: Bench, number: str) -> None:
        for other, (word, its) in self._running.items():
            if its is bench and word != "Calm":
                self.crowded.append((other, number))


@implementer(IHardware)
class Hardware:
    """What one processor owns."""

    def __init__(self, laboratory: Laboratory, process: Process) -> None:
        self.safeguards: Any = None
        self.benches = {
            name: Bench(name, laboratory, process) for name in dict.fromkeys(DEVICES.values())
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


_ARGUMENTS = (Text("device"), Text("number"))


def _bench(handler: Any, values: Any) -> Any:
    return handler.hardware.manager(DEVICES[values["device"]])


class ModelHandler(BaseHandler):
    """Commands that each bear a number, which their replies tell."""

    request_type = REQUEST_TYPE

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
