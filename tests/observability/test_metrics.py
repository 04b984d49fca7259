"""Numbers, in the text that Prometheus reads."""

from __future__ import annotations

import math

from twisted.trial.unittest import SynchronousTestCase

from pychron_comms.observability.metrics import Metrics


class MetricsTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.metrics = Metrics()

    def test_without_numbers_there_is_no_text(self) -> None:
        self.assertEqual(self.metrics.text(), "")

    def test_counters_and_gauges_are_told_with_their_meaning_and_labels(self) -> None:
        self.metrics.gauge("open", "Open now.", lambda: 2.5)
        refused = self.metrics.counter("refused_total", "Refused.", listener="UV")
        self.metrics.counter("refused_total", "Refused.", listener="CO2", kind="line")
        refused.value += 1
        refused.value += 1
        self.assertEqual(
            self.metrics.text(),
            "# HELP open Open now.\n"
            "# TYPE open gauge\n"
            "open 2.5\n"
            "# HELP refused_total Refused.\n"
            "# TYPE refused_total counter\n"
            'refused_total{kind="line",listener="CO2"} 0.0\n'
            'refused_total{listener="UV"} 2.0\n',
        )

    def test_the_same_name_and_labels_are_the_same_counter(self) -> None:
        first, second = (self.metrics.counter("a_total", "", where="x") for _ in range(2))
        self.assertIs(first, second)
        self.assertIsNot(first, self.metrics.counter("a_total", "", where="y"))

    def test_a_gauge_is_asked_when_somebody_looks(self) -> None:
        values = iter((1, 2))
        self.metrics.gauge("now", "", lambda: next(values))
        self.assertIn("\nnow 1.0\n", self.metrics.text())
        self.assertIn("\nnow 2.0\n", self.metrics.text())

    def test_a_label_may_hold_anything(self) -> None:
        self.metrics.counter("a_total", "", where='back\\slash "quote"\nline')
        self.assertIn(
            'a_total{where="back\\\\slash \\"quote\\"\\nline"} 0.0\n', self.metrics.text()
        )

    def test_numbers_that_are_none_are_written_as_prometheus_writes_them(self) -> None:
        for name, value in (("a", math.inf), ("b", -math.inf), ("c", math.nan)):
            self.metrics.gauge(name, "", lambda value=value: value)  # type: ignore[misc]
        for sample in ("\na +Inf\n", "\nb -Inf\n", "\nc NaN\n"):
            self.assertIn(sample, self.metrics.text())

    def test_names_that_mean_nothing_to_prometheus_are_mistakes(self) -> None:
        self.assertRaises(ValueError, self.metrics.counter, "refused", "")
        self.assertRaises(ValueError, self.metrics.gauge, "not-a-name", "", lambda: 0)
        self.metrics.gauge("a_total", "", lambda: 0)
        self.assertRaises(ValueError, self.metrics.counter, "a_total", "")

    def test_what_took_as_long_several_times_is_told_as_often(self) -> None:
        for times, waits in ((1, 3), (3, 1)):
            histogram = self.metrics.histogram("wait_seconds", "Waits.", (0.1, 1.0), n=str(times))
            for _ in range(waits):
                histogram.observe(0.5, times)
            self.assertEqual((histogram.counts, histogram.total), ([0, 3, 0], 1.5))

    def test_how_long_something_took_is_told_by_bounds(self) -> None:
        waits = self.metrics.histogram("wait_seconds", "Waits.", (0.1, 1.0), type="System")
        self.assertIs(waits, self.metrics.histogram("wait_seconds", "Waits.", type="System"))
        for seconds in (0.05, 0.1, 0.5, 7.0):
            waits.observe(seconds)
        self.assertEqual(
            self.metrics.text(),
            "# HELP wait_seconds Waits.\n"
            "# TYPE wait_seconds histogram\n"
            'wait_seconds_bucket{le="0.1",type="System"} 2.0\n'
            'wait_seconds_bucket{le="1.0",type="System"} 3.0\n'
            'wait_seconds_bucket{le="+Inf",type="System"} 4.0\n'
            'wait_seconds_count{type="System"} 4.0\n'
            'wait_seconds_sum{type="System"} 7.65\n',
        )
        self.assertRaises(ValueError, self.metrics.histogram, "wait", "")

    def test_two_processes_in_one_do_not_share_their_numbers(self) -> None:
        self.metrics.counter("a_total", "").value += 1
        self.assertEqual(Metrics().counter("a_total", "").value, 0)
