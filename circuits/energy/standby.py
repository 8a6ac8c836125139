"""Power of a chip that works now and then: duty cycle, power gating, and memory that needs no power to remember.

P_mean    = P_active d + P_standby (1 - d) + E_wake rate
P_standby = P_leak (1 - gated)
t_even    = (E_store + E_restore) / P_leak       a shorter pause is cheaper asleep, a longer one switched off
"""

import math

from circuits.errors import InputError
from circuits.units import Hertz, Joules, Seconds, Watts


def mean_power(active: Watts, standby: Watts, duty: float, wake: Joules = 0.0, rate: Hertz = 0.0) -> Watts:
    """Mean power (W) of a chip that is at work for a fraction `duty` of the time, and is woken `rate` times a second.

    Raises: InputError for a duty outside 0 to 1, or a negative power, energy or rate.
    """
    if not 0 <= duty <= 1:
        raise InputError(f"the duty cycle must be 0 to 1, got {duty:g}; a chip cannot work longer than all the time")
    parts = {"active power": active, "standby power": standby, "energy of waking": wake, "rate": rate}
    for name, value in parts.items():
        _require_positive_or_zero(name, value)
    return active * duty + standby * (1 - duty) + wake * rate


def gated_leak(leak: Watts, gated: float) -> Watts:
    """P_leak (1 - gated): what flows on where a switch cuts a fraction off. Raises: InputError, gated not in 0 to 1."""
    _require_positive_or_zero("leak", leak)
    if not 0 <= gated <= 1:
        raise InputError(f"the gated fraction of the leak must be 0 to 1, got {gated:g}; 0.95 cuts off 95 %")
    return leak * (1 - gated)


def break_even(store: Joules, restore: Joules, leak: Watts) -> Seconds:
    """(E_store + E_restore) / P_leak: the pause from which on it pays to store and switch off; never without a leak.

    Raises: InputError for a negative energy or power.
    """
    for name, value in {"energy to store": store, "energy to restore": restore, "leak": leak}.items():
        _require_positive_or_zero(name, value)
    return (store + restore) / leak if leak else math.inf


def _require_positive_or_zero(name: str, value: float) -> None:
    if not 0 <= value < math.inf:
        raise InputError(f"{name} must be zero or positive and finite, got {value}; give SI units")
