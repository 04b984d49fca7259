"""What a watch tells: the same words for blocking, asyncio and Twisted programs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from pychron_comms.observability.state.items import Item


@dataclass(frozen=True, slots=True)
class Happened:
    """What has no state: a command's outcome, for instance. ``at`` is Unix time in seconds."""

    path: str
    at: float
    fields: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Live:
    """All items that fit have been told, and are followed from here on."""


@dataclass(frozen=True, slots=True)
class Gap:
    """Changes were missed and are not kept any more; all items are told anew, up to ``Live``."""


@dataclass(frozen=True, slots=True)
class Lost:
    """No word from the server: until ``Live`` nothing that was told can be believed."""

    reason: str


#: ``Item`` for one thing as it stands now; where it is no more, its ``is_gone`` tells.
Notice = Item | Happened | Live | Gap | Lost

__all__ = ["Gap", "Happened", "Item", "Live", "Lost", "Notice"]
