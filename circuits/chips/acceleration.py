"""Which acceleration a network is run at where none is asked for: one that its device allows, and there the cheapest.

    energy(a) = events + static power (clip / a)        run a times faster than the speech, then switch off

The charges of the events stay the same at any speed; static power, and the crowbar of inverters that no current
starves, are paid for a shorter time: so the energy falls towards that of the events alone, soon by so little that more
speed is not worth it. Slow currents sink below the floor of the device, and a step of a fast chip no longer holds a
pulse and a reset; what lies between is tried.
"""

import math
from collections.abc import Callable, Sequence

import numpy as np

from circuits.chips.speed import largest_acceleration, least_acceleration, only_acceleration
from circuits.network.chip_network import ChipNetwork
from circuits.units import Joules

STEPS = 9  # tried, spaced evenly in the logarithm; the ends among them
WORTH = 0.01  # of the least energy: what less than that saves is not worth a faster chip. ASSUMED


def allowed_accelerations(chip: ChipNetwork) -> tuple[float, ...]:
    """Whole numbers from the slowest to the fastest that the device allows, none below real time.

    Where it allows none, all that a step has room for; a network with an acceleration of its own has only that.
    """
    if (only := only_acceleration(chip.network, chip.bias_devices)) is not None:
        return (only,)
    most = max(math.floor(largest_acceleration(chip.network, chip.circuit, chip.synapse)), 1)
    least = least_acceleration(chip)
    tried = np.geomspace(least if least <= most else 1, most, STEPS)
    return tuple(dict.fromkeys(float(round(a)) for a in tried))


def cheapest(accelerations: Sequence[float], total: Callable[[float], Joules]) -> float:
    """The slowest whose energy lies within `WORTH` of the least: haste that saves next to nothing is not free."""
    energies = {acceleration: total(acceleration) for acceleration in accelerations}
    enough = min(energies.values()) * (1 + WORTH)
    return min(a for a, energy in energies.items() if energy <= enough)
