"""When alarms are raised and cleared, and what is told of them."""

from __future__ import annotations

from dataclasses import replace

from pychron_comms.alarms import roster
from pychron_comms.alarms.alarm import Alarm
from pychron_comms.alarms.newcomers import MISSING
from pychron_comms.alarms.rule import BUILT_IN, Rule, While
from pychron_comms.interfaces import Severity
from pychron_comms.observability.state.items import Item
from tests.alarms.alarm_case import GAUGE, BoardCase, gauge, limit


class LimitTests(BoardCase):
    def test_a_value_above_its_limit_raises_and_one_below_it_clears(self) -> None:
        self.begin(limit(latch=False), items=[gauge()])
        self.assertEqual(self.state(), ("ok", Severity.OK, "ok"))
        self.show(gauge(2e-6))
        self.assertEqual(self.state(), ("active", Severity.MAJOR, "major"))
        self.assertEqual(self.alarm().reason, "device/gc/IG is 2e-06 mbar, above 1e-06")
        self.show(gauge(1e-7))
        self.assertEqual(self.state(), ("ok", Severity.OK, "ok"))
        self.assertEqual(self.happened(), ["raised", "cleared"])

    def test_it_must_come_back_by_the_hysteresis(self) -> None:
        self.begin(limit(latch=False, hysteresis=5e-7), items=[gauge(2e-6)])
        self.show(gauge(8e-7))
        self.assertEqual(self.state()[0], "active")
        self.show(gauge(4e-7))
        self.assertEqual(self.state()[0], "ok")
        self.show(gauge(8e-7))
        self.assertEqual(self.state()[0], "ok")

    def test_a_lower_limit_has_its_hysteresis_above(self) -> None:
        rule = Rule(name="IG", pattern=GAUGE, below=10.0, hysteresis=2.0, latch=False)
        self.begin(rule, items=[gauge(9.0)])
        self.assertEqual(self.state()[0], "active")
        self.show(gauge(11.0))
        self.assertEqual(self.state()[0], "active")
        self.show(gauge(12.5))
        self.assertEqual(self.state()[0], "ok")

    def test_it_counts_only_after_its_delay(self) -> None:
        self.begin(limit(delay=5.0), items=[gauge(2e-6)])
        self.clock.advance(4.9)
        self.assertEqual(self.state()[0], "ok")
        self.clock.advance(0.1)
        self.assertEqual(self.state()[0], "active")

    def test_a_short_peak_does_not_count(self) -> None:
        self.begin(limit(delay=5.0), items=[gauge(2e-6)])
        self.clock.advance(4.0)
        self.show(gauge())
        self.show(gauge(2e-6))
        self.clock.advance(4.0)
        self.assertEqual((self.state()[0], self.happened()), ("ok", []))

    def test_it_is_over_only_after_the_clear_delay(self) -> None:
        self.begin(limit(clear_delay=10.0, latch=False), items=[gauge(2e-6)])
        self.show(gauge())
        self.clock.advance(9.0)
        self.show(gauge(2e-6))
        self.show(gauge())
        self.clock.advance(9.0)
        self.assertEqual(self.state()[0], "active")
        self.clock.advance(1.0)
        self.assertEqual(self.state()[0], "ok")

    def test_delays_do_not_follow_the_time_of_day(self) -> None:
        self.begin(limit(delay=5.0), items=[gauge(2e-6)])
        self.board._now = lambda: 0.0
        self.clock.advance(5.0)
        self.assertEqual(self.state()[0], "active")


class UnknownTests(BoardCase):
    def test_what_cannot_be_told_is_invalid_and_never_ok(self) -> None:
        self.begin(limit(), items=[gauge()])
        self.lose()
        self.assertEqual(self.state(), ("active", Severity.INVALID, "invalid"))
        self.assertEqual(self.alarm().reason, "device/gc/IG: stale")

    def test_a_text_has_no_limit(self) -> None:
        self.begin(limit(), items=[gauge("broken")])
        self.assertEqual(self.state()[1], Severity.INVALID)

    def test_nor_has_a_number_beyond_all_numbers(self) -> None:
        self.begin(limit(), items=[gauge(10**400)])
        self.assertEqual(self.state()[1], Severity.INVALID)

    def test_an_item_that_never_comes_is_missed(self) -> None:
        self.begin(limit())
        self.clock.advance(MISSING - 1)
        self.assertEqual(self.state()[0], "ok")
        self.clock.advance(1)
        self.clock.advance(0)
        self.assertEqual(self.state(), ("active", Severity.INVALID, "invalid"))
        self.show(gauge())
        self.assertEqual(self.state()[0], "latched")

    def test_one_that_says_nothing_yet_is_waited_for(self) -> None:
        self.begin(limit(), items=[gauge(None, severity=Severity.INVALID, reason="not yet asked")])
        self.show(gauge())
        self.lose()
        self.assertEqual(self.happened(), ["raised"])
        self.assertEqual(self.alarm().reason, "device/gc/IG: stale")

    def test_and_so_is_one_that_comes_again(self) -> None:
        self.begin(limit(), items=[gauge()])
        self.stream.withdraw(GAUGE)
        self.show(gauge(None, severity=Severity.INVALID, reason="not yet asked"))
        self.clock.advance(MISSING - 1)
        self.show(gauge())
        self.clock.advance(MISSING)
        self.assertEqual((self.happened(), self.clock.getDelayedCalls()), ([], []))

    def test_but_not_for_long(self) -> None:
        silent = gauge(None, severity=Severity.INVALID, reason="not yet asked")
        self.begin(limit(), items=[silent])
        self.clock.advance(MISSING - 1)
        self.assertEqual(self.state()[0], "ok")
        self.clock.advance(1)
        self.clock.advance(0)
        self.assertEqual(self.state(), ("active", Severity.INVALID, "invalid"))
        self.assertEqual(self.alarm().reason, "device/gc/IG: not yet asked")

    def test_what_the_server_itself_tells_is_not_waited_for(self) -> None:
        path = "road/processor/one"
        rule = Rule(name="lost", pattern=path, when=Severity.INVALID)
        self.begin(rule, items=[gauge(None, path=path, severity=Severity.INVALID, reason="away")])
        self.assertEqual(self.state("lost")[0], "active")

    def test_nothing_is_waited_for_when_it_has_stopped(self) -> None:
        self.begin(limit(), items=[gauge(None, severity=Severity.INVALID, reason="not yet asked")])
        self.board.stop()
        self.assertEqual(self.clock.getDelayedCalls(), [])

    def test_another_reason_is_told_though_the_alarm_stays(self) -> None:
        self.begin(limit(), items=[gauge(2e-6)])
        self.lose()
        self.assertEqual(self.state()[1:], (Severity.INVALID, "invalid"))
        self.show(gauge(3e-6))
        self.assertEqual(self.state()[1:], (Severity.MAJOR, "invalid"))
        self.assertEqual(self.happened(), ["changed", "changed"])

    def test_another_value_for_the_same_reason_is_not(self) -> None:
        self.begin(limit(), items=[gauge(2e-6)])
        self.show(gauge(3e-6))
        self.show(gauge(4e-6))
        self.assertEqual(self.happened(), [])


class StateTests(BoardCase):
    def test_a_state_that_must_not_be(self) -> None:
        self.begin(Rule(name="HV", pattern="device/HV", is_one_of=[False], latch=False))
        self.show(gauge(False, "device/HV"))
        self.assertEqual(self.alarm("HV").reason, "device/HV is False")
        self.show(gauge(True, "device/HV"))
        self.assertEqual(self.state("HV")[0], "ok")

    def test_a_state_that_alone_may_be(self) -> None:
        self.begin(Rule(name="gas", pattern="device/gas", is_none_of=["Ar", "N2"]))
        self.show(gauge("N2", "device/gas"))
        self.assertEqual(self.state("gas")[0], "ok")
        self.show(gauge("O2", "device/gas"))
        self.assertEqual(self.state("gas")[0], "active")

    def test_what_the_item_says_of_itself(self) -> None:
        self.begin(Rule(name="valves", pattern="System/valve/*", when=Severity.MAJOR))
        self.show(
            gauge(True, "System/valve/A"),
            gauge(True, "System/valve/B", severity=Severity.MAJOR, reason="it was told closed"),
        )
        self.assertEqual(self.state("valves/System/valve/A")[0], "ok")
        self.assertEqual(
            self.alarm("valves/System/valve/B").reason, "System/valve/B: it was told closed"
        )

    def test_it_is_looked_at_only_while_another_says_so(self) -> None:
        rule = limit(only_while=While(path="device/HV", word="true"), latch=False)
        self.begin(rule, items=[gauge(2e-6), gauge(False, "device/HV")])
        self.assertEqual(self.state()[0], "ok")
        self.show(gauge(True, "device/HV"))
        self.assertEqual(self.state()[0], "active")
        self.show(gauge(False, "device/HV"))
        self.assertEqual(self.state()[0], "ok")


class PatternTests(BoardCase):
    def test_each_item_has_an_alarm_of_its_own(self) -> None:
        self.begin(Rule(name="gauges", pattern="device/gc/*", above=1e-6))
        self.show(gauge(2e-6), gauge(1e-8, "device/gc/CG1"))
        self.assertEqual(self.state("gauges/device/gc/IG")[0], "active")
        self.assertEqual(self.state("gauges/device/gc/CG1")[0], "ok")

    def test_the_alarm_goes_with_its_item_once_it_is_seen(self) -> None:
        self.begin(Rule(name="gauges", pattern="device/gc/*", above=1e-6), items=[gauge(2e-6)])
        self.stream.withdraw(GAUGE)
        self.clock.advance(0)
        self.assertEqual(self.state("gauges/device/gc/IG")[0], "latched")
        self.board.acknowledge("gauges", "Jo", "10.0.0.5")
        self.clock.advance(0)
        self.assertIsNone(self.stream.get("road/alarm/gauges/device/gc/IG"))

    def test_they_are_bounded(self) -> None:
        self.patch(roster, "MOST", 3)
        self.begin(Rule(name="gauges", pattern="device/gc/*", above=1e-6))
        self.show(*(gauge(1e-8, f"device/gc/{number}") for number in range(10)))
        self.assertEqual(len(list(self.board)), 3)

    def test_no_alarm_is_made_of_alarms(self) -> None:
        self.begin(Rule(name="all", pattern="*", when=Severity.MINOR), items=[gauge()])
        self.clock.advance(0)
        self.assertEqual([alarm.name for alarm in self.board], ["all/device/gc/IG"])

    def test_what_every_laboratory_wants_to_know(self) -> None:
        self.begin(*BUILT_IN)
        self.clock.advance(MISSING)
        self.assertEqual(list(self.board), [])
        lost = Item(path="road/processor/unix:p", value="lost", obtained=0.0, confirmed=0.0)
        self.show(lost.invalid("lost"))
        self.clock.advance(5.0)
        self.assertEqual(self.state("processor/road/processor/unix:p")[0], "active")

    def test_a_processor_that_was_away_is_seen_in_the_morning_from_when_till_when(self) -> None:
        self.begin(*BUILT_IN)
        path = "road/processor/unix:p"
        there = Item(path=path, value="connected", obtained=0.0, confirmed=0.0)
        self.show(there)
        self.clock.advance(100.0)
        self.show(there.invalid("lost: it was killed"))
        self.clock.pump([5.0, 25.0])
        self.assertEqual(self.alarm(f"processor/{path}").details["over"], 0.0)
        self.show(there)
        self.clock.advance(10.0)
        item = self.alarm(f"processor/{path}")
        self.assertEqual(item.value, "latched")
        self.assertIn("it was killed", item.reason)
        since, over = float(item.details["since"]), float(item.details["over"])
        self.assertEqual((over - since, self.now() - over), (25.0, 10.0))
        (alarm,) = self.board
        recalled = Alarm(alarm.rule, alarm.name, path)
        recalled.recall(alarm.kept(), self.clock.seconds(), self.now())
        self.assertEqual((recalled.state, recalled.over), ("latched", over))

    def test_so_is_one_that_was_killed_and_soon_there_again(self) -> None:
        self.begin(*BUILT_IN)
        path = "road/killed/unix:p"
        killed = Item(path=path, value=True, obtained=0.0, confirmed=0.0)
        self.show(replace(killed, severity=Severity.MAJOR, reason="it made nothing safe"))
        self.clock.advance(0)
        self.assertEqual(self.alarm(f"killed/{path}").value, "active")
        self.stream.withdraw(path)
        self.clock.advance(60.0)
        item = self.alarm(f"killed/{path}")
        self.assertEqual((item.value, item.reason), ("latched", f"{path}: it made nothing safe"))


class LostTests(BoardCase):
    """The road's own alarms, of what processors tell: a fault is one alarm, not several."""

    def setUp(self) -> None:
        super().setUp()
        told = ("road/processor/unix:p", "road/journal/unix:p", "road/certificate/a.pem/unix:p")
        self.items = [Item(path=path, value="well", obtained=0.0, confirmed=0.0) for path in told]
        self.begin(*BUILT_IN, items=self.items)

    def states(self) -> dict[str, str]:
        self.clock.advance(10.0)
        return {alarm.name.partition("/")[0]: alarm.state for alarm in self.board}

    def lose_all(self) -> None:
        """As a server tells it: first what the processor told, then the processor itself."""
        self.show(*(item.invalid("lost") for item in reversed(self.items)))

    def test_a_lost_processor_is_one_alarm(self) -> None:
        self.lose_all()
        self.assertEqual(
            self.states(), {"processor": "active", "journal": "ok", "certificate": "ok"}
        )
        self.assertEqual(self.notices(), ["raised"])

    def test_a_journal_that_is_lost_alone_is_another(self) -> None:
        self.show(self.items[1].invalid("it cannot be told"))
        self.assertEqual(self.states()["journal"], "active")

    def test_trouble_of_before_stands_until_it_is_known_to_be_over(self) -> None:
        full = replace(self.items[1], severity=Severity.MAJOR, reason="the disk is full")
        self.show(full)
        self.lose_all()
        self.assertEqual(self.states()["journal"], "active")
        self.assertIn("the disk is full", self.alarm("journal/road/journal/unix:p").reason)
        self.show(*self.items)
        self.assertEqual(self.states()["journal"], "latched")

    def test_what_does_not_come_back_with_its_processor_is_one_after_all(self) -> None:
        self.lose_all()
        self.show(self.items[0])
        self.assertEqual(self.states()["journal"], "active")


class OrderTests(BoardCase):
    def test_a_change_has_gone_to_all_before_its_alarm_is_told(self) -> None:
        self.begin(limit(), items=[gauge()])
        self.show(gauge(2e-6))
        paths = [change.what.path for change in self.recorder.changes]
        self.assertEqual(paths, [GAUGE, "road/alarm/IG", "road/alarm/IG"])
        numbers = [change.number for change in self.recorder.changes]
        self.assertEqual(numbers, sorted(numbers))


class MetricTests(BoardCase):
    def test_they_are_counted(self) -> None:
        self.begin(limit(), items=[gauge(2e-6)])
        text = self.metrics.text()
        self.assertIn('pychron_comms_alarms_active{severity="major"} 1.0\n', text)
        self.assertIn("pychron_comms_alarms_unacknowledged 1.0\n", text)
        self.board.shelve("IG", 60.0, "Jo", "", "10.0.0.5")
        text = self.metrics.text()
        self.assertIn('pychron_comms_alarms_active{severity="major"} 0.0\n', text)
        self.assertIn("pychron_comms_alarms_shelved 1.0\n", text)
