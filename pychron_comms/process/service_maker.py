"""How ``twistd`` comes to this package's services."""

from __future__ import annotations

import sys
from typing import Any

from twisted.application.service import ServiceMaker

from pychron_comms.process.garbage import look_for_none_before_the_reactor_runs


class QuickServiceMaker(ServiceMaker):
    """Of a service that calls ``overlook_what_stays``: until then no garbage is looked for.

    On Linux it runs on a ``PromptReactor``, unless ``twistd --reactor`` has chosen one.
    ``twistd`` asks for the options first, and only of the service that it is to run.
    """

    @property
    def options(self) -> Any:
        look_for_none_before_the_reactor_runs()
        if sys.platform == "linux" and "twisted.internet.reactor" not in sys.modules:
            # What they import is not there elsewhere, or makes it too late to choose.
            from twisted.internet.main import installReactor  # noqa: PLC0415

            from pychron_comms.process.prompt_reactor import PromptReactor  # noqa: PLC0415

            installReactor(PromptReactor())
        return super().options
