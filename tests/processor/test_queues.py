"""How full the queues of managers have been, for Prometheus."""

from __future__ import annotations

from twisted.internet.defer import Deferred
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from pychron_comms.interfaces import Reading
from pychron_comms.observability.metrics import Metrics
from pychron_comms.processor.execution.manager_queue import ManagerQueue
from pychron_comms.processor.execution.queues import Queues
from pychron_comms.processor.execution.runners import ReactorRunner
from tests.doubles import ScriptedCall, ScriptedHandler
from tests.executions import submitted
from tests.help_texts import unfinished


class WaitingTests(SynchronousTestCase):
    def test_what_acts_is_told_while_it_waits_and_what_reads_is_not(self) -> None:
        queues = Queues(lambda manager: ManagerQueue(ReactorRunner(), Clock()))
        laser, line = object(), object()
        managers = {"CO2": laser, "System": line}
        running: Deferred[str] = Deferred()
        submitted(queues.of(laser), ScriptedCall("Busy", running))
        self.assertEqual(list(queues.readings(managers)), [])
        for each in ("x", "y"):
            submitted(queues.of(laser), ScriptedCall("Set", each))
        read = ScriptedCall("Get", "1")
        queues.of(laser).read(ScriptedHandler(read), read)
        self.assertEqual(list(queues.readings(managers)), [Reading("road/queue/CO2", 2)])
        running.callback("done")
        self.assertEqual(list(queues.readings(managers)), [])


class HighWaterTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.made: list[object] = []
        self.metrics = Metrics()
        self.queues = Queues(self.make)
        self.laser, self.line = object(), object()
        self.queues.count_in(self.metrics, {"CO2": self.laser, "System": self.line})

    def make(self, manager: object) -> ManagerQueue:
        self.made.append(manager)
        return ManagerQueue(ReactorRunner(), Clock())

    def told(self, manager: str) -> float:
        sample = f'pychron_comms_manager_queue_high_water{{manager="{manager}"}} '
        found = [each for each in self.metrics.text().splitlines() if each.startswith(sample)]
        return float(found[0].removeprefix(sample))

    def test_it_stays_when_those_that_waited_have_ended(self) -> None:
        queue = self.queues.of(self.laser)
        busy = ScriptedCall("Busy", Deferred())
        submitted(queue, busy)
        self.assertEqual(self.told("CO2"), 0)
        self.assertEqual(unfinished(self.metrics), {})
        for each in ("x", "y"):
            submitted(queue, ScriptedCall("Set", each))
        self.assertEqual(self.told("CO2"), 2)
        busy.result.callback("")
        submitted(queue, ScriptedCall("Set", "z"))
        self.assertEqual(self.told("CO2"), 2)

    def test_who_only_looks_makes_no_queue(self) -> None:
        self.assertEqual(self.told("System"), 0)
        self.assertEqual(self.made, [])
