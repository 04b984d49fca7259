"""Two processors of the same hardware at a broker: whatever happens, counted at the hardware.

``PYCHRON_TAKEOVERS`` says how many histories; ``python -m tests.faults.takeovers`` runs more.
"""

from __future__ import annotations

import os
import random
from collections import Counter

from twisted.trial.unittest import SynchronousTestCase

from tests.faults.model.breakages import broken
from tests.faults.model.keeping import Broken
from tests.faults.takeovers.__main__ import count
from tests.faults.takeovers.breakages import BREAKAGES
from tests.faults.takeovers.histories import drawn
from tests.faults.takeovers.promises import live_through

HISTORIES = int(os.environ.get("PYCHRON_TAKEOVERS", "10"))


class TakeoverTests(SynchronousTestCase):
    def test_the_promises_hold_whatever_happens(self) -> None:
        seen: Counter[str] = Counter()
        for number in range(HISTORIES):
            # The pauses before connecting again are random.
            random.seed(number)
            count(live_through(drawn(number)), seen)
        for what in ("commands", "obeyed", "killed", "cut", "frozen past its lease"):
            self.assertGreater(seen[what], 0, what)


class TeethTests(SynchronousTestCase):
    def test_each_mechanism_that_is_taken_out_is_noticed(self) -> None:
        for name, breakage in BREAKAGES.items():
            with broken(breakage.patches):
                random.seed(15)
                error = self.assertRaises(Broken, live_through, breakage.history)
            self.assertEqual(error.promise, breakage.noticed_by, name)
