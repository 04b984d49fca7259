"""What waits to be made safe when the processor stops: it is done, as long as it goes on."""

from __future__ import annotations

from typing import Any

from twisted.internet.defer import Deferred
from twisted.logger import capturedLogs, formatEvent

from pychron_comms.processor.ending import GRACE, SAFE_GRACE
from pychron_comms.processor.execution.watches import TOGETHER
from tests.doubles import ScriptedCall, ScriptedHandler, gate_around
from tests.processor.test_hardware_manager import GateCase

_MANY = 30


class EndingTests(GateCase):
    """Thirty valves of one slow driver, each to be closed for somebody else."""

    def setUp(self) -> None:
        super().setUp()
        self.closes = [
            ScriptedCall(
                f"Close{number}",
                Deferred(),
                manager="driver",
                safe=True,
                deadline=60.0,
                target=f"{number}",
            )
            for number in range(_MANY)
        ]
        handlers = {"System": ScriptedHandler(*self.closes)}
        gate = gate_around(handlers, self.hardware, self.clock, width=1)
        self.replies = [
            self.ask(gate, call.name, f"10.0.1.{number}") for number, call in enumerate(self.closes)
        ]
        self.stopped = gate.stopService()

    @property
    def begun(self) -> int:
        return sum(call.runs for call in self.closes)

    def close_one_every(self, seconds: float, number: int) -> None:
        for _ in range(number):
            self.clock.pump([0.125] * round(seconds * 8))
            self.closes[self.begun - 1].result.callback("OK")

    def warnings(self, logs: Any) -> list[str]:
        return [formatEvent(each) for each in logs]

    def test_all_of_it_is_done_where_some_of_it_ends_in_each_few_seconds(self) -> None:
        """After 4 s it was given up: of 200 valves that take 0.1 s each 135 stayed as they were."""
        self.close_one_every(0.625, _MANY - 1)
        self.assertNoResult(self.stopped)
        self.close_one_every(0.625, 1)
        self.assertEqual([self.successResultOf(reply) for reply in self.replies], ["OK"] * _MANY)
        self.successResultOf(self.stopped)
        self.clock.advance(TOGETHER)
        self.assertEqual(self.clock.getDelayedCalls(), [])

    def test_what_hangs_is_not_waited_for_longer_than_ever(self) -> None:
        self.close_one_every(1.0, 3)
        with capturedLogs() as logs:
            # Some had ended in the first four seconds, and none in those of the second part.
            self.clock.pump([0.125] * 40)
        self.successResultOf(self.stopped)
        self.assertEqual(self.begun, 4)
        self.assertEqual(
            self.warnings(logs),
            [
                "commands still run after 4.0 s; stopping all the same",
                "hardware is not known to be safe after 4.0 s; stopping all the same",
            ],
        )

    def test_nor_what_takes_very_long(self) -> None:
        with capturedLogs() as logs:
            self.close_one_every(GRACE - 0.5, 8)
        self.successResultOf(self.stopped)
        self.assertLess(self.begun, 10)
        self.assertIn(
            f"hardware is not known to be safe after {SAFE_GRACE} s; stopping all the same",
            self.warnings(logs),
        )
