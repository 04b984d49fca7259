"""Mistakes in a description: each names file, line, key and the nearest word."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from pychron_comms.config.table import ConfigError
from tests.instruments.case import SWITCH, described


class MistakeTests(SynchronousTestCase):
    def mistake(self, old: str, new: str) -> str:
        self.assertIn(old, SWITCH)
        error = self.assertRaises(ConfigError, described, SWITCH.replace(old, new))
        return str(error)

    def test_each_is_named(self) -> None:
        for old, new, said in (
            ('kind = "valve"', 'kind = "valv"', "item.valve.kind: expected one of drive, gauge"),
            ("first_byte = 1.0", "firstbyte = 1.0", "wire.firstbyte: no such key is known; did"),
            ('send = "OPEN {channel:d}"', 'send = "OPEN {chanel:d}"', "not {chanel}"),
            ('send = "OPEN {channel:d}"', 'send = "OPEN {channel:z}"', "no such format: 'z'"),
            ('send = "OPEN {channel:d}"', 'send = "OPEN {value}"', "has no value to send"),
            ('"?" = "fault"', '"?" = "broken"', "expected one of closed, fault, moving, open"),
            (
                'take = "{value}"',
                'take = "1"',
                "state.take: a reading takes {value}",
            ),
            (
                "[item.valve.do.close]",
                "[item.valve.do.shut]",
                "do.close: a valve has it",
            ),
            (
                "verify = { seconds = 1.0 }",
                'verify = { reading = "stat" }',
                "expected one of state",
            ),
            ('line = "<LF>"', 'line = "<LF>"\ncheck = "summ"', "wire.check: expected one of ccitt"),
            ('title = "A switch"', "", "title: expected a text, and it is missing"),
            ("minimum = 1", "minimum = true", "parameter.channel.minimum: expected a number"),
        ):
            with self.subTest(new=new):
                text = self.mistake(old, new)
                self.assertIn(said, text)
                self.assertTrue(text.startswith("switch.toml"), text)

    def test_the_line_is_named(self) -> None:
        line = SWITCH[: SWITCH.index('kind = "valve"')].count("\n") + 1
        text = self.mistake('kind = "valve"', 'kind = "valv"')
        self.assertTrue(text.startswith(f"switch.toml:{line}: "), text)

    def test_a_verb_that_a_kind_does_not_know(self) -> None:
        text = SWITCH + '\n[item.valve.do.opn]\nsend = "X {channel:d}"\n'
        error = self.assertRaises(ConfigError, described, text)
        self.assertIn("a valve does no such thing; did you mean open?", str(error))

    def test_steps_send_one_body_and_take_one_reply(self) -> None:
        for steps in (
            '[[step]]\nsend = "X"\ntake = "{reply}"\n',
            '[[step]]\nsend = "{body}"\ntake = "X"\n',
        ):
            error = self.assertRaises(ConfigError, described, SWITCH + steps)
            self.assertIn("one step sends {body}", str(error))

    def test_an_identity_that_its_own_simulator_would_not_have(self) -> None:
        text = SWITCH + '\n[identify]\nsend = "*IDN?"\nmatch = "Oven"\nanswer = "Switch"\n'
        error = self.assertRaises(ConfigError, described, text)
        self.assertIn("identify.answer", str(error))
