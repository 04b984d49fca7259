"""What is told of each kind of manager, under which name, and in which unit."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from twisted.internet.defer import Deferred, succeed
from twisted.trial.unittest import SynchronousTestCase
from zope.interface import Interface, directlyProvides

from pychron_comms.interfaces import (
    IChiller,
    IExtractionLineManager,
    IKnowsInterlocks,
    ILaserManager,
    ISpectrometer,
    Part,
    Position,
    Reading,
    Severity,
    Source,
    ValveStatus,
)
from pychron_comms.processor.state.assembly import lease_readings, lock_readings
from pychron_comms.processor.state.readings import read
from pychron_comms.safeguards.system_lock import SystemLock


def manager(*provided: type[Interface], **methods: Any) -> Any:
    """One that answers so; an exception is raised."""

    def answering(answer: Any) -> Any:
        def method(*arguments: object) -> Any:
            if isinstance(answer, Exception):
                raise answer
            return answer(*arguments) if callable(answer) else answer

        return method

    made = SimpleNamespace(**{name: answering(answer) for name, answer in methods.items()})
    directlyProvides(made, *provided)
    return made


def laser(**other: Any) -> Any:
    answers = {
        "is_enabled": True,
        "get_error": "too hot",
        "read_laser_power": 1.5,
        "get_achieved_output": 2.5,
        "get_pyrometer_temperature": 800.0,
        "get_position": Position(1.0, 2.0, 3.0),
        # Of no axis alone.
        "is_moving": lambda axis: axis != "",
        "get_sample_holder": "221-hole",
        "is_patterning": False,
    }
    return manager(ILaserManager, **(answers | other))


class ReadingsCase(SynchronousTestCase):
    def read(self, manager: object) -> dict[str, Reading]:
        result: Any = read(manager)
        if hasattr(result, "__await__"):
            result = self.successResultOf(Deferred.fromCoroutine(result))
        return {reading.path: reading for reading in result}

    def values(self, manager: object) -> dict[str, Any]:
        told = self.read(manager)
        return {path: (reading.value, reading.unit) for path, reading in told.items()}


class LaserTests(ReadingsCase):
    def test_each_answer_is_told_by_name_and_unit(self) -> None:
        expected = {
            "enabled": (True, ""),
            "error": ("too hot", ""),
            "power": (1.5, "W"),
            "output": (2.5, ""),
            "temperature": (800.0, "C"),
            "position": ([1.0, 2.0, 3.0], "mm"),
            "moving": (False, ""),
            "holder": ("221-hole", ""),
            "patterning": (False, ""),
        }
        self.assertEqual(self.values(laser()), expected)
        later = {
            name: (lambda answer=answer: succeed(answer))
            for name, answer in (("read_laser_power", 1.5), ("is_enabled", True))
        }
        self.assertEqual(self.values(laser(**later)), expected)

    def test_no_error_is_an_empty_one_now_and_later(self) -> None:
        for none in (None, lambda: succeed(None)):
            self.assertEqual(self.values(laser(get_error=none))["error"], ("", ""))
        later = self.values(laser(get_error=lambda: succeed("no water")))
        self.assertEqual(later["error"], ("no water", ""))

    def test_what_cannot_be_read_costs_nothing_else(self) -> None:
        told = self.read(laser(read_laser_power=ValueError("no head")))
        self.assertEqual((told["power"].severity, told["power"].unit), (Severity.INVALID, "W"))
        self.assertEqual(told["power"].reason, "no head")
        self.assertEqual(told["output"].severity, Severity.OK)


class LineTests(ReadingsCase):
    def line(self, *provided: type[Interface], **other: Any) -> Any:
        valves = [ValveStatus("A", True, True, "10.0.0.5"), ValveStatus("B", None, False, "")]
        answers: dict[str, Any] = {
            "valves": valves,
            "get_pipette_counts": [("P", 3)],
            "get_valve_state": False,
            "hindering": lambda name: ("B is open",) if name == "A" else (),
        }
        return manager(IExtractionLineManager, *provided, **(answers | other))

    def test_a_value_that_is_none_is_not_told_and_why(self) -> None:
        for said, why in (
            (float("nan"), "it says nan"),
            (float("-inf"), "it says -inf"),
            (None, "it cannot be told"),
        ):
            for answer in (said, succeed(said)):
                told = self.read(laser(read_laser_power=answer))["power"]
                self.assertEqual(
                    (told.value, told.severity, told.reason), (None, Severity.INVALID, why)
                )

    def test_a_valve_is_told_with_what_belongs_to_it(self) -> None:
        reading = self.read(self.line(IKnowsInterlocks))["valve/A"]
        self.assertEqual((reading.value, reading.source), (True, Source.INDICATOR))
        self.assertEqual(
            reading.details,
            {"target": False, "locked": True, "owner": "10.0.0.5", "interlocks": ["B is open"]},
        )

    def test_one_whose_state_comes_later_is_taken_for_as_it_is(self) -> None:
        told = self.read(self.line(get_valve_state=lambda name: Deferred()))
        self.assertEqual([told[f"valve/{name}"].details["target"] for name in "AB"], [True, None])
        self.assertEqual(told["valve/A"].details["interlocks"], [])
        self.assertEqual(told["valve/B"].severity, Severity.INVALID)

    def test_shots_are_told_where_they_are_known_at_once(self) -> None:
        self.assertEqual(self.values(self.line())["pipette/P"], (3, "shots"))
        later = self.line(get_pipette_counts=Deferred)
        self.assertNotIn("pipette/P", self.read(later))


class OtherKindsTests(ReadingsCase):
    def test_a_spectrometer(self) -> None:
        answers = {"get_integration_time": 1.05, "is_magnet_moving": True}
        told = self.values(manager(ISpectrometer, get_intensities=[("H1", 6.5)], **answers))
        self.assertEqual(
            told,
            {
                "detector/H1": (6.5, ""),
                "integration_time": (1.05, "s"),
                "magnet_moving": (True, ""),
            },
        )
        later = manager(ISpectrometer, get_intensities=Deferred, **answers)
        self.assertEqual(set(self.read(later)), {"integration_time", "magnet_moving"})

    def test_the_faults_of_a_chiller_are_bad_where_there_are_any(self) -> None:
        for faults, severity, reason in (
            ((), Severity.OK, ""),
            (("low flow", "hot"), Severity.MAJOR, "low flow, hot"),
        ):
            reading = self.read(manager(IChiller, get=12.0, get_faults=faults))["faults"]
            self.assertEqual(reading.value, list(faults))
            self.assertEqual((reading.severity, reading.reason), (severity, reason))


class LeaseReadingsTests(SynchronousTestCase):
    def test_who_has_the_system_lock_while_somebody_has(self) -> None:
        lock = SystemLock({"mass spec": "10.0.0.1"}, lambda: 3.45678)
        self.assertEqual(list(lock_readings(lock)), [])
        lock.lock("10.0.0.1")
        details = {"address": "10.0.0.1", "since": 3.457}
        self.assertEqual(
            list(lock_readings(lock)), [Reading("road/lock", "mass spec", details=details)]
        )

    def test_leases_and_parts_that_could_not_be_made_safe(self) -> None:
        part = Part("System:A", object(), "A")
        leases: Any = manager(leases=[SimpleNamespace(part=part, owner="co2-pc", until=12.34567)])
        trouble = SimpleNamespace(part=part, since=3.45678, why="a lapse", error="no air")
        unsafe: Any = manager(troubles=[trouble])
        self.assertEqual(
            list(lease_readings(leases, unsafe)),
            [
                Reading(
                    "unsafe/System:A",
                    True,
                    severity=Severity.MAJOR,
                    reason="not made safe after a lapse: no air",
                    details={"since": 3.457, "part": "A"},
                ),
                Reading("lease/System:A", "co2-pc", details={"until": 12.346, "lease_of": "A"}),
            ],
        )
