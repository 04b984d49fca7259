"""What commands move just now, and how an item is seen that one moves, or has moved."""

from __future__ import annotations

from dataclasses import replace

from pychron_comms.interfaces import Severity
from pychron_comms.observability.state.items import Item


class Marks:
    """By the paths of items: whereto each is moved; more than once where several commands do."""

    def __init__(self) -> None:
        self._values: dict[str, list[object]] = {}

    def begin(self, path: str, value: object) -> None:
        """A command moves it, to ``value``; None where it does not say where."""
        self._values.setdefault(path, []).append(value)

    def end(self, path: str, value: object) -> None:
        """That command moves it no more; nothing where it never did."""
        values = self._values.get(path, [])
        if value in values:
            values.remove(value)
            if not values:
                del self._values[path]

    def seen(self, item: Item) -> Item:
        """As it is seen where a command moves it, or has left it other than it was told."""
        values = self._values.get(item.path)
        target = item.details.get("target")
        if values:
            target = target if values[-1] is None else values[-1]
            return replace(item, details={**item.details, "target": target, "moving": True})
        if "target" not in item.details:
            return item
        item = replace(item, details={**item.details, "moving": False})
        if target != item.value and item.severity is Severity.OK:
            reason = f"it was told {_position(target)}, and says {_position(item.value)}"
            return replace(item, severity=Severity.MAJOR, reason=reason)
        return item


def _position(value: object) -> object:
    return ("open" if value else "closed") if isinstance(value, bool) else value
