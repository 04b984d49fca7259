"""Every refusal of an argument says why, and what ``Check`` accepts is accepted."""

from __future__ import annotations

import re
from collections.abc import Iterator

from twisted.trial.unittest import SynchronousTestCase

from pychron_comms.errors import CommandError, InvalidArgumentsError, error_line
from pychron_comms.handlers.base import BaseHandler
from pychron_comms.handlers.command import declared_commands
from tests.guarded_laboratory import LaboratoryCase
from tests.handlers.test_all_moves import Laboratory

#: Missing, surplus and wrong arguments, and names of nothing.
WRONG = (
    *("", " Nope", " Nope Nope", " 1 2 3 4 5", " Nope,Nope,Nope,Nope", " nan", " -1", " 1e9"),
    *(" 99999", " ''", ' "', " A 1e9", " FooFlag high", " H1,x", " 1,Nope", " mask,x"),
)

#: As JSON: a field that is none, one of the wrong kind, one twice by two of its names.
FIELDS = ('"nope": 1', '"name": [1]', '"value": {}', '"value": null', '"name": 1, "value": 1')

# A text in parentheses that ends the line, or what stands behind a semicolon.
_REASON = re.compile(r"ERROR 004 : invalid arguments: .*(\(.+\)|; .+)", re.DOTALL)


def wrong_lines() -> Iterator[tuple[BaseHandler, str]]:
    """Each of these behind every word of every type."""
    handlers = dict.fromkeys(Laboratory().handlers.values())
    for handler in handlers:
        if isinstance(handler, BaseHandler):
            for word in declared_commands(type(handler)):
                for arguments in WRONG:
                    yield handler, f"{word}{arguments}"
                for fields in FIELDS:
                    yield handler, f'{{"command": "{word}", {fields}}}'


class ReasonTests(SynchronousTestCase):
    def test_no_wrong_argument_is_refused_without_a_reason(self) -> None:
        refused = 0
        for handler, line in wrong_lines():
            try:
                handler.prepare(line, "10.0.0.1")
            except InvalidArgumentsError as error:
                refused += 1
                self.assertRegex(error_line(error), _REASON, msg=line)
            except CommandError as error:
                self.assertGreater(len(str(error)), 8, msg=line)
        self.assertGreater(refused, 1000)

    def test_nor_by_the_hardware(self) -> None:
        for line in (
            *("CO2|SetLaserOutput 101 percent", "CO2|TracePath 0 l1", "System|GetPipetteCount P"),
            *("System|Ping bakeout_setpoint", "Spectrometer|GetGain H", "UV|SetReprate 0"),
            *("Spectrometer|GetParameter Temp", "Spectrometer|SetTuningSettings tune"),
            *("Spectrometer|GetSubCupConfigurationList Neon", "Spectrometer|SetMass 39,A"),
            *("Spectrometer|ActivateIonCounter H1", "Spectrometer|GetGain nope"),
        ):
            request_type, _, command = line.partition("|")
            handler = Laboratory().handlers[request_type]
            with self.assertRaises(InvalidArgumentsError) as caught:
                handler.handle(handler.prepare(command, "10.0.0.1"))
            self.assertRegex(error_line(caught.exception), _REASON, msg=line)


class CheckTests(LaboratoryCase):
    def test_what_cannot_be_accepted_is_told_by_check(self) -> None:
        self.start()
        for line in (
            *("System|Open Q", "System|Close Q", "System|Open A B", "System|ClaimGroup nope"),
            *("System|PychronScript nope", "System|Set bakeout_setpoint 999", "System|Open XFlag"),
            *("CO2|GoToHole 99999", "CO2|GoToHole 1 True 3", "CO2|GoToPoint nope"),
            *("CO2|GoToNamedPosition nope", "CO2|SetSampleHolder nope", "CO2|SetMotor nope,1"),
            *("CO2|DoPattern nope", "CO2|TracePath 1 nope", "CO2|SetLaserOutput 99999 watts"),
            *("UV|SetReprate 0", "Spectrometer|SetParameter Nope,1", "Spectrometer|SetHV x"),
            *("Spectrometer|SetGain Nope,1", "Spectrometer|SetTuningSettings nope"),
            *("Spectrometer|ActivateCupConfiguration Neon All", "Spectrometer|StopDrive"),
        ):
            request_type, _, command = line.partition("|")
            told = self.reply(f"{request_type}|Check {command}")
            self.assertTrue(told.startswith("ERROR "), msg=(line, told))
            self.assertEqual(self.reply(line), told)

    def test_what_it_accepts_is_accepted(self) -> None:
        self.start()
        for line in ("System|Open A", "CO2|GoToHole 221", "System|Set message any", "CO2|SetX 1"):
            request_type, _, command = line.partition("|")
            self.assertEqual(self.reply(f"{request_type}|Check {command}"), "OK", msg=line)
            self.assertEqual(self.reply(line), "OK", msg=line)
