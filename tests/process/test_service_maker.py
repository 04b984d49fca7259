"""A service of ``twistd`` is loaded without a look for garbage, and runs with one."""

from __future__ import annotations

import gc
import sys

from twisted.internet.testing import MemoryReactor
from twisted.trial.unittest import SynchronousTestCase

from pychron_comms.process.garbage import overlook_what_stays
from pychron_comms.process.service_maker import QuickServiceMaker

MODULE = "tests.process.garbage_seen"


class LoadTests(SynchronousTestCase):
    def test_garbage_is_looked_for_once_the_reactor_runs_and_not_before(self) -> None:
        self.addCleanup(gc.enable)
        self.addCleanup(gc.unfreeze)
        sys.modules.pop(MODULE, None)
        options = QuickServiceMaker("lab", MODULE, "A laboratory.", "lab").options
        loaded = sys.modules[MODULE]
        self.assertIs(options, loaded.Options)
        self.assertFalse(loaded.LOOKED_FOR)
        reactor = MemoryReactor()
        overlook_what_stays(reactor)
        self.assertFalse(gc.isenabled())
        reactor.run()
        self.assertTrue(gc.isenabled())
