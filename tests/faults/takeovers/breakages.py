"""The takeover with one mechanism taken out, and a history in which the model notices that."""

from __future__ import annotations

from typing import Any, NamedTuple

from pychron_comms.broker import ownership
from pychron_comms.broker.intake import Intake
from pychron_comms.broker.memory import SharedMemory
from pychron_comms.broker.standby import Standby
from pychron_comms.processor.execution.fenced import FencedRunner
from tests.faults.model.bench import Script
from tests.faults.model.breakages import Patches
from tests.faults.takeovers.histories import History, Step, drawn
from tests.faults.takeovers.world import Wish


class Breakage(NamedTuple):
    """``noticed_by``: the promise that no longer holds."""

    patches: Patches
    history: History
    noticed_by: str


def _anything(self: Any, asked: Any, *, redelivered: bool) -> None:
    """Whatever comes may be begun."""


async def _acknowledged_when_done(self: Any, channel: Any, tag: int, asked: Any) -> None:
    self._run(asked, lambda: channel.ack(tag))


_left = Standby.left


def _forgets(self: Any, why: str) -> None:
    self._memory._records.clear()
    _left(self, why)


def _unfenced(self: Any, handler: Any, call: Any, take: Any) -> Any:
    return self._runner.run(handler, call, take)


def _ask(seconds: float, *, key: bool) -> Step:
    return Step("ask", (0, Wish("Count", "c", Script(seconds), None, key)))


def _wait(seconds: float) -> Step:
    return Step("pass_time", (seconds,))


_KILLED_WHILE_IT_RUNS = [_ask(2.0, key=False), _wait(0.1), Step("kill", (0, 10.0)), _wait(15.0)]
_CLOSED = [Step("close", (0,)), _wait(15.0)]

BREAKAGES = {
    "what comes again, for whomever, is run": Breakage(
        [(Intake, "_refusal", _anything), (Intake, "_begin", _acknowledged_when_done)],
        _KILLED_WHILE_IT_RUNS,
        "what is refused was not begun",
    ),
    "a new owner does not wait": Breakage(
        [(ownership, "WAIT", 0.0)], _CLOSED, "one owner at a time"
    ),
    "a lease is longer than the wait": Breakage(
        [(ownership, "LEASE", 6.0)], _CLOSED, "one owner at a time"
    ),
    "who takes over knows no keys": Breakage(
        [(SharedMemory, "records", lambda self: iter(()))],
        [_ask(0.3, key=True), _wait(0.1), Step("kill", (0, 10.0)), _wait(15.0)],
        "at most once",
    ),
    "what was in a log that was deleted is forgotten": Breakage(
        [(Standby, "left", _forgets)],
        [
            _ask(0.3, key=True),
            _wait(0.1),
            Step("delete", ("memory",)),
            _wait(0.1),
            Step("kill", (0, 10.0)),
            _wait(15.0),
        ],
        "at most once",
    ),
    # Told again of what makes safe, while the lease ran out.
    "the driver is told past the fence": Breakage(
        [(FencedRunner, "run", _unfenced)], drawn(17), "only the owner acts"
    ),
}
