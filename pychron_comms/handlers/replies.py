"""How results become the text of a reply, in the words that Pychron's clients compare."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from pychron_comms.errors import NoResponseError

Reply = Callable[[object], str]


def done(result: object) -> str:
    """``OK``, whatever the manager returned: clients compare it exactly, upper case."""
    return "OK"


def state(result: object) -> str:
    """``True`` or ``False``, which every client reads right; 010 for None."""
    if result is None:
        raise NoResponseError
    return "True" if result else "False"


def value(result: object) -> str:
    """A number or text as Python writes it; 010 for None."""
    if result is None:
        raise NoResponseError
    return str(result)


def words(result: object) -> str:
    """Texts joined by commas; 010 for None."""
    if not isinstance(result, Iterable):
        raise NoResponseError
    return ",".join(str(each) for each in result)
