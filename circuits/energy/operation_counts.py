"""Energy by counting operations alone, as papers on spiking networks do: compute only, without moving any data.

    E = 0.9 pJ accumulations + 4.6 pJ multiplications            floats of 32 bits at 45 nm, Horowitz, ISSCC 2014
    E = E_synapse operations + E_neuron updates                  by platform, KerasSpiking

Neither is a chip's energy: with the data's movement included, spiking networks win below 6 % of spikes only (Yan et
al., arXiv 2409.08290). Every ledger from here says "compute only".
"""

import math
from dataclasses import dataclass

from circuits.energy.memory_levels import FLOAT_ADD, FLOAT_MULTIPLY
from circuits.errors import InputError
from circuits.ledger import Entry, Ledger
from circuits.network.activity import Activity
from circuits.network.spec import VALUE_KINDS, NetworkSpec
from circuits.units import Hertz, Joules

ACCUMULATE: Joules = FLOAT_ADD[32]
MULTIPLY_ACCUMULATE: Joules = FLOAT_MULTIPLY[32] + FLOAT_ADD[32]
SYOPS = "compute only, floats of 32 bits, Horowitz ISSCC 2014, as counted by syops"
KERAS = "compute only, KerasSpiking 0.3 ModelEnergy"
PLATFORMS: dict[str, tuple[Joules, Joules]] = {  # of a synaptic operation, and of an update of a neuron. Source: KERAS
    "cpu": (8.6e-9, 8.6e-9),
    "gpu": (0.3e-9, 0.3e-9),
    "arm": (0.9e-9, 0.9e-9),
    "loihi": (23.6e-12 + 3.5e-12, 81e-12),  # with 3.5 pJ of a hop
    "spinnaker": (13.3e-9, 26e-9),
    "spinnaker2": (450e-12, 2.19e-9),
}


@dataclass(frozen=True)
class OperationCounts:
    """Of one inference: accumulations, a spike meeting a weight, and multiplications, a value meeting one."""

    accumulates: float
    multiplies: float

    def __post_init__(self):
        for name in ("accumulates", "multiplies"):
            _require_count(name, getattr(self, name))


def operation_counts(net: NetworkSpec, activity: Activity) -> OperationCounts:
    """Values and an encoder's signals are multiplied, spikes are accumulated, each at a weight that is not zero."""
    steps = activity.duration / net.dt
    values = sum(layer.n_macs for layer in net.layers if layer.kind in VALUE_KINDS)
    signals = sum(layer.weights.size for layer in net.layers if layer.kind == "encoder")
    spikes = 0.0 if values else activity.synaptic_operations(net)
    return OperationCounts(spikes, values + steps * signals)


def counted_ledger(counts: OperationCounts) -> Ledger[float]:
    """0.9 pJ an accumulation, 4.6 pJ a multiplication with its sum."""
    return Ledger(
        (
            Entry("accumulates", counts.accumulates, ACCUMULATE, per="accumulation", source=SYOPS),
            Entry("multiplies", counts.multiplies, MULTIPLY_ACCUMULATE, per="multiplication", source=SYOPS),
        )
    )


def platform_ledger(platform: str, synapses: float, updates: float) -> Ledger[float]:
    """Synaptic operations and updates of neurons on a platform. Raises: InputError for an unknown one."""
    if platform not in PLATFORMS:
        raise InputError(f"unknown platform {platform!r}; known: {', '.join(PLATFORMS)}")
    _require_count("synaptic operations", synapses)
    _require_count("updates", updates)
    synapse, neuron = PLATFORMS[platform]
    return Ledger(
        (
            Entry("synapses", synapses, synapse, per="synaptic operation", source=KERAS),
            Entry("neurons", updates, neuron, per="update", source=KERAS),
        )
    )


def peak_operations(macs: int, rate: Hertz, operations_per_mac: int = 2) -> Hertz:
    """Operations a second of so many multipliers that all work at a rate (Hz). Raises: InputError, 1 or 2 a MAC."""
    _require_count("multipliers", macs)
    _require_count("rate", rate)
    return macs * _operations(operations_per_mac) * rate


def mac_energy(operations_per_joule: float, operations_per_mac: int = 2) -> Joules:
    """A product with its sum, of a published efficiency: 2 fJ for 1000 TOPS/W where a MAC counts as two operations.

    Raises: InputError for an efficiency that is not positive, or another count than 1 or 2.
    """
    if not 0 < operations_per_joule < math.inf:
        raise InputError(
            f"operations per joule must be positive and finite, got {operations_per_joule}; 1 TOPS/W is 1e12"
        )
    return _operations(operations_per_mac) / operations_per_joule


def _operations(operations_per_mac: int) -> int:
    if operations_per_mac not in (1, 2):
        raise InputError(f"a paper counts 1 or 2 operations for a product with its sum, got {operations_per_mac}")
    return operations_per_mac


def _require_count(name: str, value: float) -> None:
    if not 0 <= value < math.inf:
        raise InputError(f"{name} must be zero or positive and finite, got {value}")
