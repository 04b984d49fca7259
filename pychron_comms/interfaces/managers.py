"""Who owns hardware: the extraction line, devices, and what each may promise beside."""

# zope.interface methods take no self.
# mypy: disable-error-code="misc"

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from zope.interface import Attribute, Interface

from pychron_comms.interfaces.later import Later


class ValveStatus(NamedTuple):
    """One valve as a snapshot: ``open`` is its indicator, ``owner`` an address or empty.

    ``open`` is None where it is not known: that is neither open nor closed.
    """

    name: str
    open: bool | None
    locked: bool
    owner: str


class PipetteCount(NamedTuple):
    """How many shots, 0 or more, were taken with a pipette."""

    name: str
    shots: int


class IMakesSafe(Interface):
    """A manager that knows its own safe state."""

    def make_safe(target: str) -> Later[None]:
        """Bring a part, as ``ICall.target`` names it, or all where it is empty, to it; later."""


class ISafeOnStop(IMakesSafe):
    """A device that says whether it is made safe when its processor stops."""

    safe_on_stop: bool = Attribute("Whether a stop is a cause to.")


class ISafeWidth(Interface):
    """A manager that says how many commands that make safe it takes at a time.

    Of others, one that blocks takes one, and one that never blocks any number.
    """

    safe_width: int = Attribute("1 or more; as many threads call those that block.")


class IForetells(Interface):
    """A manager that knows of some calls, asking no hardware, that it will refuse them."""

    def foretell(method: str, *arguments: object) -> None:
        """Raise what that method raises for these arguments whenever it is called."""


class IForetellsMoves(Interface):
    """A manager that knows, asking no hardware, which moves it would refuse just now."""

    def foretell_move(target: str, value: object, sender: str) -> None:
        """Raise what moving that part to that value would raise for this sender just now."""


class IKnowsInterlocks(Interface):
    """An extraction line that knows what keeps its valves from opening."""

    def hindering(name: str) -> Sequence[str]:
        """The valves that must close first, just now. It asks no hardware. Errors: 005."""


class ITellsSomeValves(Interface):
    """An extraction line that tells of some of its valves without a look at all others."""

    def some_valves(names: Iterable[str]) -> Sequence[ValveStatus]:
        """Those of these names that it has, in this order."""


class IReactorManager(Interface):
    """Marks a manager whose methods never block, so that they run in the reactor's thread.

    A manager without this mark has its methods called in a thread of its own, one at a time; those
    that make safe may be called from a second thread meanwhile.
    """


class IExtractionLineManager(Interface):
    """Valves, pipettes and valve groups. A name it does not have raises 005, unless noted."""

    def valves() -> Sequence[ValveStatus]:
        """Every valve, in the order of its configuration."""

    def has_valve(name: str) -> bool:
        """Whether there is a valve of that name. Asked at the start too: it reads no hardware."""

    def open_valve(name: str, sender: str) -> Later[None]:
        """Open; later, when the valve has moved. Errors: 014 locked, 015 failed, 204 owned."""

    def close_valve(name: str, sender: str) -> Later[None]:
        """Close; later, when the valve has moved. Makes safe. Errors: as ``open_valve``."""

    def get_valve_state(name: str) -> Later[bool]:
        """Whether the valve was last commanded open; a bool, later."""

    def get_indicator_state(name: str) -> Later[bool]:
        """Whether the valve's own switch says open; a bool, later."""

    def get_software_lock(name: str) -> Later[bool]:
        """Whether the valve is software locked; a bool, later."""

    def get_manual_state(name: str) -> Later[bool]:
        """Whether the valve is under manual control, that is software locked; a bool, later."""

    def get_pipette_count(name: str) -> Later[int]:
        """Shots taken with that pipette, 0 or more, later. Errors: 004."""

    def get_pipette_counts() -> Later[Sequence[PipetteCount]]:
        """A sequence of ``PipetteCount``, later."""

    def claim_group(group: str, sender: str) -> Later[None]:
        """Make ``sender`` the owner of a group's valves. Errors: 006 no such group, 204 owned."""

    def release_group(group: str, sender: str) -> Later[None]:
        """End ``sender``'s ownership. Errors: 006 no such group, 204 owned by another."""


class IRunReport(Interface):
    """Keeps what the data-collection program tells of its runs."""

    def start_run(text: str, sender: str) -> Later[None]:
        """A run begins; ``text`` is its id, sample and power or temperature."""

    def complete_run(text: str, sender: str) -> Later[None]:
        """The run has ended, or was cancelled where ``text`` says so."""

    def start_mult_runs(text: str, sender: str) -> Later[None]:
        """A series begins; ``text`` is its number of samples."""

    def complete_mult_runs(text: str, sender: str) -> Later[None]:
        """The series has ended."""


class IScriptRunner(Interface):
    """Runs the laboratory's scripts."""

    def execute_script(name: str) -> Later[str]:
        """Start a script; a text that identifies this run of it, later. Errors: 001."""

    def get_script_state(identifier: str) -> Later[str]:
        """``Running`` or ``Complete``, later. Errors: 001 for an unknown identifier."""


class IDevice(Interface):
    """Something that can be read, and perhaps set."""

    name: str = Attribute("The name that commands use.")

    def get() -> Later[object]:
        """The present value: a number or text, later. Errors: 010."""

    def set(value: str, sender: str) -> Later[None]:
        """Set it, later. Errors: 004 for a value that it cannot take."""


class IConvertsValues(IDevice):
    """A device that can tell, asking no hardware, what it would be set to."""

    def converted(value: str) -> object:
        """What ``set`` sets it to for this text. Errors: 004 for a value that it cannot take."""


class IFlag(IDevice):
    """A value by which scripts on different computers wait for each other; read as 0 or 1."""

    def ping(sender: str) -> Later[str]:
        """Keep the flag alive: the time of day in seconds, or ``Complete`` when it has run out."""


class IGaugeController(IDevice):
    def get_pressure(gauge: str) -> Later[float]:
        """Pressure in mbar, later. Errors: 016 for a gauge that it does not have."""


class IChiller(IDevice):
    """Cools a laser. ``get`` is the coolant's temperature."""

    def get_faults() -> Later[Sequence[str]]:
        """A sequence of texts, empty for none, later."""

    def get_coolant_out_temperature() -> Later[float]:
        """In degrees C, later."""


class IPneumatics(IDevice):
    def get_pneumatics_pressure() -> Later[float]:
        """In psi, later."""
