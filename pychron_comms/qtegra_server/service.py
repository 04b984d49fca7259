"""The service that real Qtegra clients take for Qtegra."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pychron_comms.qtegra.answers import ScriptAnswers
from pychron_comms.qtegra.listeners import qtegra_listener
from pychron_comms.qtegra.script import ParseAndExecute
from pychron_comms.transport.endpoints import ExplainedStart

#: Qtegra's own port, on loopback.
DEFAULT_LISTEN = ("udp:1069:interface=127.0.0.1", "tcp:1069:interface=127.0.0.1")


class RemoteControlServer(ExplainedStart):
    """Takes lines at each endpoint to ``ParseAndExecute``. ValueError for a string that is none."""

    def __init__(self, execute: ParseAndExecute, listen: Sequence[str], reactor: Any) -> None:
        super().__init__()
        self.setName("pychron-qtegra")
        answers = ScriptAnswers(execute)
        for description in listen:
            listener = qtegra_listener(description, answers.answer, "RemoteControlServer", reactor)
            listener.setServiceParent(self)
