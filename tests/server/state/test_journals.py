"""The journals of all processors, as one page shows them."""

from __future__ import annotations

import gc
import json
from typing import Any

from twisted.internet.defer import Deferred, FirstError, fail, succeed
from twisted.trial.unittest import SynchronousTestCase

from pychron_comms.errors import PychronCommunicationError
from pychron_comms.server.state import journals
from pychron_comms.server.state.journals import Journals, search_at
from tests.doubles import ScriptedRepeater


def record(at: float) -> dict[str, Any]:
    return {"t": at, "command": "Open A"}


class JournalsTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.questions: list[str] = []
        self.searches: dict[str, Any] = {}

    def answering(self, *times: float, more: bool = False) -> Any:
        def search(question: str) -> Deferred[str]:
            self.questions.append(question)
            return succeed(json.dumps({"records": [record(at) for at in times], "more": more}))

        return search

    def find(self, **fields: str) -> dict[str, Any]:
        found: dict[str, Any] = self.successResultOf(Journals(self.searches).find(fields))
        return found

    def test_all_together_newest_first(self) -> None:
        self.searches = {"one": self.answering(9.0, 5.0), "two": self.answering(7.0)}
        found = self.find(target="A", type="System")
        self.assertEqual([each["t"] for each in found["records"]], [9.0, 7.0, 5.0])
        self.assertEqual((found["more"], found["missing"]), (False, {}))
        self.assertEqual(self.questions, ['{"target":"A","type":"System"}'] * 2)

    def test_no_more_than_one_would_give(self) -> None:
        self.patch(journals, "MOST", 2)
        self.searches = {"one": self.answering(9.0, 5.0), "two": self.answering(7.0)}
        self.assertEqual(len(self.find()["records"]), 2)
        self.assertTrue(self.find()["more"])
        self.searches["one"] = self.answering(9.0)
        self.assertFalse(self.find()["more"])

    def test_who_did_not_answer_is_named(self) -> None:
        lost = PychronCommunicationError("unix:/b", "refused")
        self.searches = {
            "one": self.answering(1.0, more=True),
            "two": lambda question: succeed("null"),
            "three": lambda question: fail(lost),
        }
        found = self.find()
        self.assertTrue(found["more"])
        self.assertEqual(list(found["missing"]), ["two", "three"])
        self.assertEqual(found["missing"]["two"], "it keeps no journal: [journal] file is not set")
        self.assertIn("refused", found["missing"]["three"])

    def test_an_answer_that_is_none_is_one_bug_and_told_once(self) -> None:
        self.searches = {name: lambda question: succeed("no JSON") for name in ("one", "two")}
        # Whoever has the failure keeps the others from being told.
        first = self.failureResultOf(Journals(self.searches).find({}), FirstError).value.subFailure
        self.assertTrue(first.check(ValueError))
        del first
        gc.collect()
        self.assertEqual(self.flushLoggedErrors(), [])

    def test_nobody_is_asked_what_cannot_be_asked(self) -> None:
        self.searches = {"one": self.answering(1.0)}
        self.assertRaises(ValueError, Journals(self.searches).find, {"colour": "red"})
        self.assertEqual(self.questions, [])

    def test_a_processor_is_asked_without_a_type(self) -> None:
        repeater = ScriptedRepeater()
        search_at(repeater, "{}")
        self.assertEqual(repeater.requests[0][:3], ("", "Journal {}", ""))
