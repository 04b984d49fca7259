"""What a request says beside its command, on both hops."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import NamedTuple

from pychron_comms.errors import MalformedRequestError
from pychron_comms.wire.grammar import quoted

#: What someone may do, least first: look; command; and overrule others.
OBSERVE, OPERATE, ADMIN = ROLES = ("observe", "operate", "admin")


class RequestContext(NamedTuple):
    """``within``: seconds until the asker stops caring; None for the command's own time.

    ``key``: the command's name for at most once; empty for none. ``role``: the most that is allowed
    where it came in, one of ``ROLES``; empty for no limit. ``session``: the connection that it came
    by, for what must not outlive it; empty where there is none. ``age``: seconds since it was sent,
    where that can be told.

    What only a server says, of a plain command that may act. ``ask``: ``CONNECTION.N``, the
    connection that it came by, of all servers and starts of them, and its number there, from 1;
    ``udp.N`` for a datagram, which shares no connection with another. Empty where copies are not
    asked about. ``silent``: seconds since that connection last said something, or was made.

    ``trace``: how logs of both processes call it, where a server logs each command; empty else.

    ``safe``: it is known to make safe, and has room of its own on the way. Never said on the wire.
    """

    within: float | None = None
    key: str = ""
    role: str = ""
    session: str = ""
    age: float = 0.0
    ask: str = ""
    silent: float = 0.0
    safe: bool = False
    trace: str = ""

    def patience(self, deadline: float) -> float:
        """Seconds until a command of that deadline must have ended."""
        seconds = deadline if self.within is None else min(self.within, deadline)
        return seconds - self.age


#: Of a plain command.
PLAIN = RequestContext()
#: And of one that is known to make safe.
SAFE = RequestContext(safe=True)


def asked_by(context: RequestContext, ask: str, silent: float) -> RequestContext:
    """The same of a command that is called so; as a server says it of each that may act."""
    if context is PLAIN:
        # Nearly always; and it takes a third of the time.
        return RequestContext(ask=ask, silent=silent)
    return context._replace(ask=ask, silent=silent)


def context_of(tags: Mapping[str, str]) -> RequestContext:
    """What the tags of a request say. Errors: 206."""
    get = tags.get
    role, within, silent = get("role", ""), get("within"), get("silent")
    if role and role not in ROLES:
        raise MalformedRequestError(f"role={role} is none of {', '.join(ROLES)}")
    # By their places: by their names, it would take twice as long.
    return RequestContext(
        None if within is None else _seconds("within", within),
        get("key", ""),
        role,
        get("session", ""),
        0.0,
        get("ask", ""),
        0.0 if silent is None else _seconds("silent", silent),
        False,
        get("trace", ""),
    )


def terms_of(context: RequestContext) -> str:
    """The tags that say it, ``;name=value`` for each, as they stand behind others.

    ``age`` is for the one who receives them to find out.
    """
    if context is PLAIN or context is SAFE:
        return ""
    within, key, role, session, _, ask, silent, _, trace = context
    text = "" if within is None else f";within={within:.6f}"
    if key:
        text += f";key={quoted(key)}"
    if role:
        text += f";role={role}"
    if session:
        text += f";session={quoted(session)}"
    if ask:
        text += f";ask={quoted(ask)};silent={silent:.3f}"
    if trace:
        text += f";trace={quoted(trace)}"
    return text


def _seconds(name: str, text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = math.nan
    if not math.isfinite(seconds):
        raise MalformedRequestError(f"{name}={text} is no number of seconds")
    return seconds


def least_role(one: str, other: str) -> str:
    """The one that allows less; empty allows all."""
    if not (one and other):
        return one or other
    return min(one, other, key=ROLES.index)
