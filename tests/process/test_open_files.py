"""How many files a process may have open: as many as it wants, or can get, or else that is told."""

from __future__ import annotations

import sys

from twisted.logger import globalLogPublisher
from twisted.trial.unittest import SynchronousTestCase

from pychron_comms.process.open_files import allow_many_open_files


class OpenFilesTests(SynchronousTestCase):
    def setUp(self) -> None:
        if sys.platform == "win32":
            raise self.skipTest("it has no such limit")
        import resource  # noqa: PLC0415

        self._resource = resource
        soft, self.hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        self.addCleanup(resource.setrlimit, resource.RLIMIT_NOFILE, (soft, self.hard))
        resource.setrlimit(resource.RLIMIT_NOFILE, (256, self.hard))
        self.logged: list[str] = []
        globalLogPublisher.addObserver(self._saw)
        self.addCleanup(globalLogPublisher.removeObserver, self._saw)

    def _saw(self, event: dict[str, object]) -> None:
        if "ulimit" in str(event.get("log_format")):
            self.logged.append(str(event["soft"]))

    @property
    def limits(self) -> tuple[int, int]:
        return self._resource.getrlimit(self._resource.RLIMIT_NOFILE)

    def test_as_many_as_wanted_where_the_system_lets_it(self) -> None:
        allow_many_open_files(512)
        self.assertEqual((self.limits, self.logged), ((512, self.hard), []))

    def test_no_more_than_the_system_lets_it_have_and_fewer_are_told(self) -> None:
        if self.hard == self._resource.RLIM_INFINITY:
            raise self.skipTest("it lets it have any number")
        allow_many_open_files(self.hard + 1)
        is_few = self.hard < 10_240
        told = [str(self.hard)] if is_few else []
        self.assertEqual((self.limits, self.logged), ((self.hard, self.hard), told))

    def test_who_has_more_keeps_them(self) -> None:
        allow_many_open_files(128)
        self.assertEqual((self.limits, self.logged), ((256, self.hard), []))
