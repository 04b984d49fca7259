"""Numbers, intensities and errors as the text of a Qtegra reply.

Numbers are those of .NET's ``Double.ToString`` in the invariant culture, which Qtegra's script
uses: 15 significant digits, an exponent from 1E-05 down and from 1E+15 up.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Sequence

from pychron_comms.interfaces import Intensity

#: What Qtegra answers to a command that it does not know or cannot read.
INVALID = "Error: Invalid Command"

# Convert.ToDouble: blanks around it, a sign, commas among the digits before the point, exponent.
_NUMBER = re.compile(r"\s*([+-]?(?:\d[\d,]*\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)\s*", re.ASCII)


def number(value: float) -> str:
    """``1.5E-09``, ``-1.25E-05``, ``4500``: never a trailing ``.0``, never a minus before 0."""
    return format(value, ".15G") if value else "0"


def parse_number(text: str) -> float:
    """The number that .NET reads there; ValueError for none, and for one that is not finite."""
    found = _NUMBER.fullmatch(text)
    if found is None:
        raise ValueError(f"{text!r} is no number")
    value = float(found[1].replace(",", ""))
    if not math.isfinite(value):
        raise ValueError(f"{text!r} is too large")
    return value


def numbers(values: Iterable[float]) -> str:
    return ",".join(map(number, values))


def data(intensities: Sequence[Intensity], tagged: bool) -> str:
    """``H2,v,H1,v,...``, or ``v,v,...`` where they are not tagged."""
    if tagged:
        return ",".join(f"{each.detector},{number(each.value)}" for each in intensities)
    return numbers(each.value for each in intensities)


def untagged(intensities: Sequence[Intensity]) -> str:
    """Each detector's value, without its name."""
    return data(intensities, False)


def assignments(pairs: Iterable[tuple[str, float]]) -> str:
    """``name,value;name,value``."""
    return ";".join(f"{name},{number(value)}" for name, value in pairs)


def could_not_set(name: str, value: float) -> str:
    return f"Error: could not set {name} to {number(value)}"
