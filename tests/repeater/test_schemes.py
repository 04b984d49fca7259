"""Which repeater an address gets."""

from __future__ import annotations

from twisted.internet.testing import MemoryReactorClock
from twisted.trial.unittest import SynchronousTestCase

from pychron_comms.observability.metrics import Metrics
from pychron_comms.repeater.schemes import repeater_to
from pychron_comms.transport.cork import Cork


class SchemeTests(SynchronousTestCase):
    def test_what_is_on_this_computer_is_near(self) -> None:
        for address, near in {
            "unix:/run/x.sock": True,
            "tcp:127.0.0.1:1059": True,
            "tcp:localhost:1059": True,
            "tcp:host=127.0.0.1:port=1059": True,
            "tcp:lab:1059": False,
            "tcp:127.0.0.10:1059": False,
            "ssl:lab:1059": False,
        }.items():
            repeater = repeater_to(address, MemoryReactorClock(), Cork(), Metrics())
            self.assertEqual(repeater.is_near, near, msg=address)

    def test_what_is_no_address_is_refused(self) -> None:
        for address in ("", "nonsense", "lab:1059"):
            with self.assertRaises(ValueError):
                repeater_to(address, MemoryReactorClock(), Cork(), Metrics())
