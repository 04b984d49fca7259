"""What a server knows of the owner of a set of hardware: by which name, and by which clock."""

from __future__ import annotations

import json
import math
from collections import deque
from collections.abc import Callable

from pychron_comms.broker.message import Message, Stamp

#: Seconds without a word after which no owner is there; it says something four times a second.
PATIENCE = 3.0

#: Words of the owner by which its clock is reckoned.
_WORDS = 64


class KnownOwner:
    """Hears the owner's words, and reckons time by its clock.

    A word bears the owner's time when it left. It was on its way, for nobody knows how long, so
    what is reckoned from it is never ahead of the owner's clock: a deadline that is told in that
    time is never later than it was meant. The two computers' times of day do not matter.
    """

    def __init__(self, seconds: Callable[[], float]) -> None:
        self._seconds = seconds
        self._heard = -math.inf
        self._ahead: deque[float] = deque(maxlen=_WORDS)
        self.epoch = ""

    @property
    def is_there(self) -> bool:
        """Whether commands can be sent to it."""
        return bool(self.epoch) and self._seconds() - self._heard < PATIENCE

    def heard(self, message: Message) -> bool:
        """A word of an owner; whether it is another than before. Raises ValueError for what is
        none."""
        fields = json.loads(message.body)
        if not isinstance(fields, dict):
            raise ValueError("no object")
        epoch, at = fields.get("epoch"), fields.get("at")
        if not isinstance(epoch, str) or not epoch or not isinstance(at, float):
            raise ValueError("no epoch, or no time")
        if not math.isfinite(at):
            raise ValueError(f"{at} is no time")
        now = self._seconds()
        is_new = epoch != self.epoch
        if is_new:
            self.epoch = epoch
            self._ahead.clear()
        self._heard = now
        self._ahead.append(at - now)
        return is_new

    def lost(self) -> None:
        """It cannot be heard: there is no connection."""
        self._heard = -math.inf

    def stamp(self, within: float) -> Stamp:
        """For a command that is sent now, and must be begun so soon or never."""
        sent = self._seconds() + max(self._ahead)
        return Stamp(self.epoch, sent, sent + within)
