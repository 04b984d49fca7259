"""What the server that runs says of the instruments of a laboratory: whether each answers."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from pychron_comms.client.communicator import Communicator
from pychron_comms.client.watch.notices import Item, Live, Lost
from pychron_comms.errors import CommandError
from pychron_comms.instruments.presence import PATH
from pychron_comms.interfaces import Severity
from pychron_comms.journal.moments import local
from pychron_comms.operations.findings import BROKEN, GOOD, Finding
from pychron_comms.operations.laboratory import Laboratory

#: Seconds that an answer may take.
PATIENCE = 2.0

#: The items of the instruments, by a way to the server; none where it cannot be asked.
Presences = Callable[[str], Iterable[Item]]


def presences(endpoint: str) -> list[Item]:
    """As the server tells them now."""
    watch = Communicator(endpoint, timeout=PATIENCE).watch(f"{PATH}*", seconds=PATIENCE)
    try:
        for notice in watch:
            if isinstance(notice, (Live, Lost)):
                break
    except CommandError:
        # One that tells of no changes; that it runs is found elsewhere.
        return []
    return list(watch.items.values())


def instrument_findings(laboratory: Laboratory, presences: Presences) -> Iterator[Finding]:
    """One for each that is away; for those that answer, one for all."""
    _, endpoint = next(laboratory.server_endpoints(), ("", ""))
    items = presences(endpoint) if endpoint else ()
    here = [item for item in items if item.severity is Severity.OK]
    if here:
        yield Finding("instruments", GOOD, f"{', '.join(map(_name, here))}: answering")
    for item in items:
        if item not in here:
            yield _away(item)


def _away(item: Item) -> Finding:
    name = _name(item)
    since = local(float(item.details.get("since", item.obtained)))
    text = f"does not answer since {since}: {item.reason} ({item.details.get('link', '')})"
    mend = f"its power, its cable, then link in [instrument.{name}]; pychron-instrument try asks it"
    return Finding(f"instrument {name}", BROKEN, text, mend)


def _name(item: Item) -> str:
    return item.path.removeprefix(PATH)
