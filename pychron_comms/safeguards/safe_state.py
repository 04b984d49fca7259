"""The safe state of hardware whose owner is gone."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from pychron_comms.interfaces import IExtractionLineManager, ILaserManager, IMakesSafe, Part
from pychron_comms.safeguards.overlap import overlap

#: As whom a valve is closed.
SENDER = "safe state"


def safe_actions(part: Part) -> list[Callable[[], object]]:
    """What to call to make a part safe; nothing where nothing is known of it.

    A manager that provides ``IMakesSafe`` knows best. Of others: a laser is disabled, a stage
    stopped, a valve closed.
    """
    manager, target = part.manager, part.target
    if IMakesSafe.providedBy(manager):
        return [partial(manager.make_safe, target)]
    actions: list[Callable[[], object]] = []
    if ILaserManager.providedBy(manager):
        if overlap(target, "output"):
            actions.append(manager.disable)
        if overlap(target, "stage"):
            actions.append(manager.stop_drive)
    elif IExtractionLineManager.providedBy(manager) and target:
        actions.append(partial(manager.close_valve, target, SENDER))
    return actions
