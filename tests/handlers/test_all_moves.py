"""All commands of all types, each run: what really moved is what the command declares."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator, Mapping
from functools import cache
from types import SimpleNamespace
from typing import Any, NamedTuple

from twisted.internet.defer import maybeDeferred
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from pychron_comms.errors import CommandError
from pychron_comms.handlers.base import BaseHandler
from pychron_comms.handlers.command import CommandSpec, declared_commands
from pychron_comms.handlers.factories import own_factories
from pychron_comms.interfaces import Effect, ICall, InTerms, Move
from pychron_comms.lab.hardware import Hardware, hardware_from_config
from pychron_comms.processor.assembly import handlers_for
from pychron_comms.processor.settings import default_laboratory
from pychron_comms.qtegra.answers import carried
from pychron_comms.safeguards.overlap import may_be_one, overlap
from tests.handlers.hardware_state import moved_parts, state_of

ME = "10.0.0.1"

#: Arguments for every word that acts, of every type; those of one type only stand behind its name.
#: What must be done before, so that the hardware moves, stands before a bar.
SAMPLES: Mapping[str, str] = {
    **{"Set": "bakeout_setpoint 100", "Ping": "FooFlag"},
    **{"System Open": "V", "System Close": "Open V|V", "ClaimGroup": "inlet"},
    **{"ReleaseGroup": "ClaimGroup inlet|inlet", "PychronScript": "evacuate"},
    **{"StartRun": "a", "CompleteRun": "a", "StartMultRuns": "3", "CompleteMultRuns": "3"},
    **{"Enable": "", "Disable": "Enable|", "Prepare": "", "PrepareLaser": ""},
    **{"SetLaserPower": "Enable|5", "SetLaserOutput": "Enable|5 watts"},
    **{"DoPattern": "pa", "DoJog": "pa", "AbortPattern": "DoPattern pa|"},
    **{"AbortJog": "DoPattern pa|", "TracePath": "1 l1", "StopTrace": "TracePath 1 l1|"},
    **{"MachineVisionDegas": "Enable|10 5", "SetXY": "1,2", "SetX": "1", "SetY": "1", "SetZ": "1"},
    **{"StopDrive": "SetXY 9,9|", "SetDriveHome": "SetXY 9,9|", "SetHomeX": "SetX 1|"},
    **{"SetHomeY": "SetY 1|", "SetHomeZ": "SetZ 1|", "GoToHole": "5 1"},
    **{"GoToNamedPosition": "t1", "GoToPoint": "p1", "CancelAutoCorrecting": "GoToHole 5 1|"},
    **{"SetSampleHolder": "61-hole", "SetBeamDiameter": "2", "SetZoom": "10"},
    **{"SetMotor": "mask 5", "SetMotorLock": "mask 1", "SetLight": "10", "Snapshot": "a"},
    **{"StartVideoRecording": "a", "StopVideoRecording": "StartVideoRecording a|"},
    **{"AcquireGrainPolygonBlob": "", "StartMeasureGrainPolygon": ""},
    **{"StopMeasureGrainPolygon": "StartMeasureGrainPolygon|"},
    **{"GetGrainPolygonBlob": "AcquireGrainPolygonBlob|", "Fire": "Enable|burst"},
    **{"SetNBurst": "3", "SetReprate": "20", "SetIntegrationTime": "2"},
    **{"ProtectDetector": "CDD,On", "SetDeflection": "H1,100", "SetGain": "H1,1.5"},
    **{"ActivateIonCounter": "DeactivateIonCounter CDD|CDD", "DeactivateIonCounter": "CDD"},
    **{"SetIonCounterVoltage": "1700", "ActivateCupConfiguration": "Argon Sub1"},
    **{"SetParameter": "Trap Current Set,200", "Spectrometer Open": "Ion Pump Set"},
    **{"Spectrometer Close": "Open Ion Pump Set|Ion Pump Set"},
    **{"SetTuningSettings": "low_emission", "SetHighVoltage": "3000", "SetHV": "3000"},
    **{"BlankBeam": "True", "SetMagnetDAC": "7", "SetMass": "40", "Qtegra": "SetHV 3000"},
}

#: Further ways to move a part, of every type where they are known, beside the samples.
OTHER_WAYS = """\
System|Open FooFlag
System|Open FooFlag|Close FooFlag
Hardware|Set FooFlag 1
CO2|Set FooFlag 1
CO2|SetLaserPower 0
UV|Enable|Fire continuous
CO2|SetMotor beam 3
CO2|SetMotor zoom 5
Spectrometer|SetParameter Field Set,3.0
Spectrometer|Open Field Set
Spectrometer|SetParameter Y-Symmetry Set,-50
Spectrometer|BlankBeam True|BlankBeam False
Spectrometer|SetParameter Deflection H1 Set,7
Spectrometer|ProtectDetector H1,On
Spectrometer|SetParameter CDD Supply Set,9
Spectrometer|SetParameter Acceleration Reference Set,3
Spectrometer|SetIonCounterVoltage 5|SetTuningSettings low_emission"""

#: Lines that move one part to one value.
SAME = (
    ("Hardware|Set bakeout_setpoint 100", "CO2|Set bakeout_setpoint 1e2"),
    ("System|Open FooFlag", "UV|Set FooFlag 1.0"),
    ("System|Close FooFlag", "Spectrometer|Set FooFlag 0"),
    ("System|Open A", 'Extractionline|{"command": "Open", "value": "A"}'),
    ("CO2|SetXY 1,2", 'CO2|{"command": "SetXY", "y": "2.0", "x": 1}'),
    ("CO2|SetLaserPower 5", "CO2|SetLaserOutput 5.0 Percent"),
    ("CO2|SetLaserPower 0", "CO2|SetLaserOutput 0 watts"),
    ("CO2|SetBeamDiameter 2", "CO2|SetMotor beam 2.0"),
    ("CO2|SetZoom 5", 'CO2|{"command": "SetMotor", "motor": "zoom", "value": 5}'),
    ("CO2|DoPattern pa", "CO2|DoJog pa"),
    ("CO2|DoPattern pa", "CO2|DoPattern pa.lp"),
    ("CO2|GoToHole 5", "CO2|GoToHole 5.0 1"),
    ("Spectrometer|SetHV 3000", "Spectrometer|SetHighVoltage 3000.0"),
    ("Spectrometer|SetHV 3000", "Spectrometer|SetParameter Acceleration Reference Set,3"),
    ("Spectrometer|SetMagnetDAC 3", "Spectrometer|SetParameter Field Set,3.0"),
    ("Spectrometer|SetDeflection H1,7", "Spectrometer|SetParameter Deflection H1 Set,7"),
    ("Spectrometer|SetIonCounterVoltage 9", "Spectrometer|SetParameter CDD Supply Set,9"),
    ("Spectrometer|Open Ion Pump Set", "Spectrometer|SetParameter Ion Pump Set,1"),
    ("Spectrometer|SetHV 3000", "Spectrometer|Qtegra SetHV 3,000"),
    ("Spectrometer|SetMass 39", "Spectrometer|Qtegra SetMass 39,AX"),
    ("Spectrometer|SetMagnetDAC 3", "Spectrometer|Qtegra SetParameter  Field  Set ,3"),
    ("Spectrometer|SetDeflection H1,7", "Spectrometer|Qtegra SetDeflection H1 ,7"),
    ("Spectrometer|SetDeflection H1,7", "Spectrometer|Qtegra SetParameter Deflection H1  Set ,7"),
    ("Spectrometer|BlankBeam true", "Spectrometer|Qtegra BlankBeam tRUE"),
)


class Laboratory:
    """The built-in laboratory and its handlers, on a clock of its own."""

    def __init__(self) -> None:
        self.clock = Clock()
        lock = SimpleNamespace(lock=lambda sender: None, unlock=lambda sender: None)
        guards: Any = SimpleNamespace(system_lock=lock)
        table = default_laboratory()
        self.hardware: Hardware = hardware_from_config(
            table, self.clock, guards, self.clock.seconds
        )
        self.handlers = handlers_for(self.hardware, own_factories())
        self.clock.advance(5)

    def call(self, line: str) -> ICall:
        request_type, _, command = line.partition("|")
        return self.handlers[request_type].prepare(command, ME)

    def run(self, line: str) -> ICall:
        """Run it to its end, or half a second of it."""
        call = self.call(line)
        handler = self.handlers[line.partition("|")[0]]
        maybeDeferred(handler.handle, call).addErrback(lambda failure: failure.trap(CommandError))
        self.clock.pump([0.1] * 5)
        return call

    def names(self) -> dict[int, str]:
        """The names of managers and devices, by their identities."""
        owners = {**self.hardware._managers, **self.hardware._devices}
        return {id(owner): name for name, owner in owners.items()}

    def moves(self, line: str) -> tuple[Move, ...]:
        return self.call(line).moves

    def really_moved(self, line: str) -> tuple[tuple[Move, ...], set[tuple[int, str]]]:
        """What a line declares to move, and what it moves."""
        before = state_of(self.hardware)
        call = self.run(line)
        return call.moves, moved_parts(before, state_of(self.hardware))


def acting() -> Iterator[tuple[str, str, CommandSpec]]:
    """Each word of each type that acts on hardware."""
    for request_type, handler in Laboratory().handlers.items():
        if isinstance(handler, BaseHandler):
            for word, spec in declared_commands(type(handler)).items():
                touches = spec.manager.__name__ != "no_manager"
                if spec.effect is not Effect.READ and touches:
                    yield request_type, word, spec


def lines() -> Iterator[tuple[str, str]]:
    """What is to be done before, and a line of each word of each type that has what it moves."""
    laboratory = Laboratory()
    for first, line in all_lines():
        try:
            laboratory.call(line)
        except CommandError:
            # Not each laser has a beam motor, or a second holder.
            continue
        yield first, line


def all_lines() -> Iterator[tuple[str, str]]:
    for request_type, word, _ in acting():
        known = "System" if request_type == "Extractionline" else request_type
        sample = SAMPLES.get(f"{known} {word}") or SAMPLES[word]
        before, bar, arguments = sample.rpartition("|")
        first = f"{request_type}|{before}" if bar else ""
        yield first, f"{request_type}|{word} {arguments}".rstrip()
    for way in OTHER_WAYS.splitlines():
        request_type, *before, command = way.split("|")
        yield "|".join([request_type, *before]) if before else "", f"{request_type}|{command}"


class Ran(NamedTuple):
    """A line that was run: what it declares to move, and what moved, by names."""

    line: str
    declared: tuple[Move, ...]
    moved: set[tuple[str, str]]


@cache
def all_ran() -> list[Ran]:
    """Every line, each on hardware of its own."""
    ran = []
    for first, line in lines():
        laboratory = Laboratory()
        if first:
            laboratory.run(first)
        names = laboratory.names()
        declared, moved = laboratory.really_moved(line)
        declared = tuple(move._replace(manager=names[id(move.manager)]) for move in declared)
        ran.append(Ran(line, declared, {(names[manager], part) for manager, part in moved}))
    return ran


class DeclaredMovesTests(SynchronousTestCase):
    def test_every_command_declares_what_it_moves(self) -> None:
        for line, declared, moved in all_ran():
            for manager, part in moved:
                self.assertTrue(
                    any(
                        each.manager == manager and overlap(each.target, part) for each in declared
                    ),
                    msg=f"{line} moved {part} of {manager}, and declares {declared}",
                )

    def test_every_command_moves_something(self) -> None:
        """But those that leave no trace in the simulated laboratory beside what is told of them."""
        still, moving = set[str](), set[str]()
        for line, _, moved in all_ran():
            (moving if moved else still).add(line.partition("|")[2])
        told = {"StartRun a", "CompleteRun a", "StartMultRuns 3", "CompleteMultRuns 3"}
        untouched = {"Ping FooFlag", "Snapshot a", "SetLaserPower 0"}
        self.assertEqual(still - moving, told | untouched)
        self.assertEqual({line.partition("|")[2] for _, line in all_lines()}, still | moving)

    def test_two_ways_to_move_a_part_name_the_same_part(self) -> None:
        ways: dict[tuple[str, str], list[Ran]] = {}
        for each in all_ran():
            for part in each.moved:
                ways.setdefault(part, []).append(each)
        for part, several in ways.items():
            for one, other in itertools.combinations(several, 2):
                pairs = itertools.product(one.declared, other.declared)
                self.assertTrue(
                    any(a.manager == b.manager and overlap(a.target, b.target) for a, b in pairs),
                    msg=f"{one.line} and {other.line} move {part}",
                )

    def test_what_says_the_same_moves_the_same_to_the_same(self) -> None:
        laboratory = Laboratory()
        for one, other in SAME:
            self.assertEqual(laboratory.moves(one), laboratory.moves(other), msg=(one, other))

    def test_json_says_the_same(self) -> None:
        laboratory = Laboratory()
        for _, line in lines():
            call: Any = laboratory.call(line)
            request_type = line.partition("|")[0]
            if call.name == "Qtegra" or not hasattr(call, "values"):
                continue
            fields = {"command": call.name, **call.values}
            again = laboratory.moves(f"{request_type}|{json.dumps(fields)}")
            self.assertEqual(again, call.moves, msg=line)

    def test_a_line_of_qtegras_moves_what_its_command_does(self) -> None:
        laboratory = Laboratory()
        for _, line in lines():
            request_type, _, command = line.partition("|")
            word = command.partition(" ")[0]
            if request_type == "Spectrometer" and word not in {"Set", "Ping", "Qtegra"}:
                self.assertEqual(
                    laboratory.moves(f"Spectrometer|{carried(command)}"),
                    laboratory.moves(line),
                    msg=line,
                )

    def test_reads_move_nothing(self) -> None:
        laboratory = Laboratory()
        for line in ("System|GetValveState A", "CO2|GetPosition", "Spectrometer|Qtegra GetHV"):
            self.assertEqual(laboratory.moves(line), ())

    def test_every_move_of_a_rule_meets_that_of_its_own_command(self) -> None:
        laboratory = Laboratory()
        for _, line in lines():
            request_type, _, command = line.partition("|")
            handler = laboratory.handlers[request_type]
            assert isinstance(handler, BaseHandler)
            call = laboratory.call(line)
            for text in (command, command.partition(" ")[0]):
                if call.safe or (text in {"Open", "Close", "Set", "Ping"}):
                    continue
                rule = handler.moves_of(text)
                self.assertTrue(
                    any(may_be_one(*pair) for pair in itertools.product(rule, call.moves)),
                    msg=(text, rule, call.moves),
                )


class ValueTests(SynchronousTestCase):
    """What a few commands say exactly."""

    def test_parts_and_values(self) -> None:
        laboratory = Laboratory()
        for line, expected in (
            ("System|Open A", [("A", True)]),
            ("System|Close A", [("A", False)]),
            ("System|Set bakeout_setpoint 100", [("", 100.0)]),
            ("System|Set message 100", [("", "100")]),
            ("CO2|TracePath 1 l1", [("stage", InTerms("path", "l1")), ("output/power", None)]),
            ("CO2|SetLaserOutput 5 watts", [("output/power", InTerms("watts", 5.0))]),
            ("CO2|Disable", [("output", None)]),
            ("UV|Fire stop", [("output", False)]),
            ("Spectrometer|SetMass 39,H1", [("magnet", InTerms("mass", 39.0))]),
            ("Spectrometer|SetHV 3000", [("Acceleration Reference Set", 3.0)]),
        ):
            moves = [(move.target, move.value) for move in laboratory.moves(line)]
            self.assertEqual(moves, expected, msg=line)
