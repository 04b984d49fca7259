"""The hardware of the model: it counts what it is told and what it does, and outlives everybody."""

from __future__ import annotations

import itertools
import math
from collections import Counter
from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

from twisted.internet.defer import Deferred
from twisted.internet.task import Clock
from twisted.python.failure import Failure
from zope.interface import implementer

from pychron_comms.errors import NoResponseError
from pychron_comms.interfaces import IMakesSafe, IReactorManager
from tests.faults.model.processes import Process, Turn

#: Each device with its manager.
DEVICES = {"a": "one", "b": "one", "c": "two", "d": "two", "e": "one", "f": "two", "g": "three"}

#: Nobody moves it; rules read it.
GAUGE = "g"

#: Of each pair, one moves only while the other is calm.
EXCLUDES = {"e": "f", "f": "e"}

#: Words that move a device.
MOVES = {"Count", "Nudge", "Tally"}

#: The word of a gate that makes a device safe by itself, and those that make safe at all.
EASE = "Ease"
SAFE = {"Calm", EASE}

#: Seconds that a device takes to say how it stands.
TELLING = 0.05

#: Managers whose methods block; the others give a Deferred.
BLOCKING = {"two"}

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


class Lease(NamedTuple):
    """That a device is one client's, by its address."""

    device: str
    owner: str
    since: float
    until: float


class Told(NamedTuple):
    """That a manager was told of a command: by which process, when, after how many records and acts
    of the hardware.
    """

    word: str
    device: str
    number: str
    process: Process
    at: float
    records: int
    acts: int


class Act(NamedTuple):
    """That the hardware did what it was told, when; ``given_up``: its processor had let it go."""

    told: Told
    at: float
    given_up: bool


class Run:
    """That the hardware does something; ``until`` is when it has ended, if it has.

    ``returns`` is told of its end.
    """

    __slots__ = ("bench", "given_up", "returns", "told", "until")

    def __init__(self, told: Told, bench: Bench) -> None:
        self.told = told
        self.bench = bench
        self.until = math.inf
        self.given_up = False
        self.returns: Callable[[Any], None] = _nobody


def _nobody(result: object) -> None:
    """Nobody waits yet."""


@implementer(IMakesSafe)
class Bench:
    """A manager that blocks, as one processor sees it.

    What it does is counted in the laboratory's book.
    """

    blocks = True

    def __init__(self, name: str, laboratory: Laboratory, process: Process) -> None:
        self.name = name
        self.laboratory = laboratory
        self.process = process

    def do(self, word: str, device: str, number: str) -> object:
        """The reply, or a ``Run`` for as long as its method does not return."""
        return self.laboratory.do(self, word, device, number)

    def tell(self, device: str) -> object:
        """The same of how it stands."""
        return self.laboratory.tell(self, device)

    def make_safe(self, target: str) -> Any:
        return self.laboratory.do(self, EASE, target, self.laboratory.own_number())


@implementer(IReactorManager)
class ReactorBench(Bench):
    """The same without blocking; its work can be given up."""

    blocks = False

    def do(self, word: str, device: str, number: str) -> object:
        return self._later(self.laboratory.do(self, word, device, number))

    def tell(self, device: str) -> object:
        return self._later(self.laboratory.tell(self, device))

    def _later(self, run: str | Run) -> str | Deferred[str]:
        if isinstance(run, str):
            return run
        work: Deferred[str] = Deferred(lambda _: self.laboratory.give_up(run))
        run.returns = work.callback
        return work


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
        self.runs: list[Run] = []
        self._running: dict[str, Run] = {}
        # Drivers that hang, and what ends them.
        self._hanging: list[Callable[[], None]] = []
        self._may_hang = True
        self._numbers = itertools.count()

    def do(self, bench: Bench, word: str, device: str, number: str) -> str | Run:
        """The reply where there is one at once. Errors: 010 as the script has it."""
        told = self._tell_of(word, device, number, bench)
        run = Run(told, bench)
        if not bench.process.alive:
            return run  # its process died on the way here
        script = self.scripts.get(number, Script())
        self.told.append(told)
        if word not in SAFE:
            self._note_crowd(bench, number)
        if not script.late:
            self._act(told)
        if script.seconds == 0 and script.ending != NEVER:
            return self._reply(script, told)
        self.runs.append(run)
        self._running[number] = run
        end = partial(self._driver_says, bench.process, partial(self._end, script, run))
        if script.ending != NEVER:
            self._clock.callLater(script.seconds, end)
        elif bench.blocks and self._may_hang:
            self._hanging.append(end)
        elif bench.blocks:
            self._clock.callLater(0, end)
        return run

    def tell(self, bench: Bench, device: str) -> Run:
        """Whether it is ``moved`` or ``calm``."""
        number = self.own_number()
        run = Run(self._tell_of("Tell", device, number, bench), bench)
        if bench.process.alive:
            self._note_crowd(bench, number)
            self._running[number] = run
            state = self.state(device)

            def end() -> None:
                self._ended(run)
                if bench.process.alive and not run.given_up:
                    run.returns(state)

            self._clock.callLater(TELLING, self._driver_says, bench.process, end)
        return run

    def own_number(self) -> str:
        """Of what no client asks for."""
        return f"t{next(self._numbers)}"

    def state(self, device: str) -> str:
        last = next((act for act in reversed(self.acts) if is_change(act, device)), None)
        return "moved" if last is not None and last.told.word in MOVES else "calm"

    def give_up(self, run: Run) -> None:
        """Its processor waits for it no longer."""
        run.given_up = True
        self._ended(run)

    def release(self) -> None:
        """What hangs comes to its end, and no driver hangs any more."""
        self._may_hang = False
        hanging, self._hanging = self._hanging, []
        for end in hanging:
            end()

    def _driver_says(self, process: Process, end: Callable[[], None]) -> None:
        # Of a process that is dead, it does the same all the same.
        if process.alive:
            process.when_awake(end, Turn.THREADS)
        else:
            end()

    def _end(self, script: Script, run: Run) -> None:
        told = run.told
        self._ended(run)
        if run.given_up or not told.process.alive:
            # Given up meanwhile; what was begun may come to its end all the same.
            if script.late and script.survives:
                self._act(told, given_up=True)
            return
        try:
            reply = self._reply(script, told)
        except NoResponseError:
            run.returns(Failure())
        else:
            run.returns(reply)

    def _reply(self, script: Script, told: Told) -> str:
        if script.ending == FAILS:
            raise NoResponseError
        if script.late:
            self._act(told)
        return f"did {told.number}"

    def _act(self, told: Told, *, given_up: bool = False) -> None:
        self.actuated[told.number] += 1
        self.acts.append(Act(told, self._clock.seconds(), given_up))

    def _tell_of(self, word: str, device: str, number: str, bench: Bench) -> Told:
        now, records = self._clock.seconds(), self._records()
        return Told(word, device, number, bench.process, now, records, len(self.acts))

    def _ended(self, run: Run) -> None:
        run.until = min(run.until, self._clock.seconds())
        if self._running.get(run.told.number) is run:
            del self._running[run.told.number]

    def _note_crowd(self, bench: Bench, number: str) -> None:
        for other, run in self._running.items():
            if run.bench is bench and run.told.word not in SAFE:
                self.crowded.append((other, number))


def is_change(act: Act, device: str) -> bool:
    """Whether it moved this device, or calmed it."""
    return act.told.device == device and act.told.word != "Look"
