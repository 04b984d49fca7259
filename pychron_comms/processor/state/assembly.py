"""What is watched of a processor, put together from its handlers and hardware."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from pychron_comms.interfaces import IHardware, IJournal, IRequestHandler, Reading, Severity
from pychron_comms.journal.watched import WatchedJournal
from pychron_comms.safeguards.leases import Leases
from pychron_comms.safeguards.system_lock import SystemLock
from pychron_comms.safeguards.unsafe_parts import UnsafeParts


def watched_managers(
    handlers: Mapping[str, IRequestHandler], hardware: IHardware
) -> dict[str, object]:
    """Managers by the request type that people know, ``runs``, and devices below ``device``."""
    managers: dict[str, object] = {}
    for handler in dict.fromkeys(handlers.values()):
        manager = getattr(handler, "manager", None)
        name = getattr(handler, "request_type", "")
        if name and manager is not None and manager not in managers.values():
            managers[name] = manager
    managers["runs"] = hardware.manager("runs")
    devices = hardware.devices()
    return managers | {f"device/{name}": device for name, device in devices.items()}


def lease_readings(leases: Leases, unsafe: UnsafeParts) -> Iterable[Reading]:
    """Each lease: its owner, and until when; each part that could not be made safe after its lease.

    Times in seconds of Unix time.
    """
    for trouble in unsafe.troubles():
        name, target = trouble.part.name, trouble.part.target
        details = {"since": round(trouble.since, 3), "part": target}
        reason = f"not made safe after {trouble.why}: {trouble.error}"
        yield Reading(
            f"unsafe/{name}", True, severity=Severity.MAJOR, reason=reason, details=details
        )
    for lease in leases.leases():
        details = {"until": round(lease.until, 3), "lease_of": lease.part.target}
        yield Reading(f"lease/{lease.part.name}", lease.owner, details=details)


def lock_readings(lock: SystemLock) -> Iterable[Reading]:
    """Who has the system lock, while somebody has it."""
    holder = lock.holder
    if holder is not None:
        details = {"address": holder.address, "since": round(holder.since, 3)}
        yield Reading("road/lock", holder.name, details=details)


def gate_readings(leases: Leases, unsafe: UnsafeParts, journal: IJournal) -> Iterable[Reading]:
    """How the gate stands: its leases, and its journal where there is one."""
    yield from lease_readings(leases, unsafe)
    if isinstance(journal, WatchedJournal):
        yield from journal.readings()
