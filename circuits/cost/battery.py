"""How long a battery lasts under a mean power, with what it loses by itself.

    dQ/dt = -P/V - r Q,   Q(0) = Q0      =>      t = ln(1 + r Q0 V / P) / r,   Q0 V / P without self-discharge

The voltage is taken as constant, and the whole charge as usable: true of a mean power that is small against what the
cell delivers in pulses (ASSUMED); a converter between cell and chip is not in it.
"""

import math
from dataclasses import dataclass

from circuits.errors import InputError
from circuits.units import YEAR, Coulombs, Seconds, Volts, Watts, freeze_si, require

MAH: Coulombs = 3.6  # of a milliampere-hour


@dataclass(frozen=True)
class Battery:
    """A full cell; `self_discharge` is the fraction of its charge that it loses in a year by itself."""

    name: str
    charge: Coulombs
    voltage: Volts
    self_discharge: float

    def __post_init__(self):
        freeze_si(self)
        require(self, "charge", self.charge > 0, "positive, in coulombs; a milliampere-hour is 3.6 C")
        require(self, "voltage", self.voltage > 0, "positive")
        require(self, "self_discharge", 0 <= self.self_discharge < 1, "0 to less than 1, the fraction lost in a year")

    @property
    def loss_rate(self) -> float:
        """r (1/s), so that exp(-r year) is what a year leaves."""
        return -math.log1p(-self.self_discharge) / YEAR


# Source: data sheet of a CR2032 (MALAK, antiuav.net/Others06/CR2032.html): lithium manganese dioxide, 3 V, 220 mAh,
# about 1 % a year. Other makers state 220 to 240 mAh.
CR2032 = Battery("CR2032", 220 * MAH, 3.0, 0.01)


def battery_life(battery: Battery, power: Watts) -> Seconds:
    """How long (s) the battery feeds a mean power (W). Raises: InputError for a power that is not positive."""
    if not 0 < power < math.inf:
        raise InputError(f"the mean power must be positive and finite, got {power} W; nothing drains no battery")
    current, rate = power / battery.voltage, battery.loss_rate
    return math.log1p(rate * battery.charge / current) / rate if rate else battery.charge / current
