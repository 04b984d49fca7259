"""A log that no sender can fill: lines cut, repeats counted, a rate for each sender."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from typing import Any

from twisted.internet.interfaces import IReactorTime
from twisted.logger import Logger
from twisted.python.failure import Failure
from twisted.python.reflect import safe_str

from pychron_comms.observability.metrics import Metrics

#: Characters of a value that are written.
LENGTH = 200

#: Characters of what an exception says.
TOLD = 2000

#: Seconds in which a sender may have so many lines, and one line no more than once.
PERIOD = 10.0
LINES = 20

#: Senders that are told apart; further ones are taken for one.
SENDERS = 1024

_OTHERS = "others"


class LongError(Exception):
    """Stands in the log for an exception that says more than a log should hold."""


class _Page:
    """What one sender has had written since ``begun``."""

    __slots__ = ("begun", "log", "seen", "withheld")

    def __init__(self, begun: float) -> None:
        self.begun = begun
        self.seen: set[str] = set()
        self.withheld = 0
        self.log: Logger | None = None


class SenderLog:
    """Writes what is to be said of senders.

    Each may have ``LINES`` lines in ``PERIOD``, none of them twice; how many there were beside, one
    line tells at the end of that time.
    """

    def __init__(self, clock: IReactorTime, metrics: Metrics) -> None:
        self._clock = clock
        self._pages: OrderedDict[str, _Page] = OrderedDict()
        self._timer_runs = False
        self._withheld = metrics.counter(
            "pychron_comms_log_lines_withheld_total",
            "Log lines that were counted instead of written, for their sender had too many.",
        )

    def info(self, log: Logger, text: str, *, sender: str, **values: Any) -> None:
        """Say it, in the words of ``text``, whose braces name ``sender`` and ``values``."""
        self._write(log, log.info, text, sender, values)

    def warn(self, log: Logger, text: str, *, sender: str, **values: Any) -> None:
        """The same, as a warning."""
        self._write(log, log.warn, text, sender, values)

    def failure(
        self, log: Logger, text: str, failure: Failure, *, sender: str, **values: Any
    ) -> None:
        """The same, of a bug, with its traceback."""
        self._write(log, log.failure, text, sender, {"failure": _cut_failure(failure), **values})

    def _write(
        self, log: Logger, say: Callable[..., None], text: str, sender: str, values: dict[str, Any]
    ) -> None:
        page = self._page(sender)
        cut_values = {name: cut(value) for name, value in values.items()}
        line = f"{text} {cut_values}"
        if len(page.seen) >= LINES or line in page.seen:
            self._withhold(page, log)
            return
        page.seen.add(line)
        say(text, sender=cut(sender), **cut_values)

    def _page(self, sender: str) -> _Page:
        now, pages = self._clock.seconds(), self._pages
        page = pages.get(sender)
        if page is not None and (now - page.begun < PERIOD or page.withheld):
            return page
        # The oldest are first, and a page that is over makes room for another.
        if page is None and len(pages) >= SENDERS:
            oldest = next(iter(pages.values()))
            if oldest.withheld or now - oldest.begun < PERIOD:
                sender = _OTHERS
                return pages.setdefault(sender, _Page(now))
            pages.popitem(last=False)
        pages.pop(sender, None)
        page = pages[sender] = _Page(now)
        return page

    def _withhold(self, page: _Page, log: Logger) -> None:
        page.withheld += 1
        page.log = log
        self._withheld.value += 1
        if not self._timer_runs:
            self._timer_runs = True
            self._clock.callLater(PERIOD, self._tell)

    def _tell(self) -> None:
        self._timer_runs = False
        for sender, page in list(self._pages.items()):
            if page.withheld and page.log is not None:
                page.log.warn(
                    "{withheld} more lines about {sender} were not written",
                    withheld=page.withheld,
                    sender=cut(sender),
                )
                del self._pages[sender]


def _cut_failure(failure: Failure) -> Failure:
    said = safe_str(failure.value)
    if len(said) <= TOLD:
        return failure
    name = type(failure.value).__name__
    error = LongError(f"{name}: {said[:TOLD]}... ({len(said)} in all)")
    return Failure(error, LongError, failure.getTracebackObject())


def cut(value: object) -> object:
    """A text or bytes as much as may stand in a log; anything else as it is."""
    if isinstance(value, (str, bytes)) and len(value) > LENGTH:
        rest = f"... ({len(value)} in all)"
        if isinstance(value, str):
            return value[:LENGTH] + rest
        return value[:LENGTH] + rest.encode()
    return value
