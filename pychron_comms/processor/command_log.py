"""On request: one line in the log for each command that acts, with what came of it."""

from __future__ import annotations

from collections.abc import Sequence

from twisted.logger import Logger

from pychron_comms.interfaces import ICall
from pychron_comms.processor.execution.watches import EndedCommand

#: Characters of a command and of its reply that are shown.
_SHOWN = 200


class CommandLog:
    """Looks on while commands act, and says who asked what, what came of it, and in what time.

    A command with a key is shown with it, a plain one with the place that its server gave it.
    """

    _log = Logger()

    def goes_on(self, call: ICall) -> None:
        """Only its end is worth a line."""

    def all_ended(self, commands: Sequence[EndedCommand]) -> None:
        for call, request, reply, seconds, _ in commands:
            name = request.get("key") or request.get("ask") or call.context.trace or "-"
            self._log.info(
                "{sender} {name} {type}|{command}: {reply} ({milliseconds:.1f} ms)",
                sender=request["sender"],
                name=name[:_SHOWN],
                type=request["type"],
                command=request["command"][:_SHOWN],
                reply=reply[:_SHOWN],
                milliseconds=1e3 * seconds,
            )
