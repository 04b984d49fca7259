"""Each fault between real processes: nothing lost, nothing doubled, nothing misdelivered.

Two things are left out, since TCP keeps them away and no text without a checksum could tell: bytes
that come twice on the way to the hardware, and bits of an id that flip. TLS detects both.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple

import pytest

from tests.faults.accounts import GARBLED, NONE, SUCCESS, Accounts
from tests.faults.asking import ask_together
from tests.faults.counting import REQUEST_TYPE
from tests.faults.kinds import (
    Corrupt,
    Delay,
    Drop,
    Duplicate,
    Fault,
    HalfOpen,
    Merge,
    Reset,
    Split,
    Truncate,
)
from tests.faults.laboratories import CountingLaboratory, address_of, wait_until_answered
from tests.faults.proxy import DOWN, UP, Direction, Proxy
from tests.integration.processes import PATIENCE, Processes

#: Seconds that a client waits where all is answered, and where something may never be. A command
#: through the relays takes some milliseconds.
_PATIENCE, _IMPATIENCE = PATIENCE, 0.3

# At once, or within a line: one is some 40 bytes on the first hop, some 70 on the second.
_CUTS = (("front", 50), ("hop", 0), ("hop", 50))
_PASSING = (Split(), Merge(), Delay(0.05))
_BREAKING: tuple[Callable[[int], Fault], ...] = (Drop, Truncate, Reset, HalfOpen)


class Road(NamedTuple):
    """A laboratory with a relay in front of its server, and one behind it."""

    laboratory: CountingLaboratory
    front: Proxy
    hop: Proxy
    accounts: Accounts

    def ask(self, patience: float) -> list[str]:
        """Actuate each device once; the kinds of the replies."""
        return ask_together(self.accounts, self.front.address, self.laboratory.devices, patience)

    def ask_processor(self, patience: float) -> list[str]:
        """The same, of the processor itself, through the relay behind the server."""
        return ask_together(
            self.accounts,
            self.hop.address,
            self.laboratory.devices,
            patience,
            before=f"{REQUEST_TYPE}|",
        )

    def heal(self) -> None:
        for relay in (self.front, self.hop):
            relay.heal()
            relay.reset_all()
        wait_until_answered(self.front.address)


@pytest.fixture(scope="module")
def road(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Road]:
    processes = Processes(tmp_path_factory.mktemp("road"))
    laboratory = CountingLaboratory(processes, prompt=2, slow=2, seconds=0.01)
    try:
        laboratory.start_processor()
        with Proxy(laboratory.socket) as hop:
            server = laboratory.start_server(hop.endpoint)
            with Proxy(address_of(server)) as front:
                yield Road(laboratory, front, hop, Accounts())
    finally:
        processes.end()


def named(fault: Fault) -> str:
    return fault.kind


both_ways = pytest.mark.parametrize("direction", list(Direction), ids=lambda each: each.value)
both_relays = pytest.mark.parametrize("relay", ["front", "hop"])


def kinds_with(
    road: Road,
    relay: str,
    direction: Direction,
    fault: Fault,
    patience: float = _PATIENCE,
    *,
    ask: Callable[[float], list[str]] | None = None,
) -> list[str]:
    """Ask with the fault in place, then without it; the kinds of reply with it.

    ``ask`` is who asks first, ``road.ask`` where it is left out.

    Fails where a promise does not hold, or where nothing is answered when the fault is gone.
    """
    faulty: Proxy = getattr(road, relay)
    injected = faulty.injected[fault.kind]
    faulty.set(direction, fault)
    try:
        kinds = (ask or road.ask)(patience)
        assert faulty.injected[fault.kind] > injected
    finally:
        road.heal()
    assert set(road.ask(_PATIENCE)) == {SUCCESS}
    road.accounts.assert_sound(road.laboratory.actuated)
    return kinds


@both_relays
@both_ways
@pytest.mark.parametrize("fault", _PASSING, ids=named)
def test_what_loses_no_byte_costs_no_reply(
    road: Road, relay: str, direction: Direction, fault: Fault
) -> None:
    assert set(kinds_with(road, relay, direction, fault)) == {SUCCESS}


@pytest.mark.parametrize(("relay", "cut"), _CUTS)
@both_ways
@pytest.mark.parametrize("kind", _BREAKING)
def test_what_breaks_a_connection_loses_and_doubles_nothing(
    road: Road, relay: str, cut: int, direction: Direction, kind: Callable[[int], Fault]
) -> None:
    kinds = kinds_with(road, relay, direction, kind(cut), _IMPATIENCE)
    # What was not answered with success is told so, or the client's own connection is the one
    # that broke, or its patience ended first.
    assert set(kinds) <= {SUCCESS, NONE, "011", "201"}
    assert kinds != [SUCCESS] * len(kinds)


@pytest.mark.parametrize(("relay", "at"), [("front", 20), ("front", 33), ("hop", 55), ("hop", 66)])
def test_a_flipped_bit_in_a_command_actuates_nothing_that_was_not_asked_for(
    road: Road, relay: str, at: int
) -> None:
    assert SUCCESS in kinds_with(road, relay, UP, Corrupt(at), 1.0)


@both_relays
def test_a_reply_with_a_flipped_bit_is_not_taken_for_another(road: Road, relay: str) -> None:
    # Nothing else comes down: of its state the processor tells those who have subscribed.
    ask = road.ask if relay == "front" else road.ask_processor
    assert GARBLED in kinds_with(road, relay, DOWN, Corrupt(at=12), ask=ask)


@both_relays
def test_a_reply_that_comes_twice_is_taken_once(road: Road, relay: str) -> None:
    assert set(kinds_with(road, relay, DOWN, Duplicate())) == {SUCCESS}
