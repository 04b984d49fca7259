"""Valves, pipettes and gauges, as scripts and notebooks use them."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import replace

from pychron_comms.client import valve_words
from pychron_comms.client.amounts import Word, written
from pychron_comms.client.answers import UnexpectedReplyError
from pychron_comms.client.instrument import Asks, Instrument
from pychron_comms.client.lease import Lease
from pychron_comms.client.waiting import DeadlinePassedError, Waiter, leave_alone
from pychron_comms.errors import ValveActuationError

_INDICATOR_INTERVAL = 0.05
_INDICATOR_DEADLINE = 1.0


class ExtractionLine(Instrument):
    """Valves by their names. Asking for one that there is none of raises 005, moving it 004."""

    def __init__(
        self,
        communicator: Asks | str,
        *,
        request_type: str = "",
        waiter: Waiter | None = None,
    ) -> None:
        super().__init__(communicator, request_type=request_type, waiter=waiter)
        self._indicator = replace(self._waiter, interval=_INDICATOR_INTERVAL, confirm=1)

    def open(self, valve: str, *, verify: bool = True) -> None:
        """Open a valve, and return when its indicator says so; without ``verify``, when told.

        Raises 014 for a software lock, 204 for another's valve, 015 for one that did not move or
        whose indicator disagrees for longer than 1 s.
        """
        self._actuate("Open", valve, verify, wanted=True)

    def close(self, valve: str, *, verify: bool = True) -> None:
        """Close a valve, as ``open`` opens it."""
        self._actuate("Close", valve, verify, wanted=False)

    def state(self, valve: str) -> bool:
        """Whether the valve was last told to open."""
        return self._state(written("GetValveState", Word(valve)))

    def indicator(self, valve: str) -> bool:
        """Whether the valve's switch says open."""
        return self._state(written("GetIndicatorState", Word(valve)))

    def is_locked(self, valve: str) -> bool:
        """Whether the valve is software locked."""
        return self._state(written("GetValveLockState", Word(valve)))

    def states(self, *, as_bits: bool = False) -> dict[str, bool]:
        """Every valve, and whether its indicator says open.

        ``as_bits`` asks for the word that writes the states as bits. Raises ChecksumError for a
        word that was damaged, in either form.
        """
        return self._word("GetStateWord" if as_bits else "GetValveStates")

    def locks(self, *, as_bits: bool = False) -> dict[str, bool]:
        """Every valve, and whether it is software locked; else as ``states``."""
        return self._word("GetLockWord" if as_bits else "GetValveLockStates")

    def owners(self) -> dict[str, str]:
        """Every valve, and the address of its owner, empty for a free one."""
        return valve_words.parse_owners(self.ask("GetValveOwners"))

    def checksum(self, valves: Iterable[str]) -> int:
        """CRC-32 of the states and locks of these valves, in this order."""
        return self._whole_number(written("GetStateChecksum", *map(Word, valves)))

    def pressure(self, controller: str, gauge: str) -> float:
        """The pressure at a gauge of a controller, in mbar. Raises 016 where there is none."""
        return self._number(written("GetPressure", Word(controller), Word(gauge)))

    def pipette_count(self, pipette: str) -> int:
        """Shots taken with a pipette."""
        return self._whole_number(written("GetPipetteCount", Word(pipette)))

    def pipette_counts(self) -> dict[str, int]:
        """Every pipette, and the shots taken with it."""
        command = "GetPipetteCounts"
        reply = self.ask(command)
        try:
            return {str(name): int(shots) for name, shots in json.loads(reply)}
        except (TypeError, ValueError):
            raise UnexpectedReplyError(command, reply) from None

    def claim_group(self, group: str) -> None:
        """Own the valves of a group, so that nobody else moves them. Raises 006."""
        self._do(written("ClaimGroup", Word(group)))

    def release_group(self, group: str) -> None:
        """Own the valves of a group no longer. Raises 006."""
        self._do(written("ReleaseGroup", Word(group)))

    def claimed(self, valve: str, seconds: float) -> Lease:
        """Keep a valve to this computer within a ``with`` block; see ``Lease``. Raises 204.

        The lease is renewed every third of ``seconds``, and lapses where this program dies.
        """
        return self._lease(Word(valve).checked("Claim"), seconds)

    def _actuate(self, command: str, valve: str, verify: bool, *, wanted: bool) -> None:
        self._do(written(command, Word(valve)))
        if verify:
            self._verify(command, valve, wanted)

    def _verify(self, command: str, valve: str, wanted: bool) -> None:
        try:
            self._indicator.until_over(
                f"the indicator of {valve}",
                lambda: self.indicator(valve) is not wanted,
                leave_alone,
                deadline=_INDICATOR_DEADLINE,
            )
        except DeadlinePassedError:
            found = "closed" if wanted else "open"
            raise ValveActuationError(
                valve, f"{command.lower()} (its indicator says {found})"
            ) from None

    def _word(self, command: str) -> dict[str, bool]:
        return valve_words.parse_word(command, self.ask(command))
