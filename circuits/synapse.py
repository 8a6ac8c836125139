"""Weights as silicon: a synapse is a tunnelling current source, gated for one pulse by each presynaptic spike.

    charge = w q,   current = |w| q / t_pulse,   V_GS from the device's inverse I-V

A rectangular pulse is the 0th-order synapse that matched 2nd-order ones on spoken digits (Saraswat et al. 2021,
arXiv 2104.14264). The pulse width and the sign (a source from V_DS, or a sink to V_sink) are ASSUMED.
"""

from dataclasses import dataclass

import numpy as np

from circuits.btbt import bias_for_current
from circuits.neuron import LIFCircuit
from circuits.units import Amperes, Seconds, us

T_PULSE: Seconds = 1 * us  # ASSUMED: puts weights of 0.001 to 1 between 0.2 pA and 0.2 nA, inside the device's range


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


def synapses(weights: np.ndarray, circuit: LIFCircuit, t_pulse: Seconds = T_PULSE) -> SynapseArray:
    """Charge, current and gate bias of each weight (a fraction of q); any shape.

    Raises: ValueError unless t_pulse is positive.
    """
    if not t_pulse > 0:
        raise ValueError(f"t_pulse must be positive, got {t_pulse} s")
    charge = np.asarray(weights, dtype=float) * circuit.charge_per_weight
    current = np.abs(charge) / t_pulse
    v_gs = np.full(current.shape, np.nan)
    present = current > 0
    if present.any():
        v_gs[present] = bias_for_current(current[present], circuit.device, circuit.width)
    return SynapseArray(charge, current, v_gs, t_pulse, circuit.device.i_floor * circuit.width)
