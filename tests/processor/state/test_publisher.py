"""What the state stream is told of the hardware, and when."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from types import SimpleNamespace
from typing import Any, cast

from twisted.internet.defer import Deferred
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase
from zope.interface import implementer
from zope.interface.verify import verifyObject

from pychron_comms.errors import DeviceConnectionError
from pychron_comms.interfaces import ICall, IDevice, IShowsState, Move, Reading, Severity
from pychron_comms.lab.schematic.layout import laid_out
from pychron_comms.lab.simulated.devices import SimulatedDevice
from pychron_comms.lab.simulated.extraction_line.line import SimulatedExtractionLine, ValveSpec
from pychron_comms.lab.simulated.extraction_line.vacuum import Vacuum
from pychron_comms.observability.state.items import Item
from pychron_comms.observability.state.stream import StateStream
from pychron_comms.processor.state.looks import BEHIND, SOON
from pychron_comms.processor.state.publisher import PERIOD, StatePublisher
from pychron_comms.processor.state.read_state import ReadState
from pychron_comms.processor.state.readings import read
from tests.doubles import ScriptedCall
from tests.observability.state.test_stream import Recorder


@implementer(IDevice)
class Broken:
    name = "broken"

    def get(self) -> Any:
        raise DeviceConnectionError("broken")

    def set(self, value: str, sender: str) -> None:
        """Never called."""


@implementer(IDevice)
class Slow(Broken):
    def __init__(self, value: Any) -> None:
        self.value = value

    def get(self) -> Any:
        return self.value


@implementer(IShowsState)
class Talkative(Slow):
    def __init__(self, value: Any, own: Any) -> None:
        super().__init__(value)
        self.own = own

    def readings(self) -> Any:
        return self.own


class ReadTests(SynchronousTestCase):
    def read(self, manager: object) -> dict[str, Reading]:
        result: Any = read(manager)
        if hasattr(result, "__await__"):
            result = self.successResultOf(Deferred.fromCoroutine(result))
        return {reading.path: reading for reading in result}

    def test_one_that_cannot_be_read_is_invalid_with_the_reason(self) -> None:
        reading = self.read(Broken())[""]
        self.assertEqual((reading.value, reading.severity), (None, Severity.INVALID))
        self.assertIn("broken", reading.reason)

    def test_what_comes_later_is_waited_for(self) -> None:
        later: Deferred[float] = Deferred()
        result: Any = read(Slow(later))
        coming = Deferred.fromCoroutine(result)
        self.assertNoResult(coming)
        later.callback(1.5)
        self.assertEqual([each.value for each in self.successResultOf(coming)], [1.5])

    def test_a_value_of_any_other_kind_is_there_at_once(self) -> None:
        ready = read(Slow(Decimal("1.5")))
        self.assertEqual([each.value for each in cast(Any, ready)], [Decimal("1.5")])

    def test_a_later_failure_is_its_own_alone(self) -> None:
        later: Deferred[float] = Deferred()
        later.errback(DeviceConnectionError("slow"))
        reading = self.read(Slow(later))[""]
        self.assertEqual((reading.value, reading.severity), (None, Severity.INVALID))
        self.assertIn("slow", reading.reason)

    def test_what_is_no_number_is_invalid(self) -> None:
        for value in (float("nan"), float("inf"), None):
            self.assertEqual(self.read(Slow(value))[""].severity, Severity.INVALID, value)

    def test_what_it_says_of_itself_stands_first(self) -> None:
        told = self.read(Talkative(1.0, [Reading("", 2.0, "mbar"), Reading("more", 3.0)]))
        self.assertEqual([told[""].value, told[""].unit, told["more"].value], [2.0, "mbar", 3.0])

    def test_what_it_says_of_itself_may_come_later(self) -> None:
        later: Deferred[list[Reading]] = Deferred()
        later.callback([Reading("more", 3.0)])
        self.assertEqual(self.read(Talkative(1.0, later))["more"].value, 3.0)


class PublisherCase(SynchronousTestCase):
    def setUp(self) -> None:
        self.clock = Clock()
        self.stream = StateStream("s1", self.clock.seconds)
        self.recorder = Recorder()
        self.stream.subscribe(self.recorder)
        valves = [ValveSpec(name="A"), ValveSpec(name="B", locked=True, interlocks=("A",))]
        self.line = SimulatedExtractionLine(self.clock, valves, Vacuum(self.clock, (), {}))
        self.device = SimulatedDevice("heater", 20.0)
        self.waiting: list[Deferred[str]] | None = None
        # Whether the manager of what waits has been asked already, and after how many seconds it
        # answers; 0 for never.
        self.asked = False
        self.takes = 0.0
        self.looks = 0
        self.publisher = StatePublisher(
            self.stream,
            self.submit,
            clock=self.clock,
            now=self.clock.seconds,
        )
        self.more: list[Reading] = []
        managers = {"System": self.line, "device/heater": self.device}
        self.publisher.watch(managers, lambda: self.more)

    def submit(self, call: ReadState) -> object:
        self.looks += 1
        if self.waiting is None:
            result: Any = call.run()
            return call.reply(result)
        response: Deferred[str] = Deferred()
        result = call.run() if self.asked else None
        response.addCallback(lambda _: call.reply(result or call.run()))
        self.waiting.append(response)
        if self.takes:
            self.clock.callLater(self.takes, response.callback, "go")
        return response

    def item(self, path: str) -> Item:
        item = self.stream.get(path)
        assert item is not None, path
        return item


class LookTests(PublisherCase):
    def test_a_look_is_a_call(self) -> None:
        verifyObject(ICall, ReadState(self.line, self.clock.seconds))

    def test_all_is_told_at_the_start(self) -> None:
        self.publisher.start()
        item = self.item("System/valve/B")
        self.assertEqual((item.value, item.details["locked"]), (False, True))
        self.assertEqual(self.item("device/heater").value, 20.0)

    def test_what_keeps_a_valve_from_opening(self) -> None:
        self.publisher.start()
        self.assertEqual(self.item("System/valve/B").details["interlocks"], [])
        self.line.open_valve("A", "me")
        self.clock.advance(PERIOD)
        self.assertEqual(self.item("System/valve/B").details["interlocks"], ["A"])

    def test_a_change_is_told_at_the_next_look_and_no_other_is(self) -> None:
        self.publisher.start()
        told = len(self.recorder.changes)
        self.clock.advance(PERIOD)
        self.assertEqual(len(self.recorder.changes), told)
        self.device.set("21", "me")
        self.clock.advance(PERIOD)
        item = self.item("device/heater")
        self.assertEqual((item.value, item.obtained), (21.0, 2 * PERIOD))
        self.assertEqual(len(self.recorder.changes), told + 1)

    def test_it_is_confirmed_and_so_never_stale_while_it_is_read(self) -> None:
        self.publisher.start()
        for _ in range(10):
            self.clock.advance(PERIOD)
        item = self.item("System/valve/A")
        self.assertEqual((item.severity, item.obtained), (Severity.OK, 0.0))
        self.assertEqual(item.confirmed, 10 * PERIOD)

    def test_what_a_command_has_left_as_it_was_is_as_old_as_it_was(self) -> None:
        self.publisher.start()
        self.clock.advance(PERIOD)
        self.publisher.all_ended([(ScriptedCall("Set", manager=self.device), {}, "OK", 0.1, 0.1)])
        self.clock.advance(PERIOD)
        self.assertEqual(self.item("device/heater").obtained, 0.0)
        self.assertEqual(self.item("device/heater").confirmed, 2 * PERIOD)

    def test_what_stands_beside_the_managers_is_believed_as_long_as_they_are(self) -> None:
        self.more = [Reading("road/lock", "me")]
        self.publisher.start()
        beside, heater = self.item("road/lock"), self.item("device/heater")
        self.assertEqual((beside.stale_after, heater.stale_after), (PERIOD * BEHIND,) * 2)

    def test_so_is_what_a_rule_marks_between_two_looks(self) -> None:
        marks: dict[str, object] = {}
        rules: Any = SimpleNamespace(
            look=lambda: None, seen=lambda item: replace(item, details={**item.details, **marks})
        )
        self.publisher.mark(rules)
        self.publisher.start()
        self.clock.advance(PERIOD / 2)
        marks["broken"] = "the line is hot"
        self.publisher.see_anew("device/heater")
        self.publisher.see_anew("device/nothing")
        self.assertEqual(self.item("device/heater").details, marks)
        self.clock.advance(PERIOD)
        item = self.item("device/heater")
        self.assertEqual((item.details, item.obtained), (marks, 0.0))

    def test_a_part_that_nothing_shows_has_no_path(self) -> None:
        self.publisher.start()
        for move, path in (
            (Move(self.line, "A"), "System/valve/A"),
            (Move(self.device, ""), "device/heater"),
            (Move(self.line, "Z"), ""),
            (Move(self.line, ""), ""),
            (Move(object(), "A"), ""),
        ):
            self.assertEqual(self.publisher.path_of(move), path)

    def test_what_is_found_again_is_the_same_item_and_only_its_confirmation_is_new(self) -> None:
        self.publisher.start()
        items = {path: self.item(path) for path in ("System/valve/A", "device/heater")}
        self.device.set("21", "me")
        self.clock.advance(PERIOD)
        self.assertTrue(self.stream.holds(items["System/valve/A"]))
        self.assertFalse(self.stream.holds(items["device/heater"]))
        self.assertEqual(self.item("System/valve/A").confirmed, PERIOD)

    def test_what_could_not_be_told_for_a_while_is_told_again_though_it_is_the_same(self) -> None:
        self.publisher.start()
        self.stream.invalidate("System", "the line")
        self.clock.advance(PERIOD)
        item = self.item("System/valve/A")
        self.assertEqual((item.severity, item.reason), (Severity.OK, ""))

    def test_details_that_a_manager_uses_again_are_seen_to_change(self) -> None:
        details = {"gain": 1}
        talkative = Talkative(1.0, [Reading("more", 3.0, details=details)])
        self.publisher.watch({"device/talkative": talkative})
        self.publisher.start()
        details["gain"] = 2
        self.clock.advance(PERIOD)
        self.assertEqual(self.item("device/talkative/more").details["gain"], 2)

    def test_a_manager_that_hangs_is_not_asked_again_and_its_items_turn_stale(self) -> None:
        self.publisher.start()
        self.waiting = []
        for _ in range(4):
            self.clock.advance(PERIOD)
        self.assertEqual(self.item("System/valve/A").reason, "stale")
        self.assertEqual(len(self.waiting), 2)
        self.waiting[0].callback("go")
        self.assertEqual(self.item("System/valve/A").severity, Severity.OK)

    def lost(self, *, asked: bool) -> Callable[[], bool]:
        """From a moment after a look on, nothing answers; whether it is ``asked`` at all."""
        self.publisher.start()
        self.clock.advance(0.001)
        self.waiting, self.asked = [], asked
        return lambda: self.item("System/valve/A").reason == "stale"

    def test_a_manager_that_is_asked_and_hangs_is_stale_within_two_seconds(self) -> None:
        is_stale = self.lost(asked=True)
        self.clock.pump([0.01] * 170)
        self.assertFalse(is_stale())
        self.clock.pump([0.01] * 25)
        self.assertTrue(is_stale())
        self.assertEqual(self.item("device/heater").reason, "stale")

    def test_whenever_it_hangs(self) -> None:
        """The source may be lost at any time between two looks: it never takes longer."""
        for part in range(10):
            self.setUp()
            self.publisher.start()
            self.clock.pump([PERIOD] * 3)
            self.clock.advance(part * PERIOD / 10)
            self.waiting, self.asked = [], True
            self.clock.pump([0.05] * 40)
            self.assertEqual(self.item("System/valve/A").reason, "stale", part)

    def test_one_that_is_busy_with_a_command_has_a_moment_more(self) -> None:
        is_stale = self.lost(asked=False)
        self.clock.pump([0.01] * 245)
        self.assertFalse(is_stale())
        self.clock.pump([0.01] * 10)
        self.assertTrue(is_stale())

    def slow(self, seconds: float, looks: int) -> set[str]:
        """The reasons of one that takes so long to answer."""
        self.takes, self.waiting, self.asked = seconds, [], True
        self.publisher.start()
        self.clock.advance(seconds)
        reasons: set[str] = set()
        for _ in range(round(20 * looks * (seconds + PERIOD))):
            self.clock.advance(0.05)
            reasons.add(self.item("System/valve/A").reason)
        return reasons

    def test_one_that_is_slow_and_fine_is_never_stale(self) -> None:
        for seconds in (0.9, 1.0, 1.3, 1.9, 3.4):
            self.setUp()
            self.assertEqual(self.slow(seconds, looks=8), {""}, seconds)
            self.assertGreater(self.looks, 10, seconds)

    def test_one_that_is_slow_and_lost_has_a_period_more_for_each_that_it_takes(self) -> None:
        self.slow(1.3, looks=8)
        self.takes = 0.0
        self.clock.pump([0.05] * 2 * 60)
        answered = self.item("System/valve/A").confirmed
        self.assertEqual(self.item("System/valve/A").reason, "stale")
        self.assertAlmostEqual(self.recorder.changes[-1].at - answered, 2.8, delta=0.1)

    def test_a_drawing_stands_though_the_hardware_is_lost(self) -> None:
        self.publisher.draw(laid_out(["bone"], {"A": None}))
        is_stale = self.lost(asked=True)
        self.clock.advance(2 * PERIOD)
        self.assertTrue(is_stale())
        self.assertEqual(self.item("System/schematic").severity, Severity.OK)

    def test_a_look_that_fails_makes_all_of_the_manager_invalid(self) -> None:
        self.publisher.start()
        self.waiting = []
        self.clock.advance(PERIOD)
        self.waiting[0].errback(DeviceConnectionError("the line"))
        self.assertIn("the line", self.item("System/valve/A").reason)
        self.assertEqual(self.item("device/heater").severity, Severity.OK)

    def test_nothing_is_read_after_the_stop(self) -> None:
        self.publisher.start()
        self.publisher.stop()
        self.publisher.stop()
        looks = self.looks
        late: Any = ScriptedCall("Open")
        late.moves = (Move(self.line, "A", True),)
        self.publisher.all_ended([(late, {}, "OK", 0.25, 0.25)])
        self.clock.advance(10)
        self.assertEqual(self.looks, looks)


class CommandTests(PublisherCase):
    def setUp(self) -> None:
        super().setUp()
        self.publisher.start()
        self.move = (Move(self.line, "A", True),)

    def goes_on(self, moves: Any) -> Any:
        call = self.call(moves)
        self.publisher.goes_on(call)
        return call

    def ended(self, moves: Any, call: Any = None) -> None:
        self.publisher.all_ended([(call or self.call(moves), {}, "OK", 0.25, 0.25)])
        self.clock.advance(SOON)

    def call(self, moves: Any) -> Any:
        call = ScriptedCall("Open")
        call.moves = moves
        return call

    def test_what_is_beside_the_managers_is_told_and_taken_back(self) -> None:
        self.more = [Reading("lease/CO2", "10.0.0.7")]
        self.ended(self.move)
        self.assertEqual(self.item("lease/CO2").value, "10.0.0.7")
        self.more = []
        self.clock.advance(PERIOD)
        self.assertIsNone(self.stream.get("lease/CO2"))
        gone = self.recorder.changes[-1].what
        assert isinstance(gone, Item)
        self.assertTrue(gone.is_gone)

    def test_a_drawing_is_told_and_never_stale(self) -> None:
        self.publisher.draw(laid_out(["bone"], {"A": None}))
        self.clock.advance(100)
        self.assertEqual(self.item("System/schematic").severity, Severity.OK)

    def test_a_valve_moves_from_the_beginning_of_its_command_to_its_end(self) -> None:
        call = self.goes_on(self.move)
        item = self.item("System/valve/A")
        self.assertEqual(
            (item.value, item.details["moving"], item.details["target"]), (False, True, True)
        )
        opening = self.line.open_valve("A", "me")
        assert opening is not None
        opening.addCallback(lambda _: self.ended(self.move, call))
        self.clock.advance(0.2)
        item = self.item("System/valve/A")
        self.assertEqual((item.value, item.details["moving"]), (True, False))

    def test_a_look_meanwhile_does_not_end_the_move(self) -> None:
        self.goes_on(self.move)
        self.clock.advance(PERIOD)
        self.assertTrue(self.item("System/valve/A").details["moving"])

    def test_two_commands_on_one_valve_move_it_until_both_have_ended(self) -> None:
        closing = (Move(self.line, "A", False),)
        opens, closes = self.goes_on(self.move), self.goes_on(closing)
        self.ended(self.move, opens)
        self.assertTrue(self.item("System/valve/A").details["moving"])
        self.ended(closing, closes)
        self.assertFalse(self.item("System/valve/A").details["moving"])

    def test_two_that_end_in_one_moment_leave_it_at_rest(self) -> None:
        calls = [self.goes_on(self.move), self.goes_on(self.move)]
        self.publisher.all_ended([(call, {}, "OK", 0.25, 0.25) for call in calls])
        self.clock.advance(SOON)
        self.assertFalse(self.item("System/valve/A").details["moving"])

    def test_one_that_never_began_ends_no_other_ones_move(self) -> None:
        opens = self.goes_on(self.move)
        self.ended(self.move)
        self.assertTrue(self.item("System/valve/A").details["moving"])
        self.ended(self.move, opens)
        self.assertFalse(self.item("System/valve/A").details["moving"])

    def test_a_valve_that_stands_other_than_it_was_told_is_serious(self) -> None:
        self.line.open_valve("A", "me")
        self.ended(self.move)
        item = self.item("System/valve/A")
        self.assertEqual(item.severity, Severity.MAJOR)
        self.assertEqual(item.reason, "it was told open, and says closed")

    def test_what_was_read_before_the_end_is_read_again(self) -> None:
        self.waiting = []
        self.clock.advance(PERIOD)
        self.ended(self.move)
        self.assertEqual(len(self.waiting), 2)
        self.waiting[0].callback("go")
        self.assertEqual(len(self.waiting), 3)

    def test_a_device_that_is_set_moves_as_a_whole(self) -> None:
        self.goes_on((Move(self.device, "", 25.0),))
        item = self.item("device/heater")
        self.assertEqual((item.details["moving"], item.details["target"]), (True, 25.0))

    def test_each_manager_is_whose_commands_end_together(self) -> None:
        looks, calls = self.looks, (self.call(self.move), self.call((Move(self.device, "", 25.0),)))
        self.publisher.all_ended([(call, {}, "OK", 0.0, 0.0) for call in calls])
        self.clock.advance(SOON)
        self.assertEqual(self.looks, looks + 2)

    def test_however_many_commands_end_a_manager_is_looked_at_once_in_a_while(self) -> None:
        self.looks = 0
        for _ in range(10):
            for _ in range(20):
                self.publisher.all_ended([(self.call(self.move), {}, "OK", 0.0, 0.0)] * 2)
            self.clock.advance(SOON / 20)
        self.assertEqual(self.looks, 0)
        self.clock.advance(SOON)
        self.assertEqual(self.looks, 1)

    def test_what_is_not_watched_does_no_harm(self) -> None:
        for act in (self.goes_on, self.ended):
            act((Move(object(), "A"), Move(self.line, "no such")))
