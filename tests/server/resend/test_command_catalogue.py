"""What the server knows of a command before the processor has answered."""

from __future__ import annotations

import json

from twisted.internet.defer import Deferred
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from pychron_comms.errors import OutcomeUnknownError, PychronCommunicationError
from pychron_comms.handlers.factories import own_commands, own_factories
from pychron_comms.lab.hardware import hardware_from_config
from pychron_comms.processor.settings import default_laboratory
from pychron_comms.server.resend import command_catalogue as module
from pychron_comms.server.resend.command_catalogue import CommandCatalogue, Nature
from tests.doubles import ScriptedRepeater

DESCRIPTION = json.dumps(
    {
        "commands": [
            {"name": "GetHeat", "aliases": ["Heat"], "effect": "read", "safe": "never"},
            {"name": "SetHeat", "aliases": [], "effect": "actuate", "safe": "never"},
            {"name": "Quench", "aliases": [], "effect": "actuate", "safe": "always"},
            {"name": "SetFan", "aliases": [], "effect": "idempotent", "safe": "sometimes"},
        ]
    }
)


class CatalogueCase(SynchronousTestCase):
    def setUp(self) -> None:
        self.clock = Clock()
        self.repeater = ScriptedRepeater()
        self.catalogue = CommandCatalogue(self.repeater, self.clock, own_commands())

    def nature(self, line: str) -> Nature:
        request_type, _, data = line.partition("|")
        return self.catalogue.nature(request_type, data, "10.0.0.1")

    @property
    def asked(self) -> list[str]:
        return [request_type for request_type, _, _, _ in self.repeater.requests]


class DeclaredTests(CatalogueCase):
    """The package's own commands, of which no processor has told anything."""

    def test_their_natures_are_known_from_the_first_command(self) -> None:
        for line, nature in {
            "CO2|Disable": Nature.MAKES_SAFE,
            "System|Close A": Nature.MAKES_SAFE,
            '{"command": "Close", "name": "A"}': Nature.UNKNOWN,
            'System|{"command": "Close", "name": "A"}': Nature.MAKES_SAFE,
            "Extractionline|Close A": Nature.MAKES_SAFE,
            "System|Open A": Nature.ACTS,
            "System|GetValveState A": Nature.READS,
            'System|GetValveState "A': Nature.READS,
            'System|Close "A': Nature.MAKES_SAFE,
            'System|Open "A': Nature.ACTS,
            "CO2|SetLaserPower 0": Nature.MAKES_SAFE_SO,
            "CO2|SetLaserPower 5": Nature.ACTS,
            "CO2|SetLaserPower": Nature.ACTS,
            "CO2|SetLaserPower " + "0" * module._VALUES: Nature.MAKES_SAFE_SO,
            "CO2|SetLaserPower " + "0" * (module._VALUES + 1): Nature.ACTS,
            'CO2|{"command": "SetLaserPower", "value": 0}': Nature.MAKES_SAFE_SO,
            "Spectrometer|Qtegra BlankBeam True": Nature.MAKES_SAFE_SO,
            'Spectrometer|{"command": "Qtegra", "line": "Close V 1"}': Nature.MAKES_SAFE_SO,
            "Spectrometer|Qtegra BlankBeam False": Nature.ACTS,
            "Spectrometer|Qtegra BlankBeam": Nature.ACTS,
            "Spectrometer|Qtegra Nonsense": Nature.ACTS,
            "Spectrometer|Qtegra": Nature.ACTS,
            "Spectrometer|Nonsense BlankBeam True": Nature.UNKNOWN,
            'System|{"command": "Open", "name": "A", "line": "BlankBeam True"}': Nature.ACTS,
            "CO2|Nonsense": Nature.UNKNOWN,
            "CO2|{broken": Nature.UNKNOWN,
            "CO2|": Nature.UNKNOWN,
            "Nonsense|Close A": Nature.UNKNOWN,
        }.items():
            self.assertEqual(self.nature(line), nature, msg=line)

    def test_a_line_that_may_make_safe_is_told_at_a_glance(self) -> None:
        for line in (
            b"@id=7;within=1 Close A",
            b'{"command": "Close", "name": "A"}',
            b'{"command": "Cl\\u006fse", "name": "A"}',
            b"SetLaserPower 5",
            b"Qtegra BlankBeam True",
        ):
            self.assertTrue(self.catalogue.may_make_safe(line), line)
        self.assertFalse(self.catalogue.may_make_safe(b"@key=a7 Open A"))

    def test_also_a_long_one_by_each_word_alone(self) -> None:
        """The pattern of all words takes 25 times as long for a long line of their letters."""
        self.catalogue._safe_words._pattern = None  # type: ignore[assignment]
        letters = b"A" * 60_000
        self.assertFalse(self.catalogue.may_make_safe(b"Open " + letters))
        for word in (b"Close", b"AbortPattern", b"Qtegra", b"\\u0043"):
            self.assertTrue(self.catalogue.may_make_safe(letters + word + letters), word)

    def test_they_are_while_the_processor_is_away_or_refuses(self) -> None:
        self.nature("CO2|Disable")
        self.repeater.waiting[0].errback(PychronCommunicationError("there", "gone"))
        self.assertEqual(self.nature("CO2|Disable"), Nature.MAKES_SAFE)
        self.repeater.waiting[1].callback("ERROR 209 : shutting down: Describe")
        self.assertEqual(self.nature("CO2|Disable"), Nature.MAKES_SAFE)

    def test_they_are_what_the_processor_would_tell(self) -> None:
        hardware = hardware_from_config(default_laboratory(), Clock(), None)  # type: ignore[arg-type]
        for factory in own_factories():
            for request_type in factory.request_types:
                if request_type == "test":
                    continue
                handler = factory.build(hardware)
                known = dict(self.catalogue._types[request_type])
                self.catalogue._learned(request_type, handler.describe(None, "", None))
                self.assertEqual(self.catalogue._types[request_type], known, msg=request_type)


class DescribedTests(CatalogueCase):
    """What a processor tells of its types."""

    def learn(self) -> None:
        self.nature("Furnace|Quench")
        self.repeater.waiting[-1].callback(DESCRIPTION)

    def test_until_it_has_every_command_acts(self) -> None:
        self.assertEqual(self.nature("Furnace|Quench"), Nature.UNKNOWN)
        self.repeater.waiting[0].callback(DESCRIPTION)
        for line, nature in {
            "Furnace|Quench": Nature.MAKES_SAFE,
            "Furnace|GetHeat": Nature.READS,
            "Furnace|Heat": Nature.READS,
            "Furnace|SetHeat 5": Nature.ACTS,
            # With which values it does, only its own declaration tells.
            "Furnace|SetFan 0": Nature.ACTS,
        }.items():
            self.assertEqual(self.nature(line), nature, msg=line)

    def test_it_is_asked_once_for_the_one_who_asks(self) -> None:
        self.nature("Furnace|Quench")
        self.nature("Furnace|Quench")
        self.assertEqual(self.repeater.requests, [("Furnace", "Describe", "10.0.0.1", None)])
        self.repeater.waiting[0].callback(DESCRIPTION)
        self.nature("Furnace|Quench")
        self.assertEqual(len(self.repeater.requests), 1)

    def test_what_it_tells_of_our_own_types_counts(self) -> None:
        self.assertEqual(self.nature("CO2|SetHeat 5"), Nature.UNKNOWN)
        self.repeater.waiting[0].callback(DESCRIPTION)
        self.assertEqual(self.nature("CO2|Quench"), Nature.MAKES_SAFE)
        self.assertTrue(self.catalogue.may_make_safe(b"Quench"))

    def test_it_is_asked_again_with_the_next_command_when_it_was_away(self) -> None:
        for error in (PychronCommunicationError("there", "gone"), OutcomeUnknownError("lost")):
            self.nature("Furnace|Quench")
            self.repeater.waiting[-1].errback(error)
        self.learn()
        self.assertEqual(self.nature("Furnace|Quench"), Nature.MAKES_SAFE)

    def test_it_is_asked_again_a_moment_later_when_it_refused(self) -> None:
        for answer in ("ERROR 001 : invalid command: Furnace", "[]", '{"commands": [{}]}'):
            self.nature("Furnace|Quench")
            self.repeater.waiting[-1].callback(answer)
            asked = len(self.asked)
            self.clock.advance(9.9)
            self.assertEqual(self.nature("Furnace|Quench"), Nature.UNKNOWN)
            self.assertEqual(len(self.asked), asked)
            self.clock.advance(0.1)
        self.learn()
        self.assertEqual(self.nature("Furnace|Quench"), Nature.MAKES_SAFE)

    def test_invented_types_leave_nothing_behind(self) -> None:
        known = len(self.catalogue._types)
        for number in range(1000):
            self.nature(f"Invented{number}|Open A")
            self.nature(f"{'x' * 1000}{number}|Open A")
            for waiting in self.repeater.waiting:
                if not waiting.called:
                    waiting.callback("ERROR 001 : invalid command")
        self.assertEqual(len(self.catalogue._types), known)
        self.assertEqual(len(self.catalogue._refused), module._REFUSED)
        self.assertLessEqual(max(map(len, self.catalogue._refused)), module._NAME)

    def test_of_too_many_the_last_are_remembered(self) -> None:
        for number in [*range(module._REFUSED + 1), 1, module._REFUSED]:
            self.nature(f"Invented{number}|Open A")
            for waiting in self.repeater.waiting:
                if not waiting.called:
                    waiting.callback("ERROR 001 : invalid command")
        self.assertEqual(len(self.asked), module._REFUSED + 1)

    def test_the_longest_name_that_is_remembered_is_asked_about_once(self) -> None:
        for length, times in ((module._NAME, 1), (module._NAME + 1, 2)):
            self.repeater.requests.clear()
            for _ in range(2):
                self.nature(f"{'x' * length}|Open A")
                for waiting in self.repeater.waiting:
                    if not waiting.called:
                        waiting.callback("ERROR 001 : invalid command")
            self.assertEqual(len(self.asked), times, length)

    def test_only_few_are_asked_at_a_time(self) -> None:
        for number in range(100):
            self.nature(f"Invented{number}|Open A")
        self.assertEqual(len(self.asked), module._LEARNING)
        waiting: list[Deferred[str]] = self.repeater.waiting
        waiting[0].callback("ERROR 001 : invalid command")
        self.learn()
        self.assertEqual(self.nature("Furnace|Quench"), Nature.MAKES_SAFE)
