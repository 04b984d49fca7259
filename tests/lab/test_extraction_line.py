"""The simulated extraction line: what its valves do, and when."""

from __future__ import annotations

from twisted.internet.defer import CancelledError, Deferred
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase
from zope.interface.verify import verifyObject

from pychron_comms import errors
from pychron_comms.interfaces import (
    IExtractionLineManager,
    IReactorManager,
    ITellsSomeValves,
    PipetteCount,
    ValveStatus,
)
from pychron_comms.lab.simulated.extraction_line.line import SimulatedExtractionLine, ValveSpec
from pychron_comms.lab.simulated.extraction_line.vacuum import Vacuum, Volume
from tests.instruments.case import InstrumentCase

ME = "10.0.0.1"


class LineTestCase(SynchronousTestCase):
    def setUp(self) -> None:
        self.clock = Clock()
        volumes = [Volume("bone", 1.0, 1.0, outgassing=0), Volume("ms", 1.0, 0.0, outgassing=0)]
        self.vacuum = Vacuum(self.clock, volumes, {"A": ("bone", "ms")})
        self.line = SimulatedExtractionLine(
            self.clock,
            [
                ValveSpec(name="A", joins=("bone", "ms")),
                ValveSpec(name="C", interlocks=("D",)),
                ValveSpec(name="D", interlocks=("C",), open=True),
                ValveSpec(name="E", locked=True, owner="10.0.0.7"),
                ValveSpec(name="F", owner="10.0.0.7", stuck=True),
                ValveSpec(name="G", stuck=True),
            ],
            self.vacuum,
            pipettes={"P1": "A", "P2": "D"},
            groups={"mine": ["A", "C"], "mixed": ["A", "F"]},
        )

    def move(self, method: str, name: str) -> Deferred[None]:
        moving = getattr(self.line, f"{method}_valve")(name, ME)
        self.assertIsInstance(moving, Deferred)
        return moving

    def moved(self, method: str, name: str) -> None:
        moving = self.move(method, name)
        self.clock.advance(0.15)
        self.successResultOf(moving)

    def refused(self, method: str, name: str, line: str, sender: str = ME) -> None:
        with self.assertRaises(errors.CommandError) as caught:
            getattr(self.line, f"{method}_valve")(name, sender)
        self.assertEqual(errors.error_line(caught.exception), line)

    def failed(self, moving: Deferred[None], line: str) -> None:
        failure = self.failureResultOf(moving, errors.ValveActuationError)
        self.assertEqual(errors.error_line(failure.value), line)


class MoveTests(LineTestCase):
    def test_it_is_an_extraction_line_that_never_blocks(self) -> None:
        self.assertTrue(verifyObject(IExtractionLineManager, self.line))
        self.assertTrue(IReactorManager.providedBy(self.line))
        self.assertTrue(verifyObject(ITellsSomeValves, self.line))

    def test_an_opening_ends_after_the_travel_and_the_indicator_agrees_at_once(self) -> None:
        moving = self.move("open", "A")
        seen: list[bool] = []
        moving.addCallback(lambda _: seen.append(self.line.get_indicator_state("A")))
        self.clock.advance(0.14)
        self.assertNoResult(moving)
        self.assertFalse(self.line.get_indicator_state("A"))
        self.assertTrue(self.line.get_valve_state("A"))
        self.clock.advance(0.01)
        self.assertEqual(seen, [True])

    def test_a_closing(self) -> None:
        self.moved("open", "A")
        moving = self.move("close", "A")
        self.assertTrue(self.line.get_indicator_state("A"))
        self.assertFalse(self.line.get_valve_state("A"))
        self.clock.advance(0.15)
        self.successResultOf(moving)
        self.assertFalse(self.line.get_indicator_state("A"))

    def test_a_valve_that_is_there_already_is_done_at_once(self) -> None:
        self.assertIsNone(self.line.close_valve("A", ME))
        self.assertIsNone(self.line.open_valve("D", ME))
        self.assertIsNone(self.line.close_valve("G", ME))
        self.assertEqual(self.clock.getDelayedCalls(), [])

    def test_the_same_move_twice_is_one_move(self) -> None:
        first = self.move("open", "A")
        self.clock.advance(0.1)
        second = self.move("open", "A")
        self.clock.advance(0.05)
        self.successResultOf(first)
        self.successResultOf(second)
        self.assertEqual(self.clock.getDelayedCalls(), [])

    def test_gas_flows_when_the_valve_has_moved(self) -> None:
        self.move("open", "A")
        self.clock.advance(0.1)
        self.assertEqual(self.vacuum.pressure("ms"), 0.0)
        self.clock.advance(0.1)
        self.assertEqual(self.vacuum.pressure("ms"), 0.5)

    def test_gas_flows_through_valves_that_are_open_at_first(self) -> None:
        spec = ValveSpec(name="A", joins=("bone", "ms"), open=True)
        SimulatedExtractionLine(self.clock, [spec], self.vacuum)
        self.assertEqual(self.vacuum.pressure("ms"), 0.5)


class SupersedeTests(LineTestCase):
    def test_a_close_fails_the_opening_and_goes_back_the_same_way(self) -> None:
        opening = self.move("open", "A")
        self.clock.advance(0.05)
        closing = self.move("close", "A")
        self.failed(opening, "ERROR 015 : Valve A failed to actuate open")
        self.clock.advance(0.04)
        self.assertNoResult(closing)
        self.clock.advance(0.02)
        self.successResultOf(closing)
        self.assertFalse(self.line.get_indicator_state("A"))
        self.assertEqual(self.line.get_pipette_count("P1"), 0)

    def test_every_asker_of_the_opening_is_told(self) -> None:
        openings = [self.move("open", "A") for _ in range(2)]
        self.move("close", "A")
        for opening in openings:
            self.failed(opening, "ERROR 015 : Valve A failed to actuate open")

    def test_two_closes_of_an_opening_valve(self) -> None:
        opening = self.move("open", "A")
        closings = [self.move("close", "A") for _ in range(2)]
        self.clock.advance(0)
        self.failed(opening, "ERROR 015 : Valve A failed to actuate open")
        for closing in closings:
            self.successResultOf(closing)

    def test_an_open_does_not_hinder_a_closing(self) -> None:
        self.moved("open", "A")
        closing = self.move("close", "A")
        self.refused("open", "A", "ERROR 015 : Valve A failed to actuate open")
        self.clock.advance(0.15)
        self.successResultOf(closing)
        self.moved("open", "A")

    def test_a_clock_that_is_set_back_makes_it_no_longer_than_the_travel(self) -> None:
        opening = self.move("open", "A")
        self.clock.rightNow = -50.0
        closing = self.move("close", "A")
        self.failed(opening, "ERROR 015 : Valve A failed to actuate open")
        self.clock.advance(0)
        self.successResultOf(closing)


class CancelTests(LineTestCase):
    def test_who_cancels_no_longer_waits_and_the_valve_moves_on(self) -> None:
        cancelled, waiting = self.move("open", "A"), self.move("open", "A")
        cancelled.cancel()
        self.failureResultOf(cancelled, CancelledError)
        self.assertNoResult(waiting)
        self.clock.advance(0.15)
        self.successResultOf(waiting)
        self.assertTrue(self.line.get_indicator_state("A"))

    def test_a_cancelled_opening_can_still_be_closed(self) -> None:
        opening = self.move("open", "A")
        opening.cancel()
        self.failureResultOf(opening, CancelledError)
        closing = self.move("close", "A")
        self.clock.advance(0.15)
        self.successResultOf(closing)
        self.assertFalse(self.line.get_indicator_state("A"))


class RefusalTests(LineTestCase):
    def test_unknown_valve(self) -> None:
        for method in ("open", "close"):
            said = "ERROR 005 : Z is not a registered valve name; GetValveStates lists them"
            self.refused(method, "Z", said)

    def test_a_software_lock_comes_before_an_owner(self) -> None:
        for method in ("open", "close"):
            self.refused(method, "E", "ERROR 014 : Valve E is software locked")

    def test_an_owner_comes_before_a_stuck_valve(self) -> None:
        for method in ("open", "close"):
            self.refused(method, "F", "ERROR 204 : F is owned by 10.0.0.7")

    def test_a_stuck_valve(self) -> None:
        self.refused("open", "G", "ERROR 015 : Valve G failed to actuate open")
        line = SimulatedExtractionLine(
            self.clock, [ValveSpec(name="S", stuck=True, open=True)], self.vacuum
        )
        with self.assertRaises(errors.ValveActuationError) as caught:
            line.close_valve("S", ME)
        self.assertEqual(caught.exception.details, ("S", "close"))

    def test_an_owner_may_move_its_valve_as_far_as_it_moves(self) -> None:
        self.refused("open", "F", "ERROR 015 : Valve F failed to actuate open", "10.0.0.7")

    def test_an_interlock_must_be_closed(self) -> None:
        self.refused("open", "C", "ERROR 015 : Valve C failed to actuate open")
        self.moved("close", "D")
        self.moved("open", "C")
        self.refused("open", "D", "ERROR 015 : Valve D failed to actuate open")

    def test_what_needs_no_hardware_is_foretold_as_it_is_refused(self) -> None:
        for name, method in (
            ("Z", "open"),
            ("E", "open"),
            ("E", "close"),
            ("F", "close"),
            ("C", "open"),
        ):
            with self.assertRaises(errors.CommandError) as caught:
                self.line.foretell_move(name, method == "open", ME)
            self.refused(method, name, errors.error_line(caught.exception))
        for name, opens, sender in (("A", True, ME), ("C", False, ME), ("F", True, "10.0.0.7")):
            self.line.foretell_move(name, opens, sender)

    def test_an_interlock_that_moves_is_not_closed(self) -> None:
        self.move("close", "D")
        self.refused("open", "C", "ERROR 015 : Valve C failed to actuate open")
        self.clock.advance(0.15)
        self.move("open", "D")
        self.refused("open", "C", "ERROR 015 : Valve C failed to actuate open")

    def test_an_interlock_hinders_no_closing(self) -> None:
        self.moved("close", "D")


class StateTests(LineTestCase):
    def test_every_valve_in_the_order_of_the_configuration(self) -> None:
        self.assertEqual(
            self.line.valves()[2:5],
            [
                ValveStatus("D", True, False, ""),
                ValveStatus("E", False, True, "10.0.0.7"),
                ValveStatus("F", False, False, "10.0.0.7"),
            ],
        )

    def test_of_some_valves_only_these_are_told_in_their_order(self) -> None:
        every = {valve.name: valve for valve in self.line.valves()}
        self.assertEqual(
            self.line.some_valves(["E", "none", "A", "E"]), [every["E"], every["A"], every["E"]]
        )

    def test_locks(self) -> None:
        self.assertTrue(self.line.get_software_lock("E"))
        self.assertTrue(self.line.get_manual_state("E"))
        self.assertFalse(self.line.get_manual_state("A"))

    def test_has_valve(self) -> None:
        self.assertTrue(self.line.has_valve("A"))
        self.assertFalse(self.line.has_valve("Z"))

    def test_asking_about_an_unknown_valve(self) -> None:
        for question in ("valve_state", "indicator_state", "software_lock", "manual_state"):
            self.assertRaises(errors.InvalidValveError, getattr(self.line, f"get_{question}"), "Z")


class PipetteTests(LineTestCase):
    def test_a_shot_is_an_opening_and_a_closing(self) -> None:
        self.moved("open", "A")
        self.assertEqual(self.line.get_pipette_count("P1"), 0)
        self.moved("close", "A")
        self.assertEqual(self.line.get_pipette_count("P1"), 1)
        self.assertEqual(
            self.line.get_pipette_counts(), [PipetteCount("P1", 1), PipetteCount("P2", 0)]
        )

    def test_an_unknown_pipette(self) -> None:
        with self.assertRaises(errors.InvalidArgumentsError) as caught:
            self.line.get_pipette_count("P9")
        self.assertEqual(
            errors.error_line(caught.exception),
            "ERROR 004 : invalid arguments: GetPipetteCount P9 "
            "(no such pipette; GetPipetteCounts lists them)",
        )


class GroupTests(LineTestCase):
    def owners(self, *names: str) -> list[str]:
        return [valve.owner for valve in self.line.valves() if valve.name in names]

    def test_claim_and_release(self) -> None:
        self.line.claim_group("mine", ME)
        self.line.claim_group("mine", ME)
        self.assertEqual(self.owners("A", "C"), [ME, ME])
        self.refused("open", "A", f"ERROR 204 : A is owned by {ME}", "10.0.0.2")
        self.moved("open", "A")
        self.line.release_group("mine", ME)
        self.line.release_group("mine", ME)
        self.assertEqual(self.owners("A", "C"), ["", ""])

    def test_a_group_of_which_another_owns_a_part_is_not_claimed_at_all(self) -> None:
        with self.assertRaises(errors.LeasedError) as caught:
            self.line.claim_group("mixed", ME)
        self.assertEqual(caught.exception.details, ("F", "10.0.0.7"))
        self.assertEqual(self.owners("A"), [""])

    def test_another_does_not_release(self) -> None:
        self.line.claim_group("mine", ME)
        self.assertRaises(errors.LeasedError, self.line.release_group, "mine", "10.0.0.2")

    def test_an_unknown_group(self) -> None:
        for method in (self.line.claim_group, self.line.release_group):
            self.assertRaises(errors.InvalidValveGroupError, method, "none", ME)


class RealValveTests(InstrumentCase):
    """``A`` is a valve of an instrument, which is told again what it has done."""

    def setUp(self) -> None:
        super().setUp()
        self.line = SimulatedExtractionLine(
            self.clock,
            [ValveSpec(name="A", item=self.item)],
            Vacuum(self.clock, [], {}),
            pipettes={"P1": "A"},
        )

    def move(self, method: str) -> None:
        moved = getattr(self.line, f"{method}_valve")("A", ME)
        self.pump()
        self.successResultOf(moved)

    def test_a_shot_is_counted_where_it_was_opened_before_it_closed(self) -> None:
        for method, shots in (
            ("close", 0),
            ("open", 0),
            ("open", 0),
            ("close", 1),
            ("close", 1),
            ("open", 1),
            ("close", 2),
        ):
            self.move(method)
            self.assertEqual(self.line.get_pipette_count("P1"), shots)
