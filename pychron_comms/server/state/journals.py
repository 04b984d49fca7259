"""The journals of all processors, searched as one."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from twisted.internet.defer import Deferred, gatherResults
from twisted.python.failure import Failure

from pychron_comms.errors import CommandError
from pychron_comms.interfaces import ICommandRepeater
from pychron_comms.journal.search import MOST, parse_question

#: Asks one processor; the answer is JSON, as ``journal.search`` has it.
Search = Callable[[str], Deferred[str]]


def search_at(repeater: ICommandRepeater, question: str) -> Deferred[str]:
    """Ask the processor of that repeater."""
    return repeater.get_response("", f"Journal {question}", "")


class Journals:
    """``searches`` are by the names of processors, or of what else keeps one."""

    def __init__(self, searches: Mapping[str, Search]) -> None:
        self._searches = searches

    def find(self, fields: Mapping[str, str]) -> Deferred[dict[str, Any]]:
        """``records`` of all, newest first, whether there are ``more``, and of each that keeps no
        journal, or did not answer, why. Raises ValueError for what cannot be asked."""
        parse_question(fields)
        question = json.dumps(fields, separators=(",", ":"))
        answers = [
            search(question).addCallbacks(json.loads, _why) for search in self._searches.values()
        ]
        return gatherResults(answers, consumeErrors=True).addCallback(self._together)

    def _together(self, answers: list[Any]) -> dict[str, Any]:
        records: list[dict[str, Any]] = []
        missing = {}
        more = False
        for name, answer in zip(self._searches, answers, strict=True):
            if answer is None:
                missing[name] = "it keeps no journal: [journal] file is not set"
            elif isinstance(answer, str):
                missing[name] = answer
            else:
                records += answer["records"]
                more = more or answer["more"]
        records.sort(key=lambda record: record["t"], reverse=True)
        return {
            "records": records[:MOST],
            "more": more or len(records) > MOST,
            "missing": missing,
        }


def _why(failure: Failure) -> str:
    failure.trap(CommandError)
    return str(failure.value)
