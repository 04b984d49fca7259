"""Modbus on a bus: an answer is for its own question, on TCP and on RTU."""

from __future__ import annotations

from twisted.internet.defer import Deferred
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from pychron_comms.instruments.bus import Bus
from pychron_comms.instruments.fields import Value
from pychron_comms.instruments.pattern import GarbledError
from pychron_comms.instruments.speaking import spoken
from pychron_comms.instruments.talk import NoAnswerError, RefusedError
from tests.instruments.case import Wire
from tests.instruments.modbus.case import described


class ModbusBusCase(SynchronousTestCase):
    link = "modbus+tcp://127.0.0.1"

    def setUp(self) -> None:
        self.clock = Clock()
        self.description = described()
        self.bus = Bus(spoken(self.description.wire, self.link), self.clock)
        self.wire = Wire(self.bus)
        self.bus.connected(self.wire)

    def read(self, valve: int = 1, unit: int = 1) -> Deferred[dict[str, Value]]:
        exchange = self.description.items["valve"].readings["state"].exchange
        return self.bus.ask(exchange, {"unit": unit, "valve": valve}, shared=True)

    def value(self) -> Deferred[dict[str, Value]]:
        return self.bus.ask(self.description.items["loop"].readings["value"].exchange, {"unit": 1})

    def do(self, verb: str, valve: int = 1) -> Deferred[dict[str, Value]]:
        exchange = self.description.items["valve"].verbs[verb].exchange
        return self.bus.ask(exchange, {"unit": 1, "valve": valve}, urgent=verb == "close")

    def sent(self) -> list[str]:
        return [data.hex(" ").upper() for data in self.wire.taken()]

    def came(self, text: str) -> None:
        self.bus.received(bytes.fromhex(text))


class TcpTests(ModbusBusCase):
    def test_an_answer(self) -> None:
        done = self.read(3)
        self.assertEqual(self.sent(), ["00 01 00 00 00 06 01 02 00 00 00 10"])
        self.came("00 01 00 00 00 05 01 02")
        self.assertNoResult(done)
        self.came("02 10 00")
        self.assertEqual(self.successResultOf(done), {"value": "10"})

    def test_the_answer_of_a_question_that_was_given_up_is_passed_over(self) -> None:
        late = self.read(1)
        self.clock.advance(1.0)
        self.failureResultOf(late, NoAnswerError)
        self.assertEqual(self.wire.resets, 0)
        next_one = self.value()
        self.assertEqual(len(self.sent()), 2)
        self.came("00 01 00 00 00 05 01 02 02 01 00")
        self.assertNoResult(next_one)
        self.clock.advance(0.9)
        self.came("00 02 00 00 00 05 01 04 02 00 64")
        self.assertEqual(self.successResultOf(next_one), {"value": 10})
        self.assertEqual(self.bus.unasked, 1)

    def test_so_where_both_come_at_once(self) -> None:
        self.failureResultOf(self.missed(), NoAnswerError)
        next_one = self.value()
        self.came("00 01 00 00 00 05 01 02 02 01 00 00 02 00 00 00 05 01 04 02 00 64")
        self.assertEqual(self.successResultOf(next_one), {"value": 10})

    def missed(self) -> Deferred[dict[str, Value]]:
        done = self.read()
        self.clock.advance(1.0)
        return done

    def test_one_that_is_silent_twice_is_connected_anew(self) -> None:
        self.failureResultOf(self.missed(), NoAnswerError)
        self.assertEqual(self.wire.resets, 0)
        self.failureResultOf(self.missed(), NoAnswerError)
        self.assertEqual(self.wire.resets, 1)

    def test_what_makes_safe_follows_a_missed_answer_at_once(self) -> None:
        missed, waiting, safe = self.read(1), self.value(), self.do("close", 3)
        self.sent()
        self.clock.advance(1.0)
        self.failureResultOf(missed, NoAnswerError)
        self.assertEqual(self.sent(), ["00 02 00 00 00 06 01 05 00 02 00 00"])
        self.came("00 02 00 00 00 06 01 05 00 02 00 00")
        self.successResultOf(safe)
        self.assertNoResult(waiting)

    def test_another_unit_s_answer_is_garbled(self) -> None:
        done = self.read()
        self.came("00 01 00 00 00 05 02 02 02 01 00")
        self.failureResultOf(done, GarbledError)
        self.assertEqual(self.wire.resets, 1)

    def test_so_is_what_is_no_modbus(self) -> None:
        done = self.read()
        self.bus.received(b"HTTP/1.1 400 Bad Request\r\n")
        self.failureResultOf(done, GarbledError)

    def test_a_refusal(self) -> None:
        done = self.do("open")
        self.came("00 01 00 00 00 03 01 85 02")
        self.assertEqual(
            self.failureResultOf(done, RefusedError).getErrorMessage(), "it has no such address"
        )

    def test_the_same_question_is_asked_once_for_all(self) -> None:
        """One block feeds all valves; another unit's block is another question."""
        first, *rest = [self.read(valve) for valve in range(1, 9)]
        other = self.read(1, unit=2)
        self.assertEqual(len(self.sent()), 1)
        self.came("00 01 00 00 00 05 01 02 02 01 00")
        self.successResultOf(first)
        self.assertEqual(self.sent(), ["00 02 00 00 00 06 01 02 00 00 00 10"])
        self.came("00 02 00 00 00 05 01 02 02 0A 80")
        told = [self.successResultOf(each)["value"] for each in rest]
        self.assertEqual(told, ["01", "00", "00", "00", "00", "00", "01"])
        self.assertEqual(self.sent(), ["00 03 00 00 00 06 02 02 00 00 00 10"])
        self.assertNoResult(other)

    def test_what_is_done_is_never_joined(self) -> None:
        self.read()
        self.do("open", 3)
        self.do("open", 3)
        self.sent()
        self.came("00 01 00 00 00 05 01 02 02 01 00")
        self.came("00 02 00 00 00 06 01 05 00 02 FF 00")
        self.assertEqual(
            self.sent(),
            ["00 02 00 00 00 06 01 05 00 02 FF 00", "00 03 00 00 00 06 01 05 00 02 FF 00"],
        )


class RtuTests(ModbusBusCase):
    link = "modbus+rtu:///dev/ttyUSB0?baud=9600"

    def test_an_answer(self) -> None:
        done = self.read(3)
        self.assertEqual(self.sent(), ["01 02 00 00 00 10 79 C6"])
        self.came("01 02 02 10 00")
        self.assertNoResult(done)
        self.came("B4 78")
        self.assertEqual(self.successResultOf(done), {"value": "10"})

    def test_frames_are_parted_by_silence(self) -> None:
        self.read()
        waiting = self.value()
        self.sent()
        self.came("01 02 02 10 00 B4 78")
        self.assertEqual(self.sent(), [])
        self.clock.advance(0.005)
        self.assertEqual(len(self.sent()), 1)
        self.assertNoResult(waiting)

    def test_a_late_answer_is_dropped_in_a_pause(self) -> None:
        """Two readings of one size have answers that nothing tells apart."""
        late = self.read(1)
        self.clock.advance(1.0)
        self.failureResultOf(late, NoAnswerError)
        next_one = self.read(2)
        self.sent()
        self.came("01 02 02 10 00 B4 78")
        self.assertNoResult(next_one)
        self.clock.advance(2.9)
        self.assertEqual(self.sent(), [])
        self.clock.advance(0.1)
        self.assertEqual(len(self.sent()), 1)

    def test_what_makes_safe_does_not_wait_for_the_pause(self) -> None:
        late = self.read(1)
        self.clock.advance(1.0)
        self.failureResultOf(late, NoAnswerError)
        self.sent()
        self.do("close", 3)
        self.assertEqual(self.sent(), ["01 05 00 02 00 00 6C 0A"])

    def test_a_wrong_checksum(self) -> None:
        done = self.read(3)
        self.came("01 02 02 10 00 B4 79")
        self.failureResultOf(done, GarbledError)

    def test_another_unit_s_answer(self) -> None:
        done = self.read(3)
        self.came("02 02 02 10 00 F0 78")
        self.failureResultOf(done, GarbledError)
