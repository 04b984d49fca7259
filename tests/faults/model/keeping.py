"""How a promise is kept, or broken."""

from __future__ import annotations

import re

_CODE = re.compile(r"ERROR (\d+)")


class Broken(AssertionError):
    """A promise that does not hold."""

    def __init__(self, promise: str, *about: object) -> None:
        super().__init__(f"{promise}: {', '.join(map(str, about))}")
        self.promise = promise


def keep(promise: str, holds: object, *about: object) -> None:
    if not holds:
        raise Broken(promise, *about)


def code_of(reply: str | None) -> int | None:
    found = _CODE.match(reply or "")
    return int(found[1]) if found else None
