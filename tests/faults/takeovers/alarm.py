"""A broker's shortage of memory, of a test's own making."""

from __future__ import annotations

from collections.abc import Callable
from subprocess import Popen
from typing import Protocol

_PLENTY = "0.8"
_TOO_LITTLE = "0.00001"

#: Seconds in which a broker hears of plenty, on a busy machine.
_PATIENCE = 180.0

#: Seconds between looks at what tells the broker so; on a busy machine that takes ten and more.
_SOON = 0.2


class Controlled(Protocol):
    """A broker, as far as an alarm needs it."""

    def begin_control(self, *words: str) -> Popen[bytes]:
        """Tell it that, while other things go on."""


class OwnAlarm:
    """Lasts for so many seconds, and is lifted whatever befalls the broker meanwhile: one that was
    away when it was told of plenty is told again, since it may hear of the shortage late."""

    def __init__(
        self,
        broker: Controlled,
        later: Callable[[float, Callable[[], None]], object],
        seconds: float,
    ) -> None:
        self._broker = broker
        self._later = later
        self._is_lifting = False
        self.is_over = False
        self._telling = self._tell(_TOO_LITTLE)
        later(seconds, self._lift)

    def wait_until_over(self, run: Callable[[float, Callable[[], bool]], object]) -> None:
        """Let time ``run`` until it is lifted: a history that is given up leaves nobody short."""
        run(_PATIENCE, lambda: self.is_over)

    def _lift(self) -> None:
        code = self._telling.poll()
        if code == 0 and self._is_lifting:
            self.is_over = True
            return
        if code is not None:
            self._is_lifting = True
            self._telling = self._tell(_PLENTY)
        self._later(_SOON, self._lift)

    def _tell(self, share: str) -> Popen[bytes]:
        return self._broker.begin_control("set_vm_memory_high_watermark", share)
