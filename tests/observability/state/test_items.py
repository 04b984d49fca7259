"""What is read becomes an item, if it can be told to all who watch."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from pychron_comms.interfaces import Reading, Severity
from pychron_comms.observability.state.items import LONGEST, found


class FoundTests(SynchronousTestCase):
    def test_a_text_of_a_driver_that_reads_rubbish_is_told_to_nobody(self) -> None:
        """20 MB of one device ended the connection to the processor, again and again."""
        kept = found(Reading("device/gauge", "x" * LONGEST), 1.0)
        self.assertEqual((len(kept.value), kept.severity), (LONGEST, Severity.OK))
        item = found(Reading("device/gauge", "x" * (LONGEST + 1)), 1.0)
        self.assertEqual((item.value, item.severity), (None, Severity.INVALID))
        self.assertEqual(item.reason, f"a text of {LONGEST + 1} characters")
