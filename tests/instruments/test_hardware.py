"""What an instrument's valves, gauges and loops promise to the handlers."""

from __future__ import annotations

from twisted.internet.defer import Deferred, maybeDeferred

from pychron_comms.errors import (
    DeviceConnectionError,
    InvalidArgumentsError,
    InvalidGaugeError,
    NoResponseError,
    OutcomeUnknownError,
    ValveActuationError,
)
from pychron_comms.instruments.device import InstrumentDevice, InstrumentGauges
from pychron_comms.instruments.valve import InstrumentValve
from pychron_comms.interfaces import Severity, Source
from tests.instruments.case import SWITCH, InstrumentCase
from tests.instruments.test_bound_item import LOOP

GAUGE = """
title = "A gauge"
source = "this test"
[wire]
link = "tcp://127.0.0.1:5025"
line = "<LF>"
[item.gauge]
kind = "gauge"
parameter.channel = { minimum = 1, maximum = 3 }
[item.gauge.read.pressure]
send = "PR{channel:d}?"
take = "{value:.2E}"
unit = "Torr"
words = { OFF = "off" }
"""


class ValveTests(InstrumentCase):
    text = SWITCH

    def setUp(self) -> None:
        super().setUp()
        self.moved: list[bool | None] = []
        self.valve = InstrumentValve("A", self.item, lambda valve: self.moved.append(valve.state))

    def test_it_is_neither_before_it_was_asked(self) -> None:
        self.assertIsNone(self.valve.state)
        self.assertFalse(self.valve.closed)
        self.assertFalse(self.valve.indicator)
        reading = self.valve.reading("", locked=False)
        self.assertEqual((reading.value, reading.severity), (None, Severity.INVALID))

    def test_it_opens(self) -> None:
        done = self.valve.open()
        self.pump()
        self.successResultOf(done)
        self.assertIs(self.valve.state, True)
        self.assertEqual(self.moved, [True])
        reading = self.valve.reading("10.0.0.5", locked=False)
        self.assertEqual((reading.value, reading.source), (True, Source.READBACK))
        self.assertEqual(reading.details["owner"], "10.0.0.5")

    def test_it_is_asked(self) -> None:
        self.put("state", "open")
        done = self.valve.ask_indicator()
        self.pump()
        self.assertIs(self.successResultOf(done), True)

    def test_a_fault_is_neither_open_nor_closed(self) -> None:
        self.put("state", "fault")
        done = self.valve.ask_commanded()
        self.pump()
        self.failureResultOf(done, NoResponseError)
        self.assertIsNone(self.valve.state)
        self.assertEqual(self.valve.reading("", locked=False).reason, "fault")

    def test_what_went_wrong_has_its_code(self) -> None:
        self.simulated.put = lambda *what: None  # type: ignore[method-assign]
        stuck = self.valve.open()
        self.pump(2.0)
        self.failureResultOf(stuck, ValveActuationError)
        self.wire.silent = True
        unknown = self.valve.open()
        self.pump(20.0)
        self.failureResultOf(unknown, OutcomeUnknownError)
        self.bus.disconnected("unplugged")
        self.failureResultOf(self.valve.open(), DeviceConnectionError)


class UnprovenValveTests(InstrumentCase):
    """Nothing shows where it is: it is where it was told to be."""

    text = (
        SWITCH.partition("[item.valve.read.state]")[0]
        .replace("verify = { seconds = 1.0 }", "")
        .replace(
            "[item.valve]",
            '[[step]]\nsend = "{body}"\ntake = "{reply}"\nrefuse = "NO"\n[item.valve]',
        )
    )

    def test_it_is_where_it_was_told_to_be(self) -> None:
        valve = InstrumentValve("A", self.item, lambda valve: None)
        self.assertIsNone(valve.state)
        done = valve.close()
        self.pump()
        self.successResultOf(done)
        self.assertTrue(valve.closed)
        self.assertEqual(valve.reading("", locked=False).source, Source.COMMANDED)
        self.wire.silent = True
        unknown = valve.open()
        self.pump(10.0)
        self.failureResultOf(unknown, OutcomeUnknownError)
        self.assertIsNone(valve.state)

    def test_one_that_refuses_is_where_it_was(self) -> None:
        valve = InstrumentValve("A", self.item, lambda valve: None)
        done = valve.close()
        self.pump()
        self.successResultOf(done)
        self.simulated.do = lambda *what: False  # type: ignore[method-assign]
        self.failureResultOf(self.opened(valve), ValveActuationError)
        self.assertTrue(valve.closed)

    def opened(self, valve: InstrumentValve) -> Deferred[None]:
        done = valve.open()
        self.pump(10.0)
        return done

    def test_where_it_was_told_to_be_is_not_known_of_one_that_was_away(self) -> None:
        """It may have been switched off; not so where the connection was only made anew."""
        valve = InstrumentValve("A", self.item, lambda valve: None)
        done = valve.close()
        self.pump()
        self.successResultOf(done)
        self.bus.disconnected("reset")
        self.bus.connected(self.wire, renewed=True)
        self.assertTrue(valve.closed)
        self.bus.disconnected("unplugged")
        reading = valve.reading("", locked=False)
        self.assertEqual((reading.value, reading.severity), (None, Severity.INVALID))
        self.assertEqual(reading.reason, "unplugged")
        self.failureResultOf(valve.ask_commanded(), NoResponseError)
        again = valve.close()
        self.bus.connected(self.wire)
        self.assertIsNone(valve.state)
        self.pump()
        self.successResultOf(again)
        self.assertTrue(valve.closed)


class GaugeTests(InstrumentCase):
    text = GAUGE
    item_name = "gauge"
    parameters = {"channel": 1}  # noqa: RUF012

    def setUp(self) -> None:
        super().setUp()
        self.gauges = InstrumentGauges("gc", {"IG": self.item})

    def pressure(self) -> Deferred[float]:
        done = Deferred.fromCoroutine(self.gauges.get_pressure("IG"))
        self.pump()
        return done

    def test_pressures_are_in_mbar(self) -> None:
        self.put("pressure", 1e-8)
        self.assertEqual(self.successResultOf(self.pressure()), 1.33322e-8)
        (reading,) = self.gauges.readings()
        self.assertEqual((reading.path, reading.value, reading.unit), ("IG", 1.33322e-8, "mbar"))

    def test_a_word_is_no_number(self) -> None:
        self.put("pressure", "off")
        self.failureResultOf(self.pressure(), InvalidGaugeError)
        (reading,) = self.gauges.readings()
        self.assertEqual((reading.value, reading.reason), (None, "off"))
        self.assertIs(reading.severity, Severity.INVALID)

    def test_a_silent_one_does_not_answer(self) -> None:
        self.wire.silent = True
        done = self.pressure()
        self.pump(2.0)
        self.failureResultOf(done, NoResponseError)

    def test_one_that_is_not_there(self) -> None:
        done = Deferred.fromCoroutine(self.gauges.get_pressure("CG1"))
        self.failureResultOf(done, InvalidGaugeError)
        self.assertRaises(InvalidArgumentsError, self.gauges.set, "1", "10.0.0.5")


class DeviceTests(InstrumentCase):
    text = LOOP
    item_name = "loop"
    parameters = {}  # noqa: RUF012

    def setUp(self) -> None:
        super().setUp()
        self.device = InstrumentDevice("furnace", self.item)

    def test_it_is_set_and_read(self) -> None:
        done = maybeDeferred(lambda: Deferred.fromCoroutine(self.device.set("700", "10.0.0.5")))
        self.pump()
        self.successResultOf(done)
        value = Deferred.fromCoroutine(self.device.get())
        self.pump()
        self.assertEqual(self.successResultOf(value), 700.0)

    def test_what_it_cannot_take(self) -> None:
        for value in ("-1", "1001", "hot", "nan", "1_0", ""):
            with self.subTest(value=value), self.assertRaises(InvalidArgumentsError):
                self.device.converted(value)
        self.assertEqual(self.wire.sent, [])

    def test_its_readings_are_in_the_state(self) -> None:
        paths = {reading.path for reading in self.device.readings()}
        self.assertEqual(paths, {"", "setpoint"})

    def test_what_was_sent_and_not_seen_is_unknown(self) -> None:
        self.wire.silent = True
        done = Deferred.fromCoroutine(self.device.set("700", "10.0.0.5"))
        self.pump(20.0)
        self.failureResultOf(done, OutcomeUnknownError)


class SwitchTests(InstrumentCase):
    text = (
        SWITCH.replace('kind = "valve"', 'kind = "switch"')
        .replace("do.open", "do.on")
        .replace("do.close", "do.off")
        .replace('"closed"', '"off"')
        .replace('"open"', '"on"')
    )

    def test_it_is_set_by_its_verbs(self) -> None:
        device = InstrumentDevice("lamp", self.item)
        self.assertRaises(InvalidArgumentsError, device.converted, "1")
        done = Deferred.fromCoroutine(device.set("on", "10.0.0.5"))
        self.pump()
        self.successResultOf(done)
        self.assertEqual(self.now("state"), "on")
