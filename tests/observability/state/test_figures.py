"""What Prometheus is told of the state stream."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from pychron_comms.observability.metrics import Metrics
from pychron_comms.observability.state.figures import MOST, StreamFigures
from pychron_comms.observability.state.items import Item
from pychron_comms.observability.state.stream import StateStream


def item(path: str, value: object, confirmed: float = 100.0) -> Item:
    return Item(path=path, value=value, obtained=1.0, confirmed=confirmed, unit="mbar")


class StreamFigureTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.metrics = Metrics()
        self.stream = StateStream("s1", lambda: 100.0)
        StreamFigures(self.stream, self.metrics, ["device/gc/*"])

    def assert_told(self, *lines: str) -> None:
        text = self.metrics.text()
        for line in lines:
            self.assertIn(f"pychron_comms_{line}\n", text)

    def test_valves(self) -> None:
        self.stream.publish(item("System/valve/A", True))
        self.stream.publish(item("System/valve/B", False))
        self.stream.publish(item("System/valve/C", True).invalid("stale"))
        self.stream.publish(item("road/alarm/v/System/valve/A", "ok"))
        self.assert_told(
            'valve_state{valve="A"} 1.0',
            'valve_state{valve="B"} 0.0',
            'valve_state{valve="C"} -1.0',
        )
        self.assertEqual(self.metrics.text().count("valve_state{"), 3)

    def test_devices_and_processors(self) -> None:
        self.stream.publish(item("device/gc/IG", 1e-8, confirmed=99.0))
        self.stream.publish(item("device/lost", 1.0).invalid("stale"))
        self.stream.publish(item("road/processor/unix:p", "connected"))
        self.stream.publish(item("road/processor/unix:q", "lost").invalid("lost"))
        self.assert_told(
            'device_last_success_timestamp_seconds{device="gc/IG"} 99.0',
            'processor_connected{processor="unix:p"} 1.0',
            'processor_connected{processor="unix:q"} 0.0',
            'items{severity="ok"} 2.0',
            'items{severity="invalid"} 2.0',
        )
        self.stream.publish(item("road/clock/unix:p", -1.5))
        self.stream.publish(item("road/clock/unix:q", 0.0).invalid("lost"))
        self.assert_told('clock_offset_seconds{processor="unix:p"} -1.5')
        self.assertNotIn('offset_seconds{processor="unix:q"', self.metrics.text())
        self.assertNotIn('device="lost"', self.metrics.text())

    def test_the_numbers_that_are_wanted_and_no_others(self) -> None:
        self.stream.publish(item("device/gc/IG", 1e-8))
        self.stream.publish(item("device/gc/name", "ion"))
        self.stream.publish(item("device/gc/beyond", 10**400))
        self.stream.publish(item("device/other", 5.0))
        self.assert_told('value{path="device/gc/IG",unit="mbar"} 1e-08')
        self.assertEqual(self.metrics.text().count("comms_value{"), 1)

    def test_what_cannot_be_told_is_no_number(self) -> None:
        self.stream.publish(item("device/gc/IG", 1e-8).invalid("stale"))
        self.assertNotIn("comms_value{", self.metrics.text())
        self.assert_told('value_severity{path="device/gc/IG"} 3.0')

    def test_the_stream_itself(self) -> None:
        self.stream.publish(item("device/gc/IG", 1e-8))
        self.stream.readers, self.stream.squashed, self.stream.gaps = 3, 2, 1
        self.assert_told(
            "subscribers 3.0", "stream_sequence 1.0", "stream_squashed 2.0", "stream_gaps 1.0"
        )

    def test_they_are_bounded(self) -> None:
        for number in range(MOST + 10):
            self.stream.publish(item(f"device/gc/{number}", 1.0))
        self.assertEqual(self.metrics.text().count("comms_value{"), MOST)
