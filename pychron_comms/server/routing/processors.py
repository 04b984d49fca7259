"""The connections of a server to its processors: those that routes lead to, and those that did."""

from __future__ import annotations

from collections.abc import Callable, Collection
from itertools import count
from typing import TYPE_CHECKING, Any

from twisted.application.service import MultiService
from twisted.internet.defer import maybeDeferred
from twisted.internet.task import LoopingCall
from twisted.logger import Logger

from pychron_comms.interfaces import ICommandRepeater

if TYPE_CHECKING:
    from pychron_comms.repeater.schemes import KeptRepeater

#: Seconds for which a processor without a route is asked what became of a key, while it answers.
KEEP = 3600.0

#: Seconds between looks at those that may be let go.
LOOK = 1.0


class Processors(MultiService):
    """Makes the repeater to a processor when a route first leads there.

    ``make`` builds one; ``forget`` is told of one that no route leads to any more. That is let go
    when all that it was sent is answered, and its connection is lost or ``KEEP`` seconds are over.
    """

    _log = Logger()

    def __init__(
        self,
        make: Callable[[str], KeptRepeater],
        forget: Callable[[str], None],
        clock: Any,
    ) -> None:
        super().__init__()
        self._make = make
        self._forget = forget
        self._clock = clock
        #: All that can be told something, by their names; one that is left keeps its name until
        #: a route leads to that processor again.
        self.all: dict[str, ICommandRepeater] = {}
        self._wanted: dict[str, KeptRepeater] = {}
        self._left: dict[str, tuple[KeptRepeater, float]] = {}
        self._numbers = count(1)
        self._looks = LoopingCall(self._let_go)
        self._looks.clock = clock

    def made(self, names: Collection[str]) -> dict[str, KeptRepeater]:
        """A repeater to each, those that there are already and new ones, which are not begun yet.

        Raises ValueError for a name that is no place to connect to; then nothing has changed.
        """
        made: dict[str, KeptRepeater] = {}
        try:
            for name in dict.fromkeys(names):
                if name not in self._wanted:
                    made[name] = self._make(name)
        except ValueError:
            for name in made:
                self._forget(name)
            raise
        return {name: self._wanted.get(name) or made[name] for name in names}

    def take(self, wanted: dict[str, KeptRepeater]) -> None:
        """These are what routes lead to from now on, as ``made`` gave them."""
        for name in [name for name in self._wanted if name not in wanted]:
            repeater = self._wanted.pop(name)
            self._forget(name)
            self._left[name] = repeater, self._clock.seconds()
        for name, repeater in wanted.items():
            if name not in self._wanted:
                self._put_aside(name)
                self._wanted[name] = self.all[name] = repeater
                repeater.setServiceParent(self)

    @property
    def wanted(self) -> Collection[KeptRepeater]:
        """Those that routes lead to."""
        return self._wanted.values()

    def startService(self) -> None:
        super().startService()
        self._looks.start(LOOK, now=False)

    def stopService(self) -> Any:
        if self._looks.running:
            self._looks.stop()
        return super().stopService()

    def _put_aside(self, name: str) -> None:
        """One that was left gives its name to the next."""
        if name in self._left:
            aside = f"{name} (before {next(self._numbers)})"
            self._left[aside] = self._left.pop(name)
            self.all[aside] = self.all.pop(name)

    def _let_go(self) -> None:
        now = self._clock.seconds()
        for name, (repeater, since) in list(self._left.items()):
            is_of_use = repeater.connection is not None and now - since < KEEP
            if not (repeater.in_flight or is_of_use):
                del self._left[name], self.all[name]
                self._log.info("nothing is left of what was sent to {name}", name=name)
                maybeDeferred(repeater.disownServiceParent)
