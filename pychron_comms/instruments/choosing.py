"""``becker.valve(103)``: how a laboratory's file names a thing in an instrument."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from pychron_comms.instruments.description import Item
from pychron_comms.instruments.fields import Value

_CHOSEN = re.compile(r"([A-Za-z][\w-]*)\.([a-z]\w*)(?:\(([^()]*)\))?")


def chosen(text: str) -> tuple[str, str, list[str]]:
    """Instrument, item and the words between parentheses. ValueError for what is none."""
    found = _CHOSEN.fullmatch(text.strip())
    if found is None:
        raise ValueError("an instrument's item, such as becker.valve(103)")
    words = [each.strip() for each in found[3].split(",")] if found[3] else []
    return found[1], found[2], words


def given_parameters(
    item: Item, already: Mapping[str, Value], words: Sequence[str]
) -> dict[str, Value]:
    """What the words between the parentheses are: the item's own parameters, in their order.

    ValueError where there are too many or too few, and for what a parameter cannot be.
    """
    own = [each for name, each in item.parameters.items() if name not in already]
    needed = [each for each in own if each.default is None]
    if not len(needed) <= len(words) <= len(own):
        names = ", ".join(each.name for each in own) or "none"
        raise ValueError(f"{item.name} takes these parameters: {names}")
    values = {each.name: each.read(word) for each, word in zip(own, words, strict=False)}
    for each in own[len(words) :]:
        assert each.default is not None
        values[each.name] = each.default
    return values
