"""How ``twistd`` comes to this package's services."""

from __future__ import annotations

from typing import Any

from twisted.application.service import ServiceMaker

from pychron_comms.process.garbage import look_for_none_before_the_reactor_runs


class QuickServiceMaker(ServiceMaker):
    """Of a service that calls ``overlook_what_stays``: until then no garbage is looked for.

    ``twistd`` asks for the options first, and only of the service that it is to run.
    """

    @property
    def options(self) -> Any:
        look_for_none_before_the_reactor_runs()
        return super().options
