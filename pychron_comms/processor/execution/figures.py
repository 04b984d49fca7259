"""How many commands act, what comes of them, how long they wait and run."""

from __future__ import annotations

from pychron_comms.observability.metrics import Counter, Histogram, Metrics

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
        self._waits: dict[str, Histogram] = {}
        self._runs: dict[str, Histogram] = {}

    def begun(self, request_type: str, waited: float) -> None:
        """Its manager is told of it, so many seconds after it came."""
        waits = self._waits.get(request_type) or self._new(self._waits, _WAIT, request_type)
        waits.observe(waited)

    def ended(self, request_type: str, word: str, reply: str, ran: float | None) -> None:
        """It is over; None where it never began."""
        key = request_type, word, outcome_of(reply)
        counter = self._counters.get(key)
        if counter is None:
            counter = self._new_counter(*key)
        counter.value += 1
        if ran is not None:
            runs = self._runs.get(request_type) or self._new(self._runs, _RUN, request_type)
            runs.observe(ran)

    def _new(
        self, known: dict[str, Histogram], named: tuple[str, str], request_type: str
    ) -> Histogram:
        histogram = known[request_type] = self._metrics.histogram(*named, type=request_type)
        return histogram

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
