"""What each exchangeable part promises. No logic here.

Every error named below is a class of ``pychron_comms.errors``; it is raised, or is the failure of
the Deferred, and never a return value. "Later" means that a method may return its answer, a
Deferred of it, or be ``async``.
"""

# zope.interface methods take no self.
# mypy: disable-error-code="misc"

from __future__ import annotations

import enum
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from twisted.internet.defer import Deferred
from zope.interface import Attribute, Interface

from pychron_comms.terms import PLAIN, Terms


class Effect(enum.Enum):
    """What running a command twice would do."""

    READ = "read"
    IDEMPOTENT = "idempotent"
    ACTUATE = "actuate"


#: Whether a command makes safe, as ``Describe`` tells: with all its values, some, or none.
ALWAYS, SOMETIMES, NEVER = "always", "sometimes", "never"


class ValveStatus(NamedTuple):
    """One valve as a snapshot: ``open`` is its indicator, ``owner`` an address or empty."""

    name: str
    open: bool
    locked: bool
    owner: str


class PipetteCount(NamedTuple):
    """How many shots, 0 or more, were taken with a pipette."""

    name: str
    shots: int


class Position(NamedTuple):
    """Stage coordinates in mm."""

    x: float
    y: float
    z: float


class Intensity(NamedTuple):
    """What one detector measured: fA for a Faraday cup, counts per second for an ion counter."""

    detector: str
    value: float


class Snapshot(NamedTuple):
    """An image: where it lies on the laser's computer, where others find it, its bytes."""

    local_path: str
    shared_path: str
    image: bytes


class Part(NamedTuple):
    """Something that can be leased: a manager, or a part of it as ``ICall.target`` names it.

    ``name`` is what people call it, as in ``CO2`` or ``System:A``.
    """

    name: str
    manager: Any
    target: str


class Lease(NamedTuple):
    """Who has a part to itself; times in seconds of Unix time."""

    part: Part
    owner: str
    since: float
    until: float


class ICall(Interface):
    """A command of one request, checked and converted, not yet run."""

    name: str = Attribute("The command word.")
    effect: Effect = Attribute("What running it twice would do.")
    safe: bool = Attribute("Whether it makes hardware safe and so passes the queue.")
    deadline: float = Attribute("Seconds from its arrival until it must have ended.")
    manager: Any = Attribute("Who owns the hardware it is for; None where it touches none.")
    target: str = Attribute("The part of the manager it acts on; empty for the whole.")
    sender: str = Attribute("The address of who asked.")
    terms: Terms = Attribute("What was said beside it; PLAIN until the gate says otherwise.")

    def same_read(other: Any) -> bool:
        """Whether both are the same read, so that one answer serves both."""

    def run() -> Any:
        """Call the manager and return what it returns. Called at most once."""

    def reply(result: Any) -> str:
        """The text of the reply to what the manager returned. Errors: 010 for no answer."""


class IRequestHandler(Interface):
    """Knows the commands of one request type."""

    def prepare(data: str, sender: str) -> Any:
        """Find the command, check and convert its arguments; return an ``ICall``.

        Runs no hardware. Errors: 003 unknown command, 004 arguments, 206 malformed, 008 and 016
        for a device that is not there.
        """

    def handle(call: Any) -> Any:
        """Run a prepared call in the reactor's thread: the text of its reply, later.

        A call for a manager that blocks is run in that manager's thread instead, by its own
        ``run`` and ``reply``.
        """


class IDescribedHandler(IRequestHandler):
    """One whose commands can be told apart without running them."""

    def part(name: str) -> Any:
        """The ``Part`` of that name; the request type's own name is all of it. Errors: 004."""

    def matcher(text: str) -> Callable[[Any], bool]:
        """Tells the calls that run what ``text`` says: a command word and, perhaps, arguments.

        Arguments that it leaves out may be any. Errors: 003, 004, 206; ValueError.
        """


class IRequestHandlerFactory(Interface):
    """Adds request types to the road. Found as a ``twisted.plugin`` of this interface."""

    request_types: Sequence[str] = Attribute("The type and its aliases; case counts.")

    def build(hardware: Any) -> Any:
        """An ``IRequestHandler`` for the managers of an ``IHardware``.

        Raise ManagerUnavailableError (007) where the hardware lacks what the type needs.
        """


class IHardware(Interface):
    """The managers that one processor owns, by name."""

    safeguards: Any = Attribute("The laboratory's ``ISafeguards``.")

    def manager(name: str) -> Any:
        """The manager of that name. Errors: 007."""

    def device(name: str) -> Any:
        """The ``IDevice`` of that name. Errors: 008."""

    def device_providing(interface: Any) -> Any:
        """The first ``IDevice`` that provides ``interface``, such as ``IChiller``. Errors: 008."""

    def start() -> Any:
        """Begin to work; called once, when the processor starts."""

    def making_safe() -> Sequence[tuple[Any, Callable[[], Any]]]:
        """Each manager that must be made safe when the processor stops, and what to call for it."""


class IHardwareGate(Interface):
    """The one way to the hardware, whichever road a request came."""

    def process_server_request(
        request_type: str, data: str, sender: str, terms: Terms = PLAIN
    ) -> str | Deferred[str]:
        """Run the command ``data`` for ``sender``, on these terms.

        The text of the reply where it is known at once, else a Deferred of it. Errors: any
        ``CommandError``, raised or as the Deferred's failure.
        """

    def asker_gone(response: Deferred[str]) -> None:
        """Nobody waits for this response any more: its command is not begun if it still waits.

        The response comes all the same: with 202 for a command that was not begun.
        """

    def session_ended(session: str) -> None:
        """A connection is gone, and with it what was bound to it."""


class ICommandRepeater(Interface):
    """Takes a command to the processor that owns its hardware."""

    def get_response(
        request_type: str, data: str, sender: str, terms: Terms = PLAIN
    ) -> Deferred[str]:
        """The processor's reply to ``request_type|data``.

        Nothing is ever sent twice. Errors: 011 never sent, 201 sent and outcome unknown.
        """

    def asker_gone(response: Deferred[str]) -> None:
        """Nobody waits any more for a response that ``get_response`` gave, as with the gate."""

    def session_ended(session: str) -> None:
        """A client's connection is gone, and with it what was bound to it."""

    def test_connection() -> Deferred[None]:
        """A round trip to the processor. Errors: 011, 201."""


class IAccessRule(Interface):
    """Decides whether a sender may do what it asks."""

    def admit(sender: str) -> None:
        """Return for a sender that may ask at all; for no raise 013, before anything is read."""

    def check(call: Any) -> None:
        """Return for yes; for no raise 012, 013, 204 or 208."""


class ISafeguards(Interface):
    """What the gate knows and does, for the commands that ask about it."""

    system_lock: Any = Attribute("The laboratory's ``ISystemLock``.")

    def outcome(sender: str, key: str) -> str:
        """What became of ``sender``'s command of that key.

        ``never seen``, ``waiting``, ``running``, ``done REPLY``, or ``unknown`` where it ran when
        the processor died.
        """

    def claim(part: Part, sender: str, seconds: float, session: str) -> None:
        """Lease a part for so long, or renew the lease; with a session, not beyond its end.

        Errors: 204 where another has leased it, or something that it overlaps.
        """

    def release(part: Part, sender: str) -> None:
        """End a lease; nothing where there is none. Errors: 204 for another's."""

    def override(part: Part, sender: str, reason: str, key: str, role: str = "") -> None:
        """End whatever leases are in the way, and make safe. Errors: 208 for a wrong key.

        ``role`` is the most that is allowed where it came in, as in ``Terms``.
        """

    def owners() -> Sequence[Lease]:
        """Every lease, oldest first."""

    def check(request_type: str, data: str, sender: str, terms: Terms = PLAIN) -> Any:
        """Return, later, where ``sender`` might run that command now; else what it would get."""


class ISystemLock(Interface):
    """The lock by which one computer keeps the laboratory's hardware to itself."""

    def lock(sender: str) -> None:
        """Take the lock. Errors: 009 for an address that is no registered system, 012 if taken."""

    def unlock(sender: str) -> None:
        """Give it back; nothing where it is free. Errors: 009, 012 where another holds it."""


class IJournal(Interface):
    """Where it is written down who asked what, when, and with which answer."""

    def write(event: str, **fields: Any) -> int:
        """Append one record; its number. Errors: 214, and then nothing was written."""

    def records(since: float = 0.0) -> Iterator[Mapping[str, Any]]:
        """What is kept from that time on, in seconds of Unix time; oldest first.

        From before this start as well.
        """

    def close() -> None:
        """Write no more."""


class IMakesSafe(Interface):
    """A manager that knows its own safe state."""

    def make_safe(target: str) -> Any:
        """Bring a part, as ``ICall.target`` names it, or all where it is empty, to it; later."""


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
        """Whether there is a valve of that name."""

    def open_valve(name: str, sender: str) -> Any:
        """Open; later, when the valve has moved. Errors: 014 locked, 015 failed, 204 owned."""

    def close_valve(name: str, sender: str) -> Any:
        """Close; later, when the valve has moved. Makes safe. Errors: as ``open_valve``."""

    def get_valve_state(name: str) -> Any:
        """Whether the valve was last commanded open; a bool, later."""

    def get_indicator_state(name: str) -> Any:
        """Whether the valve's own switch says open; a bool, later."""

    def get_software_lock(name: str) -> Any:
        """Whether the valve is software locked; a bool, later."""

    def get_manual_state(name: str) -> Any:
        """Whether the valve is under manual control, that is software locked; a bool, later."""

    def get_pipette_count(name: str) -> Any:
        """Shots taken with that pipette, 0 or more, later. Errors: 004."""

    def get_pipette_counts() -> Any:
        """A sequence of ``PipetteCount``, later."""

    def claim_group(group: str, sender: str) -> Any:
        """Make ``sender`` the owner of a group's valves. Errors: 006 no such group, 204 owned."""

    def release_group(group: str, sender: str) -> Any:
        """End ``sender``'s ownership. Errors: 006 no such group, 204 owned by another."""


class IRunReport(Interface):
    """Keeps what the data-collection program tells of its runs."""

    def start_run(text: str, sender: str) -> Any:
        """A run begins; ``text`` is its id, sample and power or temperature."""

    def complete_run(text: str, sender: str) -> Any:
        """The run has ended, or was cancelled where ``text`` says so."""

    def start_mult_runs(text: str, sender: str) -> Any:
        """A series begins; ``text`` is its number of samples."""

    def complete_mult_runs(text: str, sender: str) -> Any:
        """The series has ended."""


class IScriptRunner(Interface):
    """Runs the laboratory's scripts."""

    def execute_script(name: str) -> Any:
        """Start a script; a text that identifies this run of it, later. Errors: 001."""

    def get_script_state(identifier: str) -> Any:
        """``Running`` or ``Complete``, later. Errors: 001 for an unknown identifier."""


class IDevice(Interface):
    """Something that can be read, and perhaps set."""

    name: str = Attribute("The name that commands use.")

    def get() -> Any:
        """The present value: a number or text, later. Errors: 010."""

    def set(value: str, sender: str) -> Any:
        """Set it, later. Errors: 004 for a value that it cannot take."""


class IFlag(IDevice):
    """A value by which scripts on different computers wait for each other; read as 0 or 1."""

    def ping(sender: str) -> Any:
        """Keep the flag alive: the time of day in seconds, or ``Complete`` when it has run out."""


class IGaugeController(IDevice):
    def get_pressure(gauge: str) -> Any:
        """Pressure in mbar, later. Errors: 016 for a gauge that it does not have."""


class IChiller(IDevice):
    """Cools a laser. ``get`` is the coolant's temperature."""

    def get_faults() -> Any:
        """A sequence of texts, empty for none, later."""

    def get_coolant_out_temperature() -> Any:
        """In degrees C, later."""


class IPneumatics(IDevice):
    def get_pneumatics_pressure() -> Any:
        """In psi, later."""


class ILaserManager(Interface):
    """A laser with its stage, motors, camera and patterns.

    Everything that takes longer than 0.5 s is begun by its method, which then returns, and is
    polled. Errors named are beside 010 for hardware that does not answer.
    """

    def enable() -> Any:
        """Make the laser ready to fire. Errors: 101, 102 with the interlock in its way, 105."""

    def disable() -> Any:
        """Make it unable to fire, power to 0. Makes safe. Errors: 101, 103."""

    def is_enabled() -> Any:
        """A bool, later."""

    def get_error() -> Any:
        """A text, or None where nothing is wrong, later."""

    def get_laser_status() -> Any:
        """A short text, later."""

    def prepare() -> Any:
        """Begin to get ready for an extraction."""

    def is_ready() -> Any:
        """Whether ``prepare`` has come to its end; a bool, later."""

    def set_laser_power(power: float) -> Any:
        """Power in percent, 0 to 100. Errors: 101; unless 0: 102 while not enabled, 105."""

    def set_laser_output(value: float, units: str) -> Any:
        """Output in ``percent``, ``watts`` or ``temp`` (degrees C).

        Errors: as the power; 004, 106 for what the laser does not reach.
        """

    def read_laser_power() -> Any:
        """Measured watts, later."""

    def get_achieved_output() -> Any:
        """The output that was reached, in the units it was set in, later."""

    def get_pyrometer_temperature() -> Any:
        """Degrees C, later."""

    def get_position() -> Any:
        """The stage's ``Position``, later."""

    def set_xy(x: float, y: float) -> Any:
        """Begin a move, in mm. Errors: 108 outside the stage's travel, for all moves."""

    def set_axis(axis: str, value: float) -> Any:
        """Begin a move of ``x``, ``y`` or ``z``, in mm. Errors: 108."""

    def is_moving(axis: str) -> Any:
        """Whether ``x``, ``y`` or ``z`` moves, or any where ``axis`` is empty; a bool, later."""

    def stop_drive() -> Any:
        """Stop the stage where it is. Makes safe."""

    def set_drive_home() -> Any:
        """Begin to move all axes home, to 0."""

    def set_home(axis: str) -> Any:
        """Declare the present position of ``x``, ``y`` or ``z`` to be 0."""

    def go_to_hole(hole: int, autocenter: bool) -> Any:
        """Begin a move to a hole of the sample holder. Errors: 108 no such hole."""

    def go_to_named_position(name: str) -> Any:
        """Begin a move to a position of that name. Errors: 108."""

    def go_to_point(name: str) -> Any:
        """Begin a move to a point of that name. Errors: 108."""

    def is_autocentering() -> Any:
        """Whether the camera still corrects the position; a bool, later."""

    def cancel_autocentering() -> Any:
        """End the correction."""

    def trace_path(value: float, name: str, kind: str) -> Any:
        """Begin to trace a path at ``value`` (power or velocity). Errors: 108 no such path."""

    def is_tracing() -> Any:
        """A bool, later."""

    def stop_trace() -> Any:
        """Makes safe."""

    def get_pattern_names() -> Any:
        """A sequence of names, later."""

    def execute_pattern(name: str, duration: float | None) -> Any:
        """Begin a pattern, for ``duration`` seconds or its own time. Errors: 004 no such one."""

    def is_patterning() -> Any:
        """A bool, later."""

    def stop_pattern() -> Any:
        """Makes safe."""

    def set_beam_diameter(value: float) -> Any:
        """In mm; True, or False where the beam motor is locked, later."""

    def get_beam_diameter() -> Any:
        """In mm, or None without a beam motor, later."""

    def set_zoom(value: float) -> Any:
        """In percent of the camera's zoom."""

    def get_zoom() -> Any:
        """In percent, or None without a zoom motor, later."""

    def set_motor(name: str, value: float) -> Any:
        """Begin a motor's move; True, or False where it is locked. Errors: 107, 108."""

    def is_motor_moving(name: str) -> Any:
        """A bool, later. Errors: 107."""

    def set_motor_lock(name: str, locked: bool) -> Any:
        """Forbid a motor to move, or allow it again. Errors: 107."""

    def set_sample_holder(name: str) -> Any:
        """Errors: 104."""

    def get_sample_holder() -> Any:
        """A name, later."""

    def take_snapshot(name: str, extension: str) -> Any:
        """A ``Snapshot``, later."""

    def start_video_recording(name: str) -> Any:
        """Begin to record."""

    def stop_video_recording() -> Any:
        """End the recording; nothing where none runs."""

    def machine_vision_degas(lumens: float, duration: float) -> Any:
        """Begin to degas at a brightness, for ``duration`` seconds."""

    def set_light(value: float) -> Any:
        """The stage light, 0 to 100 percent."""

    def get_response_blob() -> Any:
        """The last extraction's measured response, bytes, later."""

    def get_output_blob() -> Any:
        """The last extraction's output, bytes, later."""

    def acquire_grain_polygon() -> Any:
        """Begin to take the outline of the grain."""

    def start_measure_grain_polygon() -> Any:
        """Begin to measure outlines again and again."""

    def stop_measure_grain_polygon() -> Any:
        """End that."""

    def get_grain_polygon_blob() -> Any:
        """The next outline, bytes, or None when there are no more, later."""


class IUVLaserManager(ILaserManager):
    """A pulsed laser."""

    def fire(mode: str) -> Any:
        """``burst`` or ``continuous`` begins, ``stop`` ends. Errors: 102 while not enabled."""

    def stop_fire() -> Any:
        """Makes safe."""

    def is_firing() -> Any:
        """A bool, later."""

    def set_nburst(count: int) -> Any:
        """Pulses of a burst, 1 or more."""

    def get_nburst() -> Any:
        """A count, later."""

    def get_burst_mode() -> Any:
        """Whether bursts are chosen; a bool, later."""

    def set_reprate(rate: float) -> Any:
        """Pulses per second, above 0 to 300."""


class ISpectrometer(Interface):
    """A mass spectrometer, as Qtegra shows it: parameters by name, detectors, cups, a magnet.

    Each method returns its answer, not later unless so noted; what takes longer than 0.5 s is
    begun and then polled. A parameter or value that is refused raises 106 as a
    ``pychron_comms.qtegra.parameters.ParameterError``, which names both.
    """

    tag_data: bool = Attribute("Whether Qtegra's form of the intensities names the detectors.")

    def detectors() -> Sequence[str]:
        """The names of the detectors, highest mass first, ion counters last."""

    def get_intensities() -> Sequence[Intensity]:
        """The last complete integration, in the order of ``detectors``.

        A detector that the configuration cannot name is called ``foo``, as Qtegra's script does.
        Errors: 010 before the first integration has ended.
        """

    def get_integration_time() -> float:
        """In seconds."""

    def set_integration_time(seconds: float) -> Any:
        """Begin a new integration of that length. Errors: 106."""

    def get_parameter(name: str) -> float:
        """A hardware parameter by its Qtegra name. Errors: 004 for none of that name, 010."""

    def set_parameter(name: str, value: float) -> Any:
        """Errors: 106 for an unknown name, a value out of range, or hardware that refuses."""

    def get_gain(detector: str) -> float:
        """The factor by which its amplifier's signal is multiplied. Errors: 004."""

    def set_gain(detector: str, gain: float) -> Any:
        """Errors: 004."""

    def move_magnet(dac: float) -> Any:
        """Begin to set the field, in volts of its DAC, 0 to 10; far moves go by steps.

        Errors: 106.
        """

    def is_magnet_moving() -> bool:
        """Whether a far move is under way."""

    def set_mass(mass: float, detector: str) -> Any:
        """Bring a mass, in u, to a detector; later, when it is there. Errors: 004, 108."""

    def blank_beam(blanked: bool) -> Any:
        """Keep the beam from the detectors, or let it through again. Errors: 106."""

    def protect_detector(detector: str, protected: bool) -> Any:
        """Deflect the beam past one detector, or no longer. Errors: 004, 106."""

    def set_ion_counter(detector: str, active: bool) -> Any:
        """Switch an ion counter on or off. Errors: 004 for a detector that is none."""

    def cup_configurations() -> Sequence[str]:
        """The names of the cup configurations."""

    def sub_cup_configurations(cup: str) -> Sequence[str]:
        """Errors: 004 no such cup configuration."""

    def active_cup_configuration() -> tuple[str, str]:
        """The names of the active cup configuration and of its active sub cup configuration."""

    def activate_cup_configuration(cup: str, sub_cup: str) -> Any:
        """Errors: 004."""

    def tuning_settings() -> Sequence[str]:
        """The names of the stored tuning settings."""

    def load_tuning_settings(name: str) -> Any:
        """Set every parameter that they hold. Errors: 004 no such settings, 106."""
