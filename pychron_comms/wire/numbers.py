"""A number as a command writes it."""

from __future__ import annotations

import math


def finite_number(text: str) -> float:
    """ValueError, in words for who wrote it, for what is none: ``nan`` and ``inf`` are not, nor is
    ``1_5``, which Python takes for 15."""
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    if not math.isfinite(number) or "_" in text:
        raise ValueError("must be a number")
    return number
