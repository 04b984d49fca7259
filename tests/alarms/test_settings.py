"""``[[alarm]]`` and ``[alarms]``: what they take, and how a mistake is shown."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from pychron_comms.alarms.rule import BUILT_IN, Rule, While
from pychron_comms.alarms.settings import AlarmSettings, read_alarms
from pychron_comms.config.table import ConfigError, Table
from pychron_comms.interfaces import Severity


def read(text: str) -> AlarmSettings:
    return read_alarms(Table.parse(text, "lab.toml"))


def alarm(keys: str, item: str = "device/gc/IG") -> str:
    return f'[[alarm]]\nname = "IG"\nitem = "{item}"\n{keys}\n'


class RuleTests(SynchronousTestCase):
    def rule(self, keys: str, item: str = "device/gc/IG") -> Rule:
        return read(alarm(keys, item)).rules[-1]

    def test_all_that_can_be_said(self) -> None:
        rule = self.rule(
            'above = 1e-6\nbelow = 1e-9\nhysteresis = 1e-7\nseverity = "minor"\ndelay = 5\n'
            'clear_delay = 10\nlatch = false\ntext = "look"\nonly_while = "device/HV is not true"'
        )
        expected = Rule(
            name="IG",
            pattern="device/gc/IG",
            above=1e-6,
            below=1e-9,
            hysteresis=1e-7,
            severity=Severity.MINOR,
            delay=5.0,
            clear_delay=10.0,
            latch=False,
            text="look",
            only_while=While(path="device/HV", word="true", negated=True),
            is_one_of=[],
            is_none_of=[],
        )
        self.assertEqual(rule, expected)

    def test_states_are_of_any_kind(self) -> None:
        self.assertEqual(self.rule('is = [false, 3, "idle"]').is_one_of, [False, 3, "idle"])

    def test_what_is_built_in_is_there_until_it_is_replaced_or_not_wanted(self) -> None:
        self.assertEqual(list(read("").rules), list(BUILT_IN))
        self.assertEqual(read("[alarms]\nbuilt_in = false").rules, [])
        own = '[[alarm]]\nname = "processor"\nitem = "road/processor/*"\nwhen = "invalid"'
        rules = {rule.name: rule for rule in read(own).rules}
        self.assertEqual((len(rules), rules["processor"].delay), (len(BUILT_IN), 0.0))


class MistakeTests(SynchronousTestCase):
    def mistake(self, text: str) -> str:
        with self.assertRaises(ConfigError) as caught:
            read(text)
        return str(caught.exception)

    def test_each_is_shown_with_its_line_and_what_is_meant(self) -> None:
        for keys, told in (
            (
                "abov = 1",
                "lab.toml:1: alarm[0].above: expected one of above, below, is, is_not, when, ",
            ),
            ("above = 1\nlach = true", "lab.toml:5: alarm[0].lach: no such key is known; did you"),
            ('above = "1"', "lab.toml:4: alarm[0].above: expected a number, got '1'"),
            ('when = "mayor"', "did you mean major?"),
            ("delay = -1\nabove = 1", "alarm[0].delay: expected a number from 0 to 86400"),
            ("above = 1\nbelow = 2", "alarm[0].below: expected less than 1, which above is"),
            ("above = 2\nbelow = 1\nhysteresis = 0.5", "hysteresis: expected less than half of"),
            ("hysteresis = 1\nis = [1]", "hysteresis: expected a limit beside it"),
            ("is = [[1]]", "is: expected a list of texts, numbers, true or false"),
            ('above = 1\nonly_while = "HV"', "only_while: expected PATH is WORD"),
            ("", "alarm[0].above: expected one of above, below, is, is_not, when"),
        ):
            self.assertIn(told, self.mistake(alarm(keys)), keys)

    def test_a_name_is_one_word_of_the_stream(self) -> None:
        for name in ("a/b", "*", "", " a"):
            text = f'[[alarm]]\nname = "{name}"\nitem = "a"\nabove = 1'
            self.assertIn("alarm[0].name: expected a name without", self.mistake(text))
        twice = alarm("above = 1") + alarm("above = 1")
        self.assertIn("alarm[1].name: expected a name that no other", self.mistake(twice))

    def test_a_pattern_is_bounded(self) -> None:
        self.assertIn("alarm[0].item: expected", self.mistake(alarm("above = 1", "*" * 20)))

    def test_the_journal_is_checked_like_the_other(self) -> None:
        text = '[alarms.journal]\nfile = "/no/such/folder/alarms.journal"'
        self.assertIn("alarms.journal.file: expected a file in a folder", self.mistake(text))
