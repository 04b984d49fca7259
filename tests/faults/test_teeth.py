"""The model notices each mechanism that is taken out, within the histories of a normal run."""

from __future__ import annotations

import random
import unittest
from collections.abc import Mapping
from functools import cache

from tests.faults.model.breakages import BREAKAGES, OF_QTEGRA, Patches, broken
from tests.faults.model.classics import CLASSICS
from tests.faults.model.drawn import drawn
from tests.faults.model.history import History
from tests.faults.model.keeping import Broken
from tests.faults.model.promises import live_through
from tests.faults.model.strategies import qtegra_histories

#: By which promise each is noticed.
NOTICED = {
    "keys are forgotten": {"none twice", "Outcome: never seen is never", "never begun is never"},
    "keys are forgotten at a restart": {"none twice", "Outcome: never seen is never"},
    "copies are not known": {"none twice"},
    "undelivered replies are not kept": {"none twice"},
    "a reply that crossed the end is taken for delivered": {"none twice"},
    "a late copy is taken for a new command": {"what comes late undoes nothing", "none twice"},
    "a stop is each sender's own change": {"none twice"},
    "another's change is each sender's own": {"none twice"},
    "what lay comes now": {"none twice"},
    "refusals push out what was run": {"none twice", "Outcome: never seen is never"},
    "refusals are forgotten": {"what was refused is not done", "never begun is never"},
    "refusals are forgotten at a restart": {
        "what was refused is not done",
        "never begun is never",
    },
    "a lease keeps nobody away": {"a lease keeps others away"},
    "a lease is forgotten at a restart": {
        "a lease keeps others away",
        "a lease ends in a safe part",
    },
    "the end of a lease makes nothing safe": {"a lease ends in a safe part"},
    "what runs is dropped as if it waited": {
        "never begun is never",
        "Outcome: never begun is never",
        "an end tells its reply",
        "nothing is left behind",
        "a begin has its end",
    },
    "what others change ends no kept reply": {"OK is true"},
    "ids are used again": {"no reply goes to another", "plain replies keep their order"},
    "the journal is written afterwards": {"begun in the journal before the hardware"},
    "what cannot be written is run": {"begun in the journal before the hardware"},
    "deadlines are not kept": {"in time or not at all"},
    "the repeater sends again": {"none twice"},
    "what waits is not overtaken": {"what makes safe has the last word"},
    "what stood still begins what is late": {"in time or not at all"},
    "what makes safe waits for what runs": {"what makes safe begins at once"},
    "what makes safe is refused at the end": {"what makes safe is not refused"},
    "what makes safe is not done again": {"OK is true"},
    "a thread takes what is late": {"in time or not at all"},
    "begun at hand-over": {"in time or not at all", "never begun is never"},
    "what makes safe has no thread of its own": {"what makes safe begins at once"},
    "what excludes each other is tested at once": {"an interlock holds"},
    "interlocks are read past the queue": {"one at a time"},
    "the lock keeps what makes safe": {"what makes safe is not refused"},
    "what makes safe has no room of its own": {"what makes safe is not refused"},
    "another word moves another part": {"what makes safe has the last word"},
    "two run at once": {"one at a time"},
    "plain replies come as they are ready": {
        "no reply goes to another",
        "plain replies keep their order",
    },
}

OF_QTEGRA_NOTICED = {
    "a line of Qtegra's moves nothing": {
        "a lease keeps others away",
        "what makes safe has the last word",
    },
    "a line of Qtegra's makes nothing safe": {
        "what makes safe is not refused",
        "what makes safe begins at once",
    },
    "a line of Qtegra's takes as long as it likes": {"in time or not at all"},
    "copies at a listener that closes are not known": {"none twice"},
}

_HISTORIES = 300


@cache
def _drawn() -> list[History]:
    return [*CLASSICS, *drawn(_HISTORIES - len(CLASSICS))]


@cache
def _drawn_of_qtegra() -> list[History]:
    return drawn(_HISTORIES, of=qtegra_histories)


def _that_notices(promises: set[str], histories: list[History]) -> History | None:
    """The first history that finds one of these promises broken."""
    return next((each for each in histories if _broken_promise(each) in promises), None)


def _broken_promise(history: History) -> str | None:
    # As hypothesis does: the repeater's pauses are random.
    random.seed(0)
    try:
        live_through(history)
    except Broken as error:
        return error.promise
    return None


class TeethTests(unittest.TestCase):
    def test_the_model_notices_what_is_taken_out(self) -> None:
        self.assertEqual(NOTICED.keys(), BREAKAGES.keys())
        self.see_noticed(BREAKAGES, NOTICED, _drawn())

    def test_also_what_is_qtegras(self) -> None:
        self.assertEqual(OF_QTEGRA_NOTICED.keys(), OF_QTEGRA.keys())
        self.see_noticed(OF_QTEGRA, OF_QTEGRA_NOTICED, _drawn_of_qtegra())

    def see_noticed(
        self,
        breakages: Mapping[str, Patches],
        noticed: Mapping[str, set[str]],
        histories: list[History],
    ) -> None:
        for name, patches in breakages.items():
            with self.subTest(name):
                with broken(patches):
                    history = _that_notices(noticed[name], histories)
                assert history is not None, "nothing notices it"
                # It is the breakage that breaks it.
                self.assertIsNone(_broken_promise(history))
