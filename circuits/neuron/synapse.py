"""Weights as silicon: a synapse is a tunnelling current source, gated for one pulse by each presynaptic spike.

    charge = w q,   current = |w| q / t_pulse,   V_GS from the device's inverse I-V

A rectangular pulse is the 0th-order synapse that matched 2nd-order ones on spoken digits (Saraswat et al. 2021,
arXiv 2104.14264). The pulse width and the sign (a source from V_DS, or a sink to V_sink) are ASSUMED.

Time courses of a charge Q, of order 0, 1 and 2, as in the software reservoir of Gorad et al. 2019 (arXiv 1901.06240):

    Q / t_pulse for t_pulse,   Q / tau exp(-t / tau),   Q / (tau - tau_rise) (exp(-t / tau) - exp(-t / tau_rise))

Orders 1 and 2 are for simulation: no BTBT circuit of them is published.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np

from circuits.device.btbt import bias_for_current
from circuits.errors import InputError
from circuits.neuron.circuit import LIFCircuit
from circuits.units import Amperes, Seconds, freeze_si, ms, require, require_plausible_fields, us

T_PULSE: Seconds = 1 * us  # ASSUMED: puts weights of 0.001 to 1 between 0.7 pA and 0.7 nA, inside the device's range
DELAY: Seconds = 0.1 * us  # ASSUMED: comparator and wire; a tenth of the pulse
# Source: parameter files of the software reservoir, order 2, core code v1.8; order 1 with its first one is ASSUMED
TAU_EXC, RISE_EXC, TAU_INH, RISE_INH = 8 * ms, 4 * ms, 4 * ms, 2 * ms

Order = Literal[0, 1, 2]
_TIMES = {0: ("t_pulse",), 1: ("tau",), 2: ("tau", "tau_rise")}  # what each order needs


@dataclass(frozen=True)
class SynapseKernel:
    """All synapses of a chip, in its own time: from `delay` after a spike on, the time course of their charge.

    Order 0 has `t_pulse`, the others time constants for each sign of charge.
    Raises: InputError for a time constant that the order lacks or does not know, and unless delay is positive.
    """

    order: Order = 0
    t_pulse: Seconds | None = None  # None: `T_PULSE` where the order is 0
    tau_exc: Seconds | None = None
    rise_exc: Seconds | None = None
    tau_inh: Seconds | None = None
    rise_inh: Seconds | None = None
    delay: Seconds = DELAY

    def __post_init__(self):
        freeze_si(self)
        require(self, "delay", self.delay > 0, "positive")
        if self.order == 0 and self.t_pulse is None:
            object.__setattr__(self, "t_pulse", T_PULSE)
        for sign, names in ((1, ("t_pulse", "tau_exc", "rise_exc")), (-1, ("t_pulse", "tau_inh", "rise_inh"))):
            require_time_course("SynapseKernel", self.order, self.times(sign), names)
        require_plausible_fields(self)

    @property
    def device_pulse(self) -> Seconds:
        """How long a device delivers the charge of its weight; of order 1 and 2 that of a pulse of `T_PULSE`."""
        return self.t_pulse or T_PULSE

    @property
    def without_circuit(self) -> str | None:
        """Why no circuit has this time course, and what would mend it; None for a pulse."""
        return f"synapses of order {self.order} have no circuit; train with order 0" if self.order else None

    def times(self, sign: int) -> dict[str, Seconds | None]:
        """`t_pulse`, `tau` and `tau_rise` of synapses that excite (sign 1) or inhibit (-1)."""
        tau, rise = (self.tau_exc, self.rise_exc) if sign > 0 else (self.tau_inh, self.rise_inh)
        return {"t_pulse": self.t_pulse, "tau": tau, "tau_rise": rise}


def published_kernel(order: Order, acceleration: float = 1.0) -> SynapseKernel:
    """The time constants of the software reservoir, divided by how many times faster the chip runs.

    Order 2 has 8 and 4 ms where it excites, 4 and 2 ms where it inhibits; order 1 the longer ones (ASSUMED); order 0 is
    the pulse of the circuit, `T_PULSE`, at any acceleration.
    Raises: InputError unless order is 0, 1 or 2 and acceleration positive.
    """
    if not acceleration > 0:
        raise InputError(f"acceleration must be positive, got {acceleration}; 1 is real time")
    times = {"tau_exc": TAU_EXC, "tau_inh": TAU_INH} if order else {}
    times |= {"rise_exc": RISE_EXC, "rise_inh": RISE_INH} if order == 2 else {}
    return SynapseKernel(order, **{name: value / acceleration for name, value in times.items()})


def require_time_course(
    owner: str, order: int, times: Mapping[str, Seconds | None], names: tuple[str, ...] | None = None
) -> None:
    """Raise InputError unless `times` (t_pulse, tau, tau_rise) holds what the order needs, and only that.

    `names` are those by which the owner calls them.
    """
    if order not in _TIMES:
        raise InputError(f"{owner}.order must be 0 (pulse), 1 (exponential) or 2 (their difference), got {order!r}")
    for name, own in zip(times, names or times, strict=True):
        value = times[name]
        if (value is not None) != (name in _TIMES[order]):
            needed = "has no" if value is not None else "needs"
            raise InputError(f"{owner} of order {order} {needed} {own}, got {own} = {value}")
        if value is not None and not value > 0:
            raise InputError(f"{owner}.{own} must be positive, got {value} s")
    if order == 2 and times["tau"] == times["tau_rise"]:
        raise InputError(f"{owner}: tau and tau_rise must differ, got {times['tau']} s twice; move one by a thousandth")


@dataclass(frozen=True, eq=False)
class SynapseArray:
    """Synapses in SI units, arrays of the weights' shape; a weight of zero has no synapse and NaN as its bias."""

    charge: np.ndarray  # C, signed
    current: np.ndarray  # A, while the pulse lasts
    v_gs: np.ndarray  # V
    t_pulse: Seconds
    i_floor: Amperes  # the least drain current of the device

    @property
    def below_floor(self) -> int:
        """Synapses whose current the device cannot reach: its drain floor is higher."""
        return int(np.count_nonzero((self.current > 0) & (self.current < self.i_floor)))


def synapses(weights: np.ndarray, circuit: LIFCircuit, t_pulse: Seconds) -> SynapseArray:
    """Charge, current and gate bias of each weight (a fraction of q); any shape.

    Raises: InputError unless t_pulse is positive.
    """
    if not t_pulse > 0:
        raise InputError(f"t_pulse must be positive, got {t_pulse} s")
    charge = np.asarray(weights, dtype=float) * circuit.charge_per_weight
    current = np.abs(charge) / t_pulse
    v_gs = np.full(current.shape, np.nan)
    present = current > 0
    if present.any():
        v_gs[present] = bias_for_current(current[present], circuit.device, circuit.width)
    return SynapseArray(charge, current, v_gs, t_pulse, circuit.device.i_floor * circuit.width)
