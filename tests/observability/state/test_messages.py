"""What is made of a message that another process's stream has sent."""

from __future__ import annotations

import json

from twisted.trial.unittest import SynchronousTestCase

from pychron_comms.observability.state.messages import event_of
from pychron_comms.observability.state.stream import Event

HEAD = '"seq":7,"prev":6,"path":"command","t":1795949413.042493'


class EventOfTests(SynchronousTestCase):
    def test_its_own_members_go_on_as_they_are(self) -> None:
        for members in (
            '"reply":"OK"',
            '"who":"10.0.0.7","reply":"OK","seconds":0.000213',
            '"a":1E+5,"b":-0.0,"c":true,"d":false,"e":null,"f":""',
            r'"a \u00e9\n\\\"":"\u00E9\t\/"',
            '"\u00e9":"\u00e9"',
        ):
            for mark in ("", '"replayed":true,'):
                head = HEAD.replace('"path"', f'{mark}"path"')
                self.assertEqual(event_of(f"{{{head},{members}}}"), Event("command", members))

    def test_members_of_several_parts_say_the_same(self) -> None:
        for members in ('"list":[1,"}",{"t":2}]', '"object":{"path":"x"},"a":1', '"a": 1'):
            event = event_of(f"{{{HEAD},{members}}}")
            self.assertEqual(event.path, "command")
            self.assertEqual(json.loads(f"{{{event.members}}}"), json.loads(f"{{{members}}}"))

    def test_what_is_no_json_is_refused(self) -> None:
        for members in (
            '"a"',
            '"a":',
            '"a":1,',
            ',"a":1',
            '"a":1 "b":2',
            '"a":1,,"b":2',
            "a:1",
            '"a":01',
            '"a":+1',
            '"a":1.',
            '"a":.5',
            '"a":1e',
            '"a":NaN',
            '"a":Infinity',
            '"a":tru',
            '"a":True',
            '"a":"\x1f"',
            r'"a":"\x"',
            r'"a":"\u00g0"',
            r'"a":"\"',
            '"a":"b',
            '"a":1}',
            '"a":1}{"b":2',
            '"a":\u0661',
        ):
            self.assertRaises(ValueError, event_of, f"{{{HEAD},{members}}}")
