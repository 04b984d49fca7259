"""``pychron-instrument try``: one live question, with the bytes of both ways."""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

from twisted.internet.defer import Deferred
from twisted.internet.task import deferLater, react

from pychron_comms.instruments.bound_item import BoundItem
from pychron_comms.instruments.bus import Bus, Connection
from pychron_comms.instruments.checking import defaults
from pychron_comms.instruments.choosing import given_parameters
from pychron_comms.instruments.description import Description, Item, Wire
from pychron_comms.instruments.endpoints import parsed_address
from pychron_comms.instruments.fields import Value
from pychron_comms.instruments.instrument import TROUBLE, Instrument
from pychron_comms.instruments.library import named_description
from pychron_comms.instruments.links import BusService
from pychron_comms.instruments.speaking import spoken
from pychron_comms.instruments.wire_text import shown

_WHAT = re.compile(r"([a-z]\w*)(?:\(([^()]*)\))?\.([a-z]\w*)")


def add_to(below: Any) -> None:
    """The subcommand."""
    command = below.add_parser("try", help="ask an instrument one thing, and show the bytes")
    command.add_argument("description", help="a file, or the name of a ready one")
    command.add_argument("what", help="a reading, such as 'valve(103).state'")
    command.add_argument(
        "--link", help="where it is, such as tcp://10.0.0.12:5025, in place of what the file says"
    )
    command.add_argument(
        "--with",
        dest="given",
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help="a parameter of the instrument, such as address=2",
    )
    command.add_argument("--seconds", type=float, default=10.0, help="patience (10)")
    command.set_defaults(run=_try)


class _HeardBus(Bus):
    """Shows what goes over it, as the description writes it."""

    def __init__(self, wire: Wire, clock: Any) -> None:
        super().__init__(wire, clock)
        self.clock = clock
        self.show = partial(shown, hexadecimal=wire.hexadecimal)

    def connected(self, connection: Connection, *, renewed: bool = False) -> None:
        super().connected(_Heard(connection, self.show), renewed=renewed)

    def received(self, data: bytes) -> None:
        _say(f"< {self.show(data)}")
        super().received(data)


class _Heard:
    def __init__(self, connection: Connection, show: Callable[[bytes], str]) -> None:
        self._connection = connection
        self._show = show

    def write(self, data: bytes) -> None:
        _say(f"> {self._show(data)}")
        self._connection.write(data)

    def reset(self) -> None:
        self._connection.reset()


def _say(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def _try(given: argparse.Namespace) -> int:
    description = named_description(given.description)
    found = _WHAT.fullmatch(given.what)
    if found is None or found[1] not in description.items:
        known = ", ".join(description.items)
        raise ValueError(f"expected ITEM(PARAMETERS).READING; items are {known}")
    item = description.items[found[1]]
    if found[3] not in item.readings:
        moves = f"{found[3]} moves it, and try only asks; " if found[3] in item.verbs else ""
        raise ValueError(f"{moves}{item.name} reads {', '.join(item.readings) or 'nothing'}")
    words = [each.strip() for each in found[2].split(",")] if found[2] else []
    question = _Question(
        description, item, _values(description, item, given.given, words), found[3]
    )
    link = given.link or description.wire.link
    try:
        parsed_address(link)
    except ValueError as error:
        raise ValueError(f"--link {link}: expected {error}") from None
    wire = spoken(description.wire, link)
    status: list[int] = []
    mistakes: list[ValueError] = []

    async def ask(reactor: Any) -> None:
        try:
            status.append(await _asked(_HeardBus(wire, reactor), link, question, given.seconds))
        except ValueError as mistake:
            # Of the link, which is one line here as elsewhere.
            mistakes.append(mistake)

    try:
        react(lambda reactor: Deferred.fromCoroutine(ask(reactor)))
    except SystemExit as end:
        if end.code:
            return 1
    if mistakes:
        raise mistakes[0]
    return status[0] if status else 1


def _values(
    description: Description, item: Item, given: list[str], words: list[str]
) -> dict[str, Value]:
    shared = {
        each: description.items[item.name].parameters[each] for each in description.parameters
    }
    named = dict(each.partition("=")[::2] for each in given)
    unknown = sorted(named.keys() - shared.keys())
    if unknown:
        raise ValueError(f"no parameter {unknown[0]}; there are {', '.join(shared) or 'none'}")
    values = {
        name: parameter.read(named[name]) for name, parameter in shared.items() if name in named
    }
    values = defaults(item, values)
    own = {name: value for name, value in values.items() if name in shared}
    return {**own, **given_parameters(item, own, words)}


class _Question(NamedTuple):
    description: Description
    item: Item
    values: dict[str, Value]
    reading: str


async def _asked(bus: _HeardBus, where: str, question: _Question, patience: float) -> int:
    description, item, values, reading = question
    reactor = bus.clock
    instrument = Instrument("it", description, values, bus, reactor)
    link = BusService(bus, where, reactor)
    link.startService()
    end = reactor.seconds() + patience
    try:
        while instrument.trouble and reactor.seconds() < end:
            await deferLater(reactor, 0.05)
        told = await BoundItem(instrument, item, values).read(reading)
    except TROUBLE as error:
        _say(f"no answer: {error}")
        return 1
    finally:
        instrument.stop()
        await link.stopService()
    if told.value is None:
        _say(f"no value: {told.reason}")
        return 1
    unit = item.readings[reading].unit
    _say(f"{told.value} {unit}".rstrip())
    return 0
