"""Which request types have a command that one of them has not: a client may be at a wrong port."""

from __future__ import annotations

from collections.abc import Mapping

from pychron_comms.errors import KNOWN_BY, InvalidCommandError
from pychron_comms.interfaces import IDescribedHandler, IRequestHandler


def with_other_types(
    error: InvalidCommandError, handlers: Mapping[str, IRequestHandler]
) -> InvalidCommandError:
    """What to raise for it: with the types that know the word, each handler's by one name."""
    word, *rest = error.details
    knowing: dict[IRequestHandler, str] = {}
    for request_type, handler in handlers.items():
        if IDescribedHandler.providedBy(handler) and handler.knows(str(word)):
            knowing.setdefault(handler, request_type)
    if not knowing:
        return error
    types = ", ".join(knowing.values())
    return InvalidCommandError(word, f"{''.join(map(str, rest))}{KNOWN_BY}{types}")
