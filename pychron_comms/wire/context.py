"""What a request says beside its command, on both hops."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import NamedTuple

from pychron_comms.errors import MalformedRequestError

#: What someone may do, least first: look; command; and overrule others.
OBSERVE, OPERATE, ADMIN = ROLES = ("observe", "operate", "admin")


class RequestContext(NamedTuple):
    """``within``: seconds until the asker stops caring; None for the command's own time.

    ``key``: the command's name for at most once; empty for none. ``role``: the most that is allowed
    where it came in, one of ``ROLES``; empty for no limit. ``session``: the connection that it came
    by, for what must not outlive it; empty where there is none. ``age``: seconds since it was sent,
    where that can be told.
    """

    within: float | None = None
    key: str = ""
    role: str = ""
    session: str = ""
    age: float = 0.0

    def patience(self, deadline: float) -> float:
        """Seconds until a command of that deadline must have ended."""
        seconds = deadline if self.within is None else min(self.within, deadline)
        return seconds - self.age


PLAIN = RequestContext()


def context_of(tags: Mapping[str, str]) -> RequestContext:
    """What the tags of a request say. Errors: 206."""
    get = tags.get
    role = get("role", "")
    if role and role not in ROLES:
        raise MalformedRequestError(f"role={role} is none of {', '.join(ROLES)}")
    return RequestContext(_seconds(get("within")), get("key", ""), role, get("session", ""))


def _seconds(text: str | None) -> float | None:
    if text is None:
        return None
    try:
        seconds = float(text)
    except ValueError:
        seconds = math.nan
    if not math.isfinite(seconds):
        raise MalformedRequestError(f"within={text} is no number of seconds")
    return seconds


def least_role(one: str, other: str) -> str:
    """The one that allows less; empty allows all."""
    if not (one and other):
        return one or other
    return min(one, other, key=ROLES.index)
