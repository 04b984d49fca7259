"""Commands for valves, pipettes and valve groups."""

from __future__ import annotations

import inspect
import json
from collections.abc import Awaitable, Iterable
from typing import Any, cast

from pychron_comms.config.nearest import did_you_mean
from pychron_comms.errors import InvalidArgumentsError, NoResponseError
from pychron_comms.handlers.arguments import Choice, Names, Text
from pychron_comms.handlers.base import BaseHandler
from pychron_comms.handlers.command import Check, ServesHardware, Values, command, foretold
from pychron_comms.handlers.devices import device_value
from pychron_comms.handlers.extraction_line import state_words as words
from pychron_comms.handlers.moves import Moved
from pychron_comms.handlers.replies import Reply, done, state, value
from pychron_comms.interfaces import (
    Effect,
    IExtractionLineManager,
    IReactorManager,
    ITellsSomeValves,
    PipetteCount,
    Source,
)

_VALVE = Text("name", keys=("value",), names="valve")
_GROUP = Text("group", keys=("name", "value"))

#: By a name that ends so ``Open`` and ``Close`` mean a flag, and no valve.
FLAG = "Flag"


def valve_owner(handler: ServesHardware, values: Values) -> object:
    """The extraction line, or the flag that a name ending in ``Flag`` means. Errors: 008."""
    name = values["name"]
    return handler.hardware.device(name) if name.endswith(FLAG) else handler.manager


_WHERE = "; GetValveStates lists them"


def _known_valve(word: str) -> Check:
    """To move an unknown valve is 004 on the wire; to ask about one is 005."""

    def check(owner: Any, values: Values) -> None:
        name = values["name"]
        if name.endswith(FLAG) or owner.has_valve(name):
            return
        # Of a line that blocks, its valves cannot be asked here.
        blocks = not IReactorManager.providedBy(owner)
        known = () if blocks else owner.valves()
        near = did_you_mean(name, [valve.name for valve in known]) or _WHERE
        raise InvalidArgumentsError(word, f"{name} (no such valve{near})")

    return check


def _opened(owner: object, values: Values) -> Iterable[Moved]:
    name = values["name"]
    return [("", device_value(owner, "1")) if name.endswith(FLAG) else (name, True)]


def _closed(owner: object, values: Values) -> Iterable[Moved]:
    name = values["name"]
    return [("", device_value(owner, "0")) if name.endswith(FLAG) else (name, False)]


def counts(result: object) -> str:
    """A JSON list of ``[name, shots]``; 010 for None."""
    if result is None:
        raise NoResponseError
    return json.dumps(list(cast(Iterable[PipetteCount], result)))


class ValveHandler(BaseHandler):
    """What an ``IExtractionLineManager`` can do."""

    manager: IExtractionLineManager

    def target_of(self, name: str) -> str:
        return name if self.manager.has_valve(name) else ""

    @command(
        "Open",
        arguments=(_VALVE,),
        reply=done,
        effect=Effect.ACTUATE,
        manager=valve_owner,
        target="name",
        moves=_opened,
        check=_known_valve("Open"),
        help="open a valve, and answer when it has moved; or set a flag whose name ends in Flag",
    )
    def open(self, manager: Any, sender: str, name: str) -> object:
        if name.endswith(FLAG):
            return manager.set("1", sender)
        return manager.open_valve(name, sender)

    @command(
        "Close",
        arguments=(_VALVE,),
        reply=done,
        effect=Effect.ACTUATE,
        manager=valve_owner,
        safe=True,
        target="name",
        moves=_closed,
        check=_known_valve("Close"),
        help="close a valve, and answer when it has moved; or clear a flag whose name ends in Flag",
    )
    def close(self, manager: Any, sender: str, name: str) -> object:
        if name.endswith(FLAG):
            return manager.set("0", sender)
        return manager.close_valve(name, sender)

    @command(
        "GetValveState",
        "GetChannelState",
        arguments=(_VALVE,),
        reply=state,
        effect=Effect.READ,
        told_by=Source.COMMANDED,
        help="True where the valve was last told to open, else False",
    )
    def get_valve_state(self, manager: IExtractionLineManager, sender: str, name: str) -> object:
        return manager.get_valve_state(name)

    @command(
        "GetIndicatorState",
        arguments=(_VALVE, Choice("action", choices=("Open", "Close"), default=None)),
        reply=value,
        effect=Effect.READ,
        told_by=Source.INDICATOR,
        help="True where the valve's switch says open, else False; open or closed with an action",
    )
    def get_indicator_state(
        self, manager: IExtractionLineManager, sender: str, name: str, action: str | None
    ) -> object:
        result = manager.get_indicator_state(name)
        write = state if action is None else _open_or_closed
        return _later(result, write) if inspect.isawaitable(result) else write(result)

    @command(
        "GetValveLockState",
        arguments=(_VALVE,),
        reply=state,
        effect=Effect.READ,
        help="True where the valve is software locked, else False",
    )
    def get_valve_lock_state(
        self, manager: IExtractionLineManager, sender: str, name: str
    ) -> object:
        return manager.get_software_lock(name)

    @command(
        "GetManualState",
        arguments=(_VALVE,),
        reply=state,
        effect=Effect.READ,
        help="True where the valve is under manual control, else False",
    )
    def get_manual_state(self, manager: IExtractionLineManager, sender: str, name: str) -> object:
        return manager.get_manual_state(name)

    @command(
        "GetValveStates",
        reply=value,
        effect=Effect.READ,
        help="every valve with 1 for open or 0, as A0,B1, and a checksum",
    )
    def get_valve_states(self, manager: IExtractionLineManager, sender: str) -> str:
        return words.state_word(manager.valves())

    @command(
        "GetValveLockStates",
        reply=value,
        effect=Effect.READ,
        help="every valve with 1 for software locked or 0, as A0,B1, and a checksum",
    )
    def get_valve_lock_states(self, manager: IExtractionLineManager, sender: str) -> str:
        return words.lock_word(manager.valves())

    @command(
        "GetStateWord",
        reply=value,
        effect=Effect.READ,
        help="every valve and the open ones as bits, as A,B,<AB>|5, and a checksum",
    )
    def get_state_word(self, manager: IExtractionLineManager, sender: str) -> str:
        return words.state_bits(manager.valves())

    @command(
        "GetLockWord",
        reply=value,
        effect=Effect.READ,
        help="every valve and the locked ones as bits, as A,B,<AB>|5, and a checksum",
    )
    def get_lock_word(self, manager: IExtractionLineManager, sender: str) -> str:
        return words.lock_bits(manager.valves())

    @command(
        "GetValveOwners",
        reply=value,
        effect=Effect.READ,
        help="valves by the address of their owner, as A,C:10.0.0.7-B",
    )
    def get_valve_owners(self, manager: IExtractionLineManager, sender: str) -> str:
        return words.owners_word(manager.valves())

    @command(
        "GetStateChecksum",
        arguments=(Names("names", keys=("name", "value"), default=()),),
        reply=value,
        effect=Effect.READ,
        help="CRC-32 of the states and locks of the named valves, in this order",
    )
    def get_state_checksum(self, manager: Any, sender: str, names: tuple[str, ...]) -> int:
        if ITellsSomeValves.providedBy(manager):
            return words.state_checksum(manager.some_valves(names))
        known = {valve.name: valve for valve in manager.valves()}
        return words.state_checksum(known[name] for name in names if name in known)

    @command(
        "GetPipetteCount",
        arguments=(Text("name", keys=("value",)),),
        reply=value,
        effect=Effect.READ,
        help="shots taken with a pipette",
    )
    def get_pipette_count(self, manager: IExtractionLineManager, sender: str, name: str) -> object:
        return manager.get_pipette_count(name)

    @command(
        "GetPipetteCounts",
        reply=counts,
        effect=Effect.READ,
        help="pipettes and the shots taken with each, as a JSON list of pairs",
    )
    def get_pipette_counts(self, manager: IExtractionLineManager, sender: str) -> object:
        return manager.get_pipette_counts()

    @command(
        "ClaimGroup",
        arguments=(_GROUP,),
        reply=done,
        effect=Effect.IDEMPOTENT,
        # Which valves, the line knows; a rule for one of them is about how it stands.
        moves=lambda line, values: [("", "claimed")],
        check=foretold("claim_group"),
        help="own the valves of a group, so that nobody else moves them",
    )
    def claim_group(self, manager: IExtractionLineManager, sender: str, group: str) -> object:
        return manager.claim_group(group, sender)

    @command(
        "ReleaseGroup",
        arguments=(_GROUP,),
        reply=done,
        effect=Effect.IDEMPOTENT,
        moves=lambda line, values: [("", "released")],
        check=foretold("release_group"),
        help="own the valves of a group no longer",
    )
    def release_group(self, manager: IExtractionLineManager, sender: str, group: str) -> object:
        return manager.release_group(group, sender)


def _open_or_closed(result: object) -> str:
    return "open" if state(result) == "True" else "closed"


async def _later(result: Awaitable[object], write: Reply) -> str:
    return str(write(await result))
