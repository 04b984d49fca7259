"""``pychron-alarms``: what it asks, and what it shows."""

from __future__ import annotations

import io
import json
import os
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from pychron_comms.alarms import tool
from pychron_comms.errors import InvalidArgumentsError, PychronCommunicationError


def alarm(name: str = "IG", state: str = "active", **more: object) -> dict[str, object]:
    return {
        "name": name,
        "state": state,
        "sev": "major",
        "latched": "major",
        "reason": "too high",
        "item": "device/gc/IG",
        "since": 1e9,
        "by": "",
        "shelved_until": 0.0,
        "shelved_by": "",
        "text": "Close V.",
        **more,
    }


class FakeCommunicator:
    """Answers with what the test has laid out, and notes what was asked."""

    def __init__(self, answers: Sequence[str | Exception]) -> None:
        self.answers = list(answers)
        self.asked: list[str] = []

    def __call__(self, endpoint: str, **named: Any) -> FakeCommunicator:
        self.endpoint = endpoint
        return self

    def __enter__(self) -> FakeCommunicator:
        return self

    def __exit__(self, *reason: object) -> None:
        """Nothing to close."""

    def ask(self, command: str) -> str:
        self.asked.append(command)
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer


class ToolTests(SynchronousTestCase):
    def run_tool(self, *words: str, answers: Sequence[str | Exception]) -> tuple[int, str]:
        self.fake = FakeCommunicator(answers)
        self.patch(tool, "Communicator", self.fake)
        out = io.StringIO()
        self.err = io.StringIO()
        self.patch(tool.sys, "stderr", self.err)
        return tool.main(words, out), out.getvalue()

    def test_list_shows_what_is_not_ok(self) -> None:
        answers = [json.dumps([alarm(), alarm("quiet", "ok", sev="ok")])]
        status, out = self.run_tool("list", answers=answers)
        self.assertEqual(status, tool.REFUSED)
        self.assertIn("major   active  IG, since ", out)
        self.assertIn("        too high\n        Close V.\n", out)
        self.assertNotIn("quiet", out)
        self.assertEqual((self.fake.asked, self.fake.endpoint), (["List"], tool.SERVER))

    def test_one_that_is_over_tells_from_when_till_when(self) -> None:
        answers = [json.dumps([alarm(state="latched", sev="ok", over=1e9 + 60.0)])]
        _, out = self.run_tool("list", answers=answers)
        self.assertRegex(out, r"ok      latched  IG, since [-0-9]+ \S+ until [-0-9]+ \S+\n")

    def test_in_a_laboratorys_folder_that_one_is_asked(self) -> None:
        folder = self.enterContext(tempfile.TemporaryDirectory())
        self.addCleanup(os.chdir, os.getcwd())
        os.chdir(folder)
        listener = '[[server.listener]]\ntype = "%s"\nlisten = ["tcp:%d:interface=127.0.0.1"]\n'
        file = Path("lab.toml")
        file.write_text(listener % ("System", 2061) + listener % ("*", 2060))
        for words, server in (
            (["list"], "tcp:127.0.0.1:2060"),
            (["-s", "tcp:x:1", "list"], "tcp:x:1"),
        ):
            self.run_tool(*words, answers=["[]"])
            self.assertEqual(self.fake.endpoint, server)
        file.write_text("[server")
        status, _ = self.run_tool("list", answers=[])
        self.assertEqual(status, tool.FAILED)
        self.assertIn("lab.toml:1", self.err.getvalue())

    def test_where_all_is_well_it_says_so(self) -> None:
        answers = [json.dumps([alarm("quiet", "ok", sev="ok")])]
        self.assertEqual(self.run_tool("list", answers=answers), (0, "no alarm (1 watched)\n"))

    def test_who_has_seen_it_and_until_when_it_is_shelved(self) -> None:
        shown = [
            alarm(state="acknowledged", by="Jo"),
            alarm(state="shelved", shelved_until=2e9, shelved_by="Ann"),
        ]
        _, out = self.run_tool("list", answers=[json.dumps(shown)])
        self.assertIn("acknowledged by Jo  IG", out)
        self.assertRegex(out, r"shelved until 2033-05-1\d [\d:]+ by Ann  IG")

    def test_json_is_for_programs(self) -> None:
        _, out = self.run_tool("list", "--json", "--all", answers=[json.dumps([alarm()])])
        self.assertEqual(json.loads(out), [alarm()])

    def test_names_may_hold_blanks_and_quotes(self) -> None:
        self.run_tool("ack", 'ion "g"', "--by", "Jo Doe", answers=["1"])
        self.assertEqual(self.fake.asked, ['Acknowledge "ion \\"g\\"" "Jo Doe"'])

    def test_a_time_is_said_in_words(self) -> None:
        status, out = self.run_tool(
            "shelve", "IG", "2h", "--by", "Jo", "--why", "gauge out", answers=["1"]
        )
        self.assertEqual((status, out), (0, "shelved: 1\n"))
        self.assertEqual(self.fake.asked, ['Shelve "IG" "7200" "Jo" "gauge out"'])
        self.run_tool("unshelve", "IG", "--by", "Jo", answers=["1"])
        self.assertEqual(self.fake.asked, ['Unshelve "IG" "Jo"'])

    def test_a_test_says_that_it_was_sent(self) -> None:
        self.assertEqual(self.run_tool("test", "mail", answers=["OK"]), (0, "mail: sent\n"))

    def test_the_status_tells_a_refusal_from_no_connection(self) -> None:
        refusal = InvalidArgumentsError("name", "IG (there is no such alarm)")
        status, _ = self.run_tool("ack", "IG", answers=[refusal])
        self.assertEqual(status, tool.REFUSED)
        self.assertIn("ERROR 004 : invalid arguments", self.err.getvalue())
        lost = PychronCommunicationError("tcp:127.0.0.1:1060", "refused")
        self.assertEqual(self.run_tool("list", answers=[lost])[0], tool.FAILED)
        self.assertEqual(self.run_tool("shelve", "IG", "soon", answers=[])[0], tool.FAILED)
