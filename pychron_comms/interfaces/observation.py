"""What hardware tells of itself, unasked, and who hears what commands do."""

# zope.interface methods take no self.
# mypy: disable-error-code="misc"

from __future__ import annotations

import enum
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from zope.interface import Interface


class Severity(enum.Enum):
    """How something stands, best first. What is not known is invalid, never ok."""

    OK = "ok"
    MINOR = "minor"
    MAJOR = "major"
    INVALID = "invalid"


class Source(enum.Enum):
    """Where a value comes from, best first."""

    #: The hardware was asked.
    READBACK = "readback"
    #: A switch or a second sensor tells it.
    INDICATOR = "indicator"
    #: It was last told so, and nothing has shown it.
    COMMANDED = "commanded"
    #: Nobody has told or asked; it is taken to be so.
    ASSUMED = "assumed"
    #: A person said so.
    MANUAL = "manual"


#: The words for how it is known where a part stands, in configurations and descriptions, the least
#: first: it was told so, its relay says so, a switch at the part does.
PROOFS: Mapping[str, Source] = {
    "commanded": Source.COMMANDED,
    "coil": Source.READBACK,
    "indicator": Source.INDICATOR,
}


class Reading(NamedTuple):
    """One thing that a manager tells: ``path`` is within it, as in ``valve/A``.

    ``value`` is what JSON holds: a number, a text, a bool, a list of these; None where it cannot
    be told. ``details`` are what a kind of thing has beside: a valve's target, owner, lock.
    """

    path: str
    value: Any
    unit: str = ""
    source: Source = Source.READBACK
    severity: Severity = Severity.OK
    reason: str = ""
    details: Mapping[str, Any] = {}


class IKnowsProof(Interface):
    """A manager or device that tells how it is known where its parts stand."""

    def proofs() -> Mapping[str, Source]:
        """Of each part that has states, by its name; of a device as a whole, by the empty one.

        It asks no hardware: it is how it would be known, whether or not it is just now.
        """


class IShowsState(Interface):
    """A manager or device that tells more of itself than its other interfaces do."""

    def readings() -> Sequence[Reading]:
        """How it stands now, or a Deferred of that, or ``async``.

        It takes the place of what other interfaces tell of the same path. Runs where the manager's
        other methods run, about once a second: it must not take long.
        """
