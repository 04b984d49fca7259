"""A service of ``twistd`` is loaded without a look for garbage, and on a reactor of its own."""

from __future__ import annotations

import gc
import subprocess
import sys
from unittest import skipUnless

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

    @skipUnless(sys.platform == "linux", "epoll is Linux's")
    def test_its_reactor_is_a_prompt_one_where_none_was_chosen(self) -> None:
        self.assertEqual(_reactor_of(""), "PromptReactor\n")

    def test_a_reactor_that_was_chosen_stays(self) -> None:
        chosen = "from twisted.internet.selectreactor import install; install()"
        self.assertEqual(_reactor_of(chosen), "SelectReactor\n")


def _reactor_of(first: str) -> str:
    """Which class it is of in a new process that does ``first``."""
    program = f"""{first}
from pychron_comms.process.service_maker import QuickServiceMaker
QuickServiceMaker("lab", "{MODULE}", "A laboratory.", "lab").options
from twisted.internet import reactor
print(type(reactor).__name__)
"""
    return subprocess.check_output([sys.executable, "-c", program], text=True, timeout=60)
