"""Times as a person says and reads them: in the zone where he sits."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, tzinfo

_SPAN = re.compile(r"([0-9]+(?:\.[0-9]+)?)\s*([smhdw])")
_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800}


def zone_named(name: str) -> tzinfo | None:
    """``local`` is None, the zone of this computer. Errors: ValueError, one line."""
    if name == "local":
        return None
    # What keeps a journal imports this as well, and reads times in UTC alone.
    from zoneinfo import ZoneInfo, ZoneInfoNotFoundError  # noqa: PLC0415

    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ValueError(f"{name}: no zone such as local, UTC or Europe/Berlin") from None


def moment(text: str, now: float, zone: tzinfo | None = None) -> float:
    """Seconds since 1970 of ``2026-03-02T18:00``, in that zone, or of ``1h``: so long before now.

    Errors: ValueError, one line.
    """
    span = _SPAN.fullmatch(text)
    if span is not None:
        return now - float(span[1]) * _SECONDS[span[2]]
    try:
        when = datetime.fromisoformat(text)
    except ValueError:
        raise ValueError(f"{text}: no time such as 2026-03-02T18:00, 90m, 1h or 2d") from None
    if when.tzinfo is None and zone is not None:
        when = when.replace(tzinfo=zone)
    return when.timestamp()


def seconds_of(at: str) -> float:
    """Of a time as a record writes it."""
    return micros_of(at) / 1e6


def micros_of(at: str) -> int:
    """The same in microseconds. Errors: ValueError."""
    since = datetime.fromisoformat(at) - datetime(1970, 1, 1, tzinfo=UTC)
    return since // timedelta(microseconds=1)


def local(seconds: float) -> str:
    """Seconds since 1970 for a person, in the zone of this computer: ``2026-03-02 11:14:05``."""
    return datetime.fromtimestamp(seconds).astimezone().strftime("%Y-%m-%d %H:%M:%S")


def told(at: str, zone: tzinfo | None = None) -> str:
    """A record's time for a person, with its zone: ``2026-03-02 11:14:05.116 +01:00``."""
    try:
        when = datetime.fromisoformat(at).astimezone(zone)
    except (ValueError, OverflowError):
        return at
    text = when.isoformat(" ", timespec="milliseconds")
    return f"{text[:23]} {text[23:]}"
