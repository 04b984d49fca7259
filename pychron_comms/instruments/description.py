"""What a description says of an instrument, once its file has been read. No I/O."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

from pychron_comms.instruments.fields import Value
from pychron_comms.instruments.framing import Ends
from pychron_comms.instruments.kinds import Kind
from pychron_comms.instruments.modbus.exchange import (
    ModbusExchange,
    ModbusIdentity,
    ModbusRead,
    ModbusWrite,
)
from pychron_comms.instruments.modbus.frames import Frames
from pychron_comms.instruments.pattern import GarbledError, Pattern


@dataclass(frozen=True, kw_only=True)
class Step:
    """One message and its answer; ``{body}`` is the command's, ``{reply}`` what it asked for."""

    send: Pattern
    take: Pattern
    refuse: Pattern | None
    #: What ends the message.
    line: bytes
    ends: Ends


@dataclass(frozen=True, kw_only=True)
class Limits:
    """Seconds. ``first_byte`` and ``between_bytes`` are waited for an answer, ``lock`` for the bus.

    ``idle`` is kept between two messages. ``late`` is how long after a missed answer one may still
    come: the bus is quiet for as long, and what comes is dropped.
    """

    lock: float
    first_byte: float
    between_bytes: float
    idle: float
    late: float

    def together(self, other: Limits) -> Limits:
        """The more patient of each."""
        return Limits(
            lock=max(self.lock, other.lock),
            first_byte=max(self.first_byte, other.first_byte),
            between_bytes=max(self.between_bytes, other.between_bytes),
            idle=max(self.idle, other.idle),
            late=max(self.late, other.late),
        )


@dataclass(frozen=True, kw_only=True)
class Wire:
    """How the instrument is talked to, whatever it is asked."""

    link: str
    steps: tuple[Step, ...]
    limits: Limits
    #: Sent after a missed answer: what brings the instrument back to the start of a talk.
    recover: bytes
    #: Lines that it says by itself, and that are the answer to nothing.
    unasked: Callable[[bytes], bool]
    #: Texts for the codes of a ``refuse``.
    refusals: Mapping[str, str]
    #: Whether it says anything by itself.
    speaks: bool = False
    #: Whether its bytes are shown as pairs of hexadecimal digits.
    hexadecimal: bool = False
    #: Of Modbus, which has no steps; None of what is talked to otherwise.
    frames: Frames | None = None


@dataclass(frozen=True, kw_only=True)
class Exchange:
    """``take`` is None where the instrument does not answer; ``first`` is done just before, with
    nobody in between. ``ends`` replaces the wire's where the answer ends otherwise."""

    send: Pattern
    take: Pattern | None
    first: Exchange | None = None
    ends: Ends | None = None

    @property
    def names(self) -> set[str]:
        """Fields of what is sent."""
        return set(self.send.fields) | (self.first.names if self.first else set())

    def carried(self, value: float) -> Value:
        """What is left of a value on the wire. ValueError for one that does not fit."""
        return self.send.carried(value)

    @property
    def sent(self) -> str:
        """What it sends, in words: of two with the same, both have the same answer."""
        return self.send.text

    @property
    def taken(self) -> str:
        """What it takes of the answer, in words."""
        return self.take.text if self.take else ""


AnyExchange: TypeAlias = Exchange | ModbusExchange
Question: TypeAlias = Exchange | ModbusRead
Command: TypeAlias = Exchange | ModbusWrite
#: Has one field, which says what the instrument is.
Identifying: TypeAlias = Exchange | ModbusIdentity | ModbusRead


@dataclass(frozen=True, kw_only=True)
class Identify:
    """Asked at each connect; the reply must match, or nothing else is asked."""

    exchange: Identifying
    fits: Callable[[str], bool]
    #: What the simulator says.
    answer: str

    def check(self, fields: Mapping[str, Value]) -> None:
        """GarbledError where an answer says that it is another."""
        (said,) = fields.values()
        if not self.fits(str(said)):
            raise GarbledError(f"it says that it is {said!r}")


@dataclass(frozen=True, kw_only=True)
class Reading:
    """Something that can be asked. ``words`` make states of texts, ``status`` of codes.

    A reading all of whose values are words is a state. ``proof`` is where a state comes from:
    ``commanded`` (the instrument repeats what it was told), ``coil`` or ``indicator``.
    """

    name: str
    exchange: Question
    unit: str
    words: Mapping[str, str]
    status: Mapping[int, str]
    bits: Mapping[int, str]
    minimum: float | None
    maximum: float | None
    every: float
    proof: str
    simulated: Value
    #: Whether it is always one of its words, and never a number.
    is_state: bool
    tests: tuple[Example, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Verify:
    """After a verb ``reading`` must be what was wanted, within ``within``, and in ``seconds``."""

    reading: str
    within: float
    seconds: float


@dataclass(frozen=True, kw_only=True)
class Verb:
    """Something that can be done. What makes safe may be sent up to ``repeat`` times; what moves
    is sent once."""

    name: str
    exchange: Command
    safe: bool
    repeat: int
    unit: str
    minimum: float | None
    maximum: float | None
    verify: Verify | None
    #: By how much a set point may be moved at once, and how fast: in its unit a minute.
    step: float | None = None
    ramp: float | None = None
    tests: tuple[Example, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Example:
    """A piece of talk as it stands in a manual: what is sent and what comes back, in turn."""

    values: Mapping[str, Value]
    wire: tuple[tuple[bool, bytes], ...]
    gives: Value | None
    refused: bool


@dataclass(frozen=True, kw_only=True)
class Parameter:
    """A number or word that says which of several like things is meant: a channel, an address."""

    name: str
    minimum: float | None
    maximum: float | None
    choices: tuple[str, ...]
    default: Value | None

    @property
    def expected(self) -> str:
        """In words."""
        if self.choices:
            return "one of " + ", ".join(self.choices)
        if self.minimum is None and self.maximum is None:
            return "a number or a text"
        low = "" if self.minimum is None else f" from {self.minimum:g}"
        return f"a number{low}" + ("" if self.maximum is None else f" to {self.maximum:g}")

    def read(self, word: str) -> Value:
        """What a word says it is. ValueError for what it cannot be."""
        value: Value = word
        for convert in (int, float):
            try:
                value = convert(word)
                break
            except ValueError:
                continue
        if not self.takes(value):
            raise ValueError(f"{self.name}: expected {self.expected}, got {word!r}")
        return value

    def takes(self, value: Value) -> bool:
        """Whether it can be this one."""
        if self.choices:
            return str(value) in self.choices
        if self.minimum is None and self.maximum is None:
            return True
        low = -math.inf if self.minimum is None else self.minimum
        high = math.inf if self.maximum is None else self.maximum
        return not isinstance(value, str) and low <= value <= high


@dataclass(frozen=True, kw_only=True)
class Item:
    """One kind of thing in the instrument; its parameters tell one from another."""

    name: str
    kind_name: str
    kind: Kind
    parameters: Mapping[str, Parameter]
    readings: Mapping[str, Reading]
    verbs: Mapping[str, Verb]

    def members(self) -> Iterator[tuple[str, Reading | Verb]]:
        """All that it can tell and do, each by its place in the file."""
        for reading in self.readings.values():
            yield f"item.{self.name}.read.{reading.name}", reading
        for verb in self.verbs.values():
            yield f"item.{self.name}.do.{verb.name}", verb


@dataclass(frozen=True, kw_only=True)
class Description:
    """An instrument. ``unsure`` are facts that its author could not find a source for."""

    name: str
    title: str
    source: str
    unsure: tuple[str, ...]
    wire: Wire
    identify: Identify | None
    #: Of the instrument as a whole; each item has them too.
    parameters: Mapping[str, Parameter]
    items: Mapping[str, Item] = field(default_factory=dict)
