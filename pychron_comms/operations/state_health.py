"""What the server that runs says of the state: instruments that are away, and alarms."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Iterable, Iterator, Sequence

from pychron_comms.alarms.alarm import ACKNOWLEDGED, LATCHED, OK, SHELVED
from pychron_comms.alarms.roster import PLACE
from pychron_comms.client.communicator import Communicator
from pychron_comms.client.watch.notices import Item, Live, Lost
from pychron_comms.errors import CommandError
from pychron_comms.instruments.presence import PATH
from pychron_comms.interfaces import Severity
from pychron_comms.journal.moments import local
from pychron_comms.operations.findings import BROKEN, GOOD, WARNING, Finding
from pychron_comms.operations.laboratory import PATIENCE, Laboratory

#: The items of these patterns, by a way to the server; none where it cannot be asked.
Told = Callable[[str, Sequence[str]], Iterable[Item]]

_ALARMS = f"{PLACE}/"


def told_now(endpoint: str, patterns: Sequence[str]) -> list[Item]:
    """As the server tells them now."""
    watch = Communicator(endpoint, timeout=PATIENCE).watch(*patterns, seconds=PATIENCE)
    try:
        for notice in watch:
            if isinstance(notice, (Live, Lost)):
                break
    except CommandError:
        # One that tells of no changes; that it runs is found elsewhere.
        return []
    return list(watch.items.values())


def state_findings(laboratory: Laboratory, told: Told) -> Iterator[Finding]:
    """One for each instrument that is away, and each alarm; one for all that are well."""
    _, endpoint = next(laboratory.server_endpoints(), ("", ""))
    items = list(told(endpoint, (f"{PATH}*", f"{_ALARMS}*"))) if endpoint else []
    yield from _instruments([each for each in items if each.path.startswith(PATH)])
    yield from _alarms([each for each in items if each.path.startswith(_ALARMS)])


def _instruments(items: Sequence[Item]) -> Iterator[Finding]:
    here = [item for item in items if item.severity is Severity.OK]
    if here:
        names = ", ".join(item.path.removeprefix(PATH) for item in here)
        yield Finding("instruments", GOOD, f"{names}: answering")
    for item in items:
        if item not in here:
            yield _away(item)


#: What a reason says where a package is not installed.
_NEEDS = " -m pip install "


def _away(item: Item) -> Finding:
    name = item.path.removeprefix(PATH)
    since = _since(item)
    text = f"does not answer since {since}: {item.reason} ({item.details.get('link', '')})"
    mend = f"its power, its cable, then link in [instrument.{name}]; pychron-instrument try asks it"
    if _NEEDS in item.reason:
        mend = "that line in a terminal, where its processor runs; then start that again"
    return Finding(f"instrument {name}", BROKEN, text, mend)


def _alarms(items: Sequence[Item]) -> Iterator[Finding]:
    raised = [item for item in items if item.value != OK]
    if items and not raised:
        yield Finding("alarms", GOOD, "none")
    for item in raised:
        name = item.path.removeprefix(_ALARMS)
        text = f"{item.value} since {_since(item)}: {item.reason or 'it is over'}"
        mend = str(item.details.get("text", "")) or "what its reason says"
        seen = f"pychron-alarms ack {shlex.quote(name)}"
        mend = seen if item.value == LATCHED else f"{mend}; {seen} says that you have seen it"
        yield Finding(f"alarm {name}", _state(item), text, mend)


def _state(alarm: Item) -> str:
    """Broken is what nobody has seen to yet, and is not minor; who shelves one knows of it."""
    if alarm.value == SHELVED:
        return GOOD
    is_seen = alarm.value in {ACKNOWLEDGED, LATCHED}
    return WARNING if is_seen or alarm.severity is Severity.MINOR else BROKEN


def _since(item: Item) -> str:
    since = local(float(item.details.get("since", item.obtained)))
    over = float(item.details.get("over", 0.0))
    return f"{since} until {local(over)}" if over else since
