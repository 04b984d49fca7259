"""Why a serial line cannot be opened, in one line and once."""

from __future__ import annotations

import errno
from unittest import mock

from twisted.internet.protocol import Factory, Protocol
from twisted.internet.testing import MemoryReactorClock
from twisted.trial.unittest import SynchronousTestCase

from pychron_comms.instruments import endpoints
from pychron_comms.instruments.endpoints import endpoint_for, parsed_address


class SerialTests(SynchronousTestCase):
    def why(self, path: str, number: int) -> str:
        """What is told where the system refuses with that number."""
        said = OSError(number, f"could not open port {path}: [Errno {number}] ...: {path!r}")
        with mock.patch.object(endpoints, "_serial_port", return_value=mock.Mock(side_effect=said)):
            line = endpoint_for(parsed_address(f"serial://{path}"), MemoryReactorClock())
            refused = self.failureResultOf(line.connect(Factory.forProtocol(Protocol)), OSError)
        return refused.getErrorMessage()

    def test_one_that_is_not_there(self) -> None:
        said = "/dev/ttyUSB9: No such file or directory"
        self.assertEqual(self.why("/dev/ttyUSB9", errno.ENOENT), said)

    def test_one_that_this_account_may_not_open(self) -> None:
        told = self.why("/dev/null", errno.EACCES)
        self.assertRegex(
            told, r"^/dev/null: Permission denied; its group may: sudo usermod -aG \w+ "
        )
        self.assertEqual(self.why("/nowhere", errno.EACCES), "/nowhere: Permission denied")

    def test_one_that_another_program_has(self) -> None:
        self.assertEqual(self.why("/dev/null", errno.EBUSY), "another program uses /dev/null")
