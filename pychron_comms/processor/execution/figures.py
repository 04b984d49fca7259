"""How many commands act, what comes of them, how long they wait and run."""

from __future__ import annotations

from collections.abc import Sequence

from pychron_comms.interfaces import ICall
from pychron_comms.observability.metrics import Counter, Histogram, Metrics
from pychron_comms.processor.execution.watches import EndedCommand

#: What comes of a command, by the code of its error; the rest has failed.
_OUTCOMES = {
    2: "bug",
    12: "locked",
    201: "unknown",
    202: "expired",
    203: "queue_full",
    204: "leased",
    207: "interlock",
    208: "not_permitted",
    209: "stopping",
    210: "overtaken",
    214: "journal",
}
OUTCOMES = frozenset({"ok", "failed", *_OUTCOMES.values()})

#: Words of commands that are told apart; those of plugins may be without end.
WORDS = 500
OTHER = "other"

_ERROR = "ERROR "


#: Names and meanings.
_WAIT = "pychron_comms_command_wait_seconds", "How long commands that act wait until they begin."
_RUN = "pychron_comms_command_run_seconds", "How long commands that act run."


class CommandFigures:
    """Labels are closed sets: the request types, their commands' words, the outcomes."""

    def __init__(self, metrics: Metrics) -> None:
        self._metrics = metrics
        self._counters: dict[tuple[str, str, str], Counter] = {}
        # How long those of a type wait, and run.
        self._times: dict[str, tuple[Histogram, Histogram]] = {}

    def goes_on(self, call: ICall) -> None:
        """Only its end is counted."""

    def all_ended(self, commands: Sequence[EndedCommand]) -> None:
        """As ``CommandWatch.all_ended``."""
        for call, request, reply, seconds, ran in commands:
            request_type = request["type"]
            key = request_type, call.name, "ok" if reply == "OK" else outcome_of(reply)
            counter = self._counters.get(key) or self._new_counter(*key)
            counter.value += 1
            if ran is not None:
                waits, runs = self._times.get(request_type) or self._new_times(request_type)
                waits.observe(seconds - ran)
                runs.observe(ran)

    def _new_times(self, request_type: str) -> tuple[Histogram, Histogram]:
        of_type = (
            self._metrics.histogram(*_WAIT, type=request_type),
            self._metrics.histogram(*_RUN, type=request_type),
        )
        self._times[request_type] = of_type
        return of_type

    def _new_counter(self, request_type: str, word: str, outcome: str) -> Counter:
        shown = word if len(self._counters) < WORDS else OTHER
        counter = self._metrics.counter(
            "pychron_comms_commands_total",
            "Commands that act, by what came of them.",
            type=request_type,
            command=shown,
            outcome=outcome,
        )
        if shown is not OTHER:
            self._counters[request_type, word, outcome] = counter
        return counter


def outcome_of(reply: str) -> str:
    """What came of a command that has this reply; one of ``OUTCOMES``."""
    if not reply.startswith(_ERROR):
        return "ok"
    code = reply[len(_ERROR) : len(_ERROR) + 3]
    return _OUTCOMES.get(int(code), "failed") if code.isdigit() else "failed"
