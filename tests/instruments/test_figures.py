"""Each question to an instrument is counted by how it ended, and timed."""

from __future__ import annotations

from twisted.internet.defer import Deferred
from twisted.python.failure import Failure

from pychron_comms.instruments.figures import RESULTS, InstrumentFigures, result_of
from pychron_comms.instruments.jobs import NotAskedError, WithdrawnError
from pychron_comms.instruments.pattern import GarbledError
from pychron_comms.instruments.talk import NoAnswerError, RefusedError
from pychron_comms.observability.metrics import Metrics
from tests.instruments.case import SWITCH, InstrumentCase, Wire


class FigureCase(InstrumentCase):
    def setUp(self) -> None:
        super().setUp()
        self.metrics = Metrics()
        InstrumentFigures(self.instrument, self.metrics)

    def told(self, name: str, **labels: str) -> float | None:
        """The number of that name, of the switch; None where there is none."""
        of = ",".join(f'{key}="{value}"' for key, value in {"device": "switch", **labels}.items())
        sample = f"pychron_comms_device_{name}{{{of}}} "
        found = [each for each in self.metrics.text().splitlines() if each.startswith(sample)]
        return float(found[0].removeprefix(sample)) if found else None

    def ended(self, operation: str, result: str) -> float | None:
        return self.told("io_total", operation=operation, result=result)


class FigureTests(FigureCase):
    def read(self) -> Deferred[object]:
        return Deferred.fromCoroutine(self.item.read("state"))

    def test_an_answer(self) -> None:
        self.read()
        self.pump(0.1)
        self.assertEqual(self.ended("read", "ok"), 1)
        self.assertEqual(self.told("io_duration_seconds_count"), 1)

    def test_what_is_done_is_apart_from_what_is_read(self) -> None:
        done = Deferred.fromCoroutine(self.item.do("open"))
        self.pump()
        self.successResultOf(done)
        self.assertEqual((self.ended("act", "ok"), self.ended("read", "ok")), (1, 1))

    def test_one_question_for_all_who_ask_the_same(self) -> None:
        first = Wire(self.bus)
        self.bus.connected(first)
        for _ in range(4):
            self.read()
        # The first is on its way, the others share one.
        self.bus.received(b"1\n")
        self.bus.received(b"1\n")
        self.assertEqual(self.ended("read", "ok"), 2)

    def test_silence_takes_as_long_as_the_patience(self) -> None:
        self.wire.silent = True
        self.failureResultOf(self._after(1.0), NoAnswerError)
        self.assertEqual(self.ended("read", "no_answer"), 1)
        self.assertEqual(self.told("io_duration_seconds_sum"), 1.0)

    def _after(self, seconds: float) -> Deferred[object]:
        read = self.read()
        self.clock.advance(seconds)
        return read

    def test_garbage(self) -> None:
        self.bus.connected(Wire(self.bus))
        read = self.read()
        self.bus.received(b"1\n1\n1\n")
        self.failureResultOf(read, GarbledError)
        self.assertEqual(self.ended("read", "garbled"), 1)

    def test_without_a_connection_nothing_is_asked_and_nothing_timed(self) -> None:
        self.assertEqual(self.told("connected"), 1)
        self.bus.disconnected("gone")
        self.failureResultOf(self.read(), NotAskedError)
        self.assertEqual(self.ended("read", "not_asked"), 1)
        self.assertEqual(self.told("io_duration_seconds_count"), 0)
        self.assertEqual(self.told("connected"), 0)

    def test_what_waited_when_the_connection_ended(self) -> None:
        self.bus.connected(Wire(self.bus))
        self.read().addErrback(lambda failure: None)
        exchange = self.item.item.verbs["open"].exchange
        waits = self.instrument.ask(exchange, {"channel": 3})
        self.bus.disconnected("gone")
        self.failureResultOf(waits, NotAskedError)
        self.assertEqual(self.ended("act", "not_asked"), 1)
        self.assertEqual(self.ended("read", "no_answer"), 1)

    def test_each_connection_is_counted(self) -> None:
        self.bus.disconnected("gone")
        self.bus.connected(self.wire)
        self.bus.connected(self.wire)
        self.assertEqual(self.told("connects_total"), 2)

    def test_the_results_are_a_closed_set(self) -> None:
        self.assertEqual(result_of(None), "ok")
        for error, result in (
            (WithdrawnError(""), "not_asked"),
            (RefusedError(""), "refused"),
            (ValueError(""), "failed"),
        ):
            self.assertEqual(result_of(Failure(error)), result)
            self.assertIn(result, RESULTS)


class IdentifyTests(FigureCase):
    text = SWITCH + '\n[identify]\nsend = "*IDN?"\nmatch = "Switch"\nanswer = "Switch 7"\n'

    def test_that_it_says_what_it_is_is_an_operation_of_its_own(self) -> None:
        self.pump()
        self.bus.disconnected("gone")
        self.bus.connected(self.wire)
        self.pump()
        self.assertEqual(self.ended("identify", "ok"), 2)
