"""Which request types have a command that one of them has not, or are called so themselves."""

from __future__ import annotations

from collections.abc import Mapping

from pychron_comms.errors import IS_TYPE, KNOWN_BY, InvalidCommandError
from pychron_comms.interfaces import IDescribedHandler, IRequestHandler


def with_other_types(
    error: InvalidCommandError, handlers: Mapping[str, IRequestHandler]
) -> InvalidCommandError:
    """What to raise for it: with the types that know the word, each handler's by one name.

    A client may be at a wrong port, and a person writes ``CO2 Enable``.
    """
    word, *rest = error.details
    said = "".join(map(str, rest))
    meant = str(word).casefold()
    for request_type in handlers:
        if request_type.casefold() == meant:
            return InvalidCommandError(word, f"{said}{IS_TYPE}{request_type}")
    knowing: dict[IRequestHandler, str] = {}
    for request_type, handler in handlers.items():
        if IDescribedHandler.providedBy(handler) and handler.knows(str(word)):
            knowing.setdefault(handler, request_type)
    if not knowing:
        return error
    types = ", ".join(knowing.values())
    return InvalidCommandError(word, f"{said}{KNOWN_BY}{types}")
