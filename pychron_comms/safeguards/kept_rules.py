"""Rules that are kept while nobody commands, too: what one guards is made safe when it breaks."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReactorTime
from twisted.internet.task import LoopingCall
from twisted.logger import Logger
from twisted.python.failure import Failure

from pychron_comms.interfaces import Part
from pychron_comms.safeguards.interlocks import Broken
from pychron_comms.safeguards.rules import Rule

#: Seconds between two looks.
PERIOD = 1.0

#: Seconds after which a rule that cannot be told counts as broken.
PATIENCE = 10.0

#: Whether a rule is broken just now.
Test = Callable[[Rule], Deferred[Broken | None]]


class _Kept:
    """One rule; ``armed`` until what it guards has been made safe, and again when it holds.

    ``untold`` is what the last test gave that told nothing; None where it told.
    """

    __slots__ = ("armed", "asked", "busy", "held", "rule", "untold", "untold_since")

    def __init__(self, rule: Rule) -> None:
        self.rule = rule
        self.armed = True
        self.busy = False
        self.held = False
        self.untold: Broken | None = None
        # When the last test began; and the first of those that told nothing.
        self.asked = self.untold_since = 0.0


class KeptRules:
    """Looks once a second at each rule that is to be kept.

    One that is told to be broken is acted on at once. One that cannot be told must have held
    before, and is given ``PATIENCE``: an instrument that is not yet connected breaks nothing.
    ``tripped`` is told of each that made something safe.
    While it may not act, another process looks.
    """

    _log = Logger()

    def __init__(
        self,
        rules: Sequence[Rule],
        test: Test,
        make_safe: Callable[[Part, str], None],
        clock: IReactorTime,
        may_act: Callable[[], bool] = lambda: True,
        *,
        tripped: Callable[[Rule], None] = lambda rule: None,
    ) -> None:
        self._kept = [_Kept(rule) for rule in rules if rule.kept]
        self._test = test
        self._make_safe = make_safe
        self._may_act = may_act
        self._tripped = tripped
        self._clock = clock
        self._loop = LoopingCall(self._look)
        self._loop.clock = clock

    def start(self) -> None:
        if self._kept:
            self._loop.start(PERIOD)

    def stop(self) -> None:
        if self._loop.running:
            self._loop.stop()

    def _look(self) -> None:
        for kept in self._kept if self._may_act() else ():
            if kept.busy:
                # A test that hangs tells nothing, too.
                self._lose_patience(kept)
                continue
            kept.busy, kept.asked = True, self._clock.seconds()
            found = self._test(kept.rule)
            found.addCallback(self._found, kept).addErrback(self._failed)
            found.addCallback(self._over, kept)

    def _found(self, broken: Broken | None, kept: _Kept) -> None:
        if broken is None:
            kept.armed = kept.held = True
            kept.untold = None
        elif broken.told:
            self._trip(kept, broken)
        else:
            if kept.untold is None:
                kept.untold_since = kept.asked
            kept.untold = broken
            self._lose_patience(kept)

    def _lose_patience(self, kept: _Kept) -> None:
        untold = kept.untold
        is_long = self._clock.seconds() - kept.untold_since >= PATIENCE
        if untold is not None and kept.held and is_long:
            self._trip(kept, untold)

    def _trip(self, kept: _Kept, broken: Broken) -> None:
        if not (kept.armed and self._loop.running):
            return
        kept.armed = False
        self._tripped(kept.rule)
        self._log.warn("made safe, since it holds no more: {why}", why=broken.why)
        for part in kept.rule.kept:
            self._make_safe(part, broken.why)

    def _failed(self, failure: Failure) -> None:
        self._log.failure("how a rule stands cannot be told", failure)

    def _over(self, result: object, kept: _Kept) -> None:
        kept.busy = False
