"""Set points that go to their target in steps."""

from __future__ import annotations

from twisted.internet.defer import Deferred

from pychron_comms.config.table import ConfigError
from pychron_comms.errors import DeviceConnectionError, InvalidArgumentsError, NoResponseError
from pychron_comms.instruments.device import InstrumentDevice
from pychron_comms.interfaces import Reading, Severity, Source
from tests.instruments.case import InstrumentCase, described
from tests.instruments.test_bound_item import LOOP

OFF = """
[item.loop.do.off]
send = "OFF"
take = "OK"
"""
PACE = LOOP.replace("maximum = 1000", "maximum = 1000\n%s") + OFF


class PaceCase(InstrumentCase):
    item_name = "loop"
    parameters = {}  # noqa: RUF012

    def setUp(self) -> None:
        super().setUp()
        self.device = InstrumentDevice("furnace", self.item)

    def set(self, value: str) -> Deferred[None]:
        done = Deferred.fromCoroutine(self.device.set(value, "10.0.0.5"))
        self.pump(0.2)
        return done

    def target(self) -> Reading:
        return next(each for each in self.device.readings() if each.path == "target")

    def points(self) -> list[str]:
        """The set points that were sent."""
        sent = [each.decode().strip() for each in self.wire.sent]
        return [each.removeprefix("SP ") for each in sent if each.startswith("SP ")]


class RampTests(PaceCase):
    text = PACE % "ramp = 600"

    def test_it_goes_no_faster_than_it_may(self) -> None:
        self.successResultOf(self.set("35"))
        self.assertEqual(self.points(), ["10.0"])
        target = self.target()
        self.assertEqual((target.value, target.source), (35.0, Source.COMMANDED))
        self.pump(1.0)
        self.assertEqual(self.points(), ["10.0", "20.0"])
        self.pump(5.0)
        self.assertEqual(self.points(), ["10.0", "20.0", "30.0", "35.0"])
        self.assertEqual(self.target().value, 35.0)
        self.assertEqual(self.clock.calls, [])

    def test_down_as_well_as_up(self) -> None:
        self.put("setpoint", 30)
        self.set("15")
        self.pump(3.0)
        self.assertEqual(self.points(), ["20.0", "15.0"])

    def test_a_near_one_is_there_at_once(self) -> None:
        self.successResultOf(self.set("5"))
        self.assertEqual(self.points(), ["5.0"])
        self.assertEqual(self.clock.calls, [])

    def test_another_target_takes_its_place(self) -> None:
        self.set("100")
        self.set("0")
        self.pump(5.0)
        self.assertEqual(self.points(), ["10.0", "0.0"])

    def test_what_makes_safe_ends_it(self) -> None:
        self.set("100")
        self.successResultOf(self.set("off"))
        self.pump(3.0)
        self.assertEqual(self.points(), ["10.0"])
        self.assertEqual(self.now("setpoint"), 0)
        self.assertEqual(self.target().value, 0)

    def test_one_that_is_made_safe_before_its_first_step_takes_none(self) -> None:
        self.put("setpoint", 30)
        begun = Deferred.fromCoroutine(self.device.set("100", "10.0.0.5"))
        self.successResultOf(self.set("off"))
        self.failureResultOf(begun, NoResponseError)
        self.pump(3.0)
        self.assertEqual(self.points(), [])
        self.assertEqual(self.target().value, 0)

    def test_a_step_that_fails_ends_it_where_it_is(self) -> None:
        self.set("100")
        self.bus.disconnected("unplugged")
        self.pump(5.0)
        self.bus.connected(self.wire)
        self.pump(5.0)
        self.assertEqual(self.points(), ["10.0"])
        target = self.target()
        self.assertIs(target.severity, Severity.MAJOR)
        self.assertIn("the ramp to 100 ended at 10: unplugged", target.reason)

    def test_where_it_stands_must_be_known(self) -> None:
        self.wire.silent = True
        done = self.set("100")
        self.pump(2.0)
        self.failureResultOf(done, DeviceConnectionError)
        self.assertEqual(self.points(), [])

    def test_who_does_not_own_it_any_more_sends_no_step(self) -> None:
        self.set("100")
        self.fenced = "it stands by"
        self.pump(5.0)
        self.assertEqual(self.points(), ["10.0"])
        self.assertIn("it stands by", self.target().reason)

    def test_the_end_of_the_process_ends_it(self) -> None:
        self.set("100")
        self.item.stop()
        self.pump(5.0)
        self.assertEqual(self.points(), ["10.0"])


class SlowRampTests(PaceCase):
    text = PACE % "ramp = 1.5"

    def test_steps_are_as_fine_as_can_be_seen(self) -> None:
        self.successResultOf(self.set("1"))
        self.pump(20.0)
        self.assertEqual(self.points(), ["0.1", "0.2", "0.3", "0.4", "0.5"])


class StepTests(PaceCase):
    text = PACE % "step = 200"

    def test_no_more_at_once(self) -> None:
        error = self.failureResultOf(self.set("201"), InvalidArgumentsError)
        self.assertIn("must be within 200 of 0, where it stands", error.getErrorMessage())
        self.assertEqual(self.points(), [])
        self.successResultOf(self.set("200"))
        self.successResultOf(self.set("350"))
        self.assertEqual(self.points(), ["200.0", "350.0"])

    def test_what_makes_safe_is_no_step(self) -> None:
        self.put("setpoint", 900)
        self.successResultOf(self.set("off"))


class DescribedTests(InstrumentCase):
    def test_what_cannot_be(self) -> None:
        for key, old, new, said in (
            ("ramp = 10", "within = 0.1", "within = 0", "as fine as verify.within"),
            ("ramp = 0", "", "", "a number above 0"),
            (
                "step = 10",
                'verify = { reading = "setpoint", within = 0.1 }',
                "verify = {}",
                "shows",
            ),
        ):
            text = (PACE % key).replace(old, new) if old else PACE % key
            self.assertIn(said, str(self.assertRaises(ConfigError, described, text)))
