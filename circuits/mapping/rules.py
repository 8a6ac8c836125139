"""What a network must satisfy before it is placed: small functions named as the rule, all of them always run."""

from collections.abc import Callable

import numpy as np

from circuits.chips.chip import ChipSpec
from circuits.network import LayerSpec, NetworkSpec

Rule = Callable[[NetworkSpec, ChipSpec], tuple[str, ...]]


def fan_in(layer: LayerSpec) -> np.ndarray:
    """Synapses onto each neuron, `(neuron,)`: weights that are not zero, recurrent ones included."""
    count = np.zeros(layer.n_neurons, int) if layer.kind == "encoder" else np.count_nonzero(layer.weights, axis=0)
    return count if layer.recurrent is None else count + np.count_nonzero(layer.recurrent, axis=0)


def fan_in_fits_a_core(net: NetworkSpec, chip: ChipSpec) -> tuple[str, ...]:
    """No neuron may have more synapses than a core holds."""
    limit = chip.limit("synapses")
    return tuple(
        f"layer {layer.name!r}: a neuron has {fan_in(layer).max()} synapses, a core of {chip.name} holds {limit}; "
        "use fewer inputs, or prune weights to zero"
        for layer in net.layers
        if layer.n_neurons and fan_in(layer).max() > limit
    )


def has_neurons(net: NetworkSpec, chip: ChipSpec) -> tuple[str, ...]:
    """There must be something to place."""
    return () if net.n_neurons else (f"network {net.name!r} has no neurons",)


def one_core_is_published(net: NetworkSpec, chip: ChipSpec, cores_used: int) -> tuple[str, ...]:
    """More cores than the chip has: an extrapolation, said in the report."""
    if cores_used <= chip.limit("cores"):
        return ()
    return (f"{cores_used} cores; {chip.name} has {chip.limit('cores')}: the same core repeated, an extrapolation",)


def weights_fit_the_synapse(net: NetworkSpec, chip: ChipSpec) -> tuple[str, ...]:
    """Weights of more levels than the chip's synapse: placed as gate-biased current sources, said in the report."""
    levels = max((_levels(layer) for layer in net.layers if layer.kind != "encoder"), default=0)
    bits = chip.limit("weight_bits")
    if levels <= 2**bits:
        return ()
    return (f"weights have {levels} levels, synapses of {chip.name} {2**bits}: analog gate-biased synapses ASSUMED",)


HARD_RULES: tuple[Rule, ...] = (has_neurons, fan_in_fits_a_core)


def _levels(layer: LayerSpec) -> int:
    weights = layer.weights if layer.recurrent is None else np.concatenate((layer.weights.ravel(), layer.recurrent.ravel()))
    return len(np.unique(weights))
