"""The instruments of a laboratory, ``[instrument.NAME]``, and what its parts are bound to."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial
from typing import Any

from twisted.application.service import MultiService

from pychron_comms.config.nearest import did_you_mean
from pychron_comms.config.table import Table
from pychron_comms.instruments.bound_item import BoundItem
from pychron_comms.instruments.bus import Bus
from pychron_comms.instruments.choosing import chosen, given_parameters
from pychron_comms.instruments.description import Description, Item
from pychron_comms.instruments.endpoints import parsed_address, place_of, plain_link
from pychron_comms.instruments.fields import Value
from pychron_comms.instruments.figures import InstrumentFigures
from pychron_comms.instruments.instrument import Instrument
from pychron_comms.instruments.library import ENDING, named_description
from pychron_comms.instruments.links import BusService
from pychron_comms.instruments.presence import Presence
from pychron_comms.instruments.speaking import spoken
from pychron_comms.instruments.talk import question
from pychron_comms.interfaces import IFence, Reading
from pychron_comms.observability.metrics import Metrics


class Instruments(MultiService):
    """All of them, with their buses: instruments with one address share one wire.

    ``now`` is Unix time in seconds.
    """

    def __init__(
        self,
        table: Table,
        reactor: Any,
        fence: IFence | None = None,
        now: Callable[[], float] = time.time,
    ) -> None:
        super().__init__()
        self._now = now
        self._fence = fence
        self._reactor = reactor
        self._buses: dict[str, Bus] = {}
        self._places: dict[str, str] = {}
        self._instruments: dict[str, Instrument] = {}
        self._presences: list[Presence] = []
        self._values: dict[str, Mapping[str, Value]] = {}
        self._bound: dict[tuple[str, str, tuple[Value, ...]], str] = {}
        #: Where each instrument is; and by what bytes which part is moved there.
        self._addresses: dict[str, str] = {}
        self._moved: dict[tuple[str, bytes], str] = {}
        self._items: list[BoundItem] = []
        for name, below in table.named_tables("instrument").items():
            self._add(name, below)

    def bind(self, table: Table, key: str, kinds: Sequence[str]) -> BoundItem:
        """What ``becker.valve(103)`` means; each thing for one part of the laboratory only."""
        try:
            name, item_name, words = chosen(table.text(key))
        except ValueError as error:
            raise table.error(key, str(error)) from None
        instrument, item = self._found(table, key, (name, item_name), kinds)
        try:
            values = {**self._values[name], **given_parameters(item, self._values[name], words)}
        except ValueError as error:
            raise table.mistake(key, str(error)) from None
        self._take(table, key, (name, item_name, tuple(values[each] for each in item.parameters)))
        self._take_wires(table, key, instrument, item, values)
        bound = BoundItem(instrument, item, values, self._fence)
        self._items.append(bound)
        return bound

    def count_in(self, metrics: Metrics) -> None:
        """Count what they are asked, and how it ends."""
        for instrument in self._instruments.values():
            InstrumentFigures(instrument, metrics)
        for address, bus in self._buses.items():
            metrics.gauge(
                "pychron_comms_link_unasked",
                "How often something came from instruments that was the answer to nothing.",
                partial(getattr, bus, "unasked"),
                link=address,
            )

    def readings(self) -> Iterator[Reading]:
        """Whether each of them answers."""
        for presence in self._presences:
            yield presence.reading()

    def startService(self) -> None:
        super().startService()
        for item in self._items:
            item.start()

    def stopService(self) -> Any:
        for item in self._items:
            item.stop()
        for instrument in self._instruments.values():
            instrument.stop()
        return super().stopService()

    def _found(
        self, table: Table, key: str, names: tuple[str, str], kinds: Sequence[str]
    ) -> tuple[Instrument, Item]:
        name, item_name = names
        instrument = self._instruments.get(name)
        if instrument is None:
            raise table.mistake(key, f"no instrument {name!r}{_near(name, self._instruments)}")
        items = instrument.description.items
        fitting = {each: item for each, item in items.items() if item.kind_name in kinds}
        if item_name not in fitting:
            near = _near(item_name, fitting)
            raise table.mistake(key, f"{name} has no {item_name!r} for this{near}")
        return instrument, fitting[item_name]

    def _take(self, table: Table, key: str, place: tuple[str, str, tuple[Value, ...]]) -> None:
        other = self._bound.setdefault(place, table.name_of(key))
        if other != table.name_of(key):
            raise table.mistake(key, f"{table.text(key)} is taken already, by {other}")

    def _take_wires(
        self,
        table: Table,
        key: str,
        instrument: Instrument,
        item: Item,
        values: Mapping[str, Value],
    ) -> None:
        """What moves it must move nothing else: two of several kinds may be at one relay."""
        address = self._addresses[instrument.name]
        for name in item.kind.must - item.kind.safe:
            verb = item.verbs[name]
            given = {**values, "value": verb.minimum or 0}
            try:
                sent = question(instrument.description.wire, verb.exchange, given)
            except ValueError:
                continue
            other = self._moved.setdefault((address, sent), table.name_of(key)) if sent else ""
            if other not in {"", table.name_of(key)}:
                raise table.mistake(key, f"{table.text(key)} is moved by what moves {other}")

    def _add(self, name: str, table: Table) -> None:
        description = _description(table)
        address = _link(table, description)
        values = _values(table, description)
        self._check_place(table, address)
        for other in self._names_at(address):
            theirs = self._instruments[other].description
            if theirs.name == description.name:
                if self._values[other] == values:
                    raise table.mistake("link", f"instrument {other} is there already")
            elif not (_is_modbus(theirs) and _is_modbus(description)):
                raise table.mistake("link", f"instrument {other} is there, of another kind")
        self._addresses[name] = address
        self._values[name] = values
        instrument = self._instruments[name] = Instrument(
            name, description, values, self._bus(table, address, description), self._reactor
        )
        self._presences.append(Presence(instrument, address, self._now))

    def _check_place(self, table: Table, address: str) -> None:
        """One place has one link: two would open it twice."""
        place = place_of(parsed_address(address))
        known = self._places.setdefault(place, address)
        if known != address:
            others = ", ".join(self._names_at(known))
            raise table.mistake("link", f"instrument {others} is there already, by {known}")

    def _names_at(self, address: str) -> list[str]:
        return [name for name, at in self._addresses.items() if at == address]

    def _bus(self, table: Table, address: str, description: Description) -> Bus:
        if address not in self._buses:
            try:
                bus = Bus(spoken(description.wire, address), self._reactor)
                BusService(bus, address, self._reactor).setServiceParent(self)
            except ValueError as error:
                raise table.mistake("link", f"expected {error}, got {address!r}") from None
            self._buses[address] = bus
        bus = self._buses[address]
        bus.allow(description.wire.limits)
        return bus


def _is_modbus(description: Description) -> bool:
    """Whether others may be on its wire: each message says which unit it is for, and how long."""
    return description.wire.frames is not None


def _near(name: str, known: Iterable[str]) -> str:
    names = list(known)
    return f"{did_you_mean(name, names)} (there are: {', '.join(names) or 'none'})"


def _description(table: Table) -> Description:
    text = table.text("description")
    try:
        return named_description(str(table.beside(text)) if text.endswith(ENDING) else text)
    except FileNotFoundError as error:
        raise table.mistake("description", str(error)) from None


def _link(table: Table, description: Description) -> str:
    text = table.text("link", description.wire.link)
    try:
        link = plain_link(text)
        parsed_address(link)
    except ValueError as error:
        raise table.mistake("link", f"expected {error}, got {text!r}") from None
    return link


def _values(table: Table, description: Description) -> dict[str, Value]:
    values: dict[str, Value] = {}
    for name, parameter in description.parameters.items():
        value = table.scalar(name, parameter.default)
        if value is None:
            raise table.mistake(name, f"{description.title} needs it")
        if not parameter.takes(value):
            raise table.error(name, parameter.expected)
        values[name] = value
    return values
