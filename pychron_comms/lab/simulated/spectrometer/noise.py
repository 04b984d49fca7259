"""What chance adds to a measured signal."""

from __future__ import annotations

import math
from random import Random

#: In J/K and C, exact since the SI of 2019.
BOLTZMANN = 1.380649e-23
ELEMENTARY_CHARGE = 1.602176634e-19

#: Ions per second in a current of 1 fA, singly charged.
IONS_PER_FEMTOAMPERE = 1e-15 / ELEMENTARY_CHARGE

#: Of an ion counter that no ion reaches, per second.
DARK_COUNTS = 0.05

# From this mean on, a normal distribution is close enough to Poisson's.
_MANY = 100.0


def johnson_noise(ohms: float, seconds: float, kelvin: float) -> float:
    """The standard deviation, in fA, of a current measured through a resistor.

    The resistor's own noise is ``sqrt(4 k T R / t)`` volts over an integration of ``t`` seconds
    (Johnson and Nyquist, 1928); a current of that over R.
    """
    return 1e15 * math.sqrt(4 * BOLTZMANN * kelvin / (ohms * seconds))


def shot_noise(current: float, seconds: float) -> float:
    """The standard deviation, in fA, of a current in fA, because it comes in ions."""
    return math.sqrt(max(current, 0.0) / (IONS_PER_FEMTOAMPERE * seconds))


def poisson(mean: float, random: Random) -> int:
    """A count of independent events; ``mean`` is 0 or more."""
    if mean >= _MANY:
        return max(0, round(random.gauss(mean, math.sqrt(mean))))
    limit, product, count = math.exp(-mean), random.random(), 0
    while product > limit:
        product *= random.random()
        count += 1
    return count


def measured_current(
    current: float, ohms: float, seconds: float, kelvin: float, random: Random
) -> float:
    """What a Faraday cup shows of a current, in fA."""
    sigma = math.hypot(johnson_noise(ohms, seconds, kelvin), shot_noise(current, seconds))
    return random.gauss(current, sigma)


def measured_rate(current: float, seconds: float, random: Random) -> float:
    """What an ion counter shows of a current in fA, in counts per second."""
    rate = current * IONS_PER_FEMTOAMPERE + DARK_COUNTS
    return poisson(rate * seconds, random) / seconds
