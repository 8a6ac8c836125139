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


def sites_exist(net: NetworkSpec, chip: ChipSpec) -> tuple[str, ...]:
    """Each population needs a kind of site that the chip has: an encoder input sites, all others neuron sites."""
    sites = {layer.name: "input_neurons" if layer.kind == "encoder" else "neurons" for layer in net.layers}
    return tuple(
        f"layer {name!r} needs {limit}, a core of {chip.name} has none"
        for name, limit in sites.items()
        if chip.limit(limit) == 0
    )


def input_sites_receive_no_synapses(net: NetworkSpec, chip: ChipSpec) -> tuple[str, ...]:
    """An encoder sits on input sites, which have no synapses: it cannot be recurrent."""
    return tuple(
        f"encoder {layer.name!r} is recurrent, input sites of {chip.name} have no synapses; make it feed-forward"
        for layer in net.layers
        if layer.kind == "encoder" and layer.recurrent is not None and np.any(layer.recurrent)
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


HARD_RULES: tuple[Rule, ...] = (has_neurons, sites_exist, input_sites_receive_no_synapses, fan_in_fits_a_core)


def _levels(layer: LayerSpec) -> int:
    weights = [matrix.ravel() for matrix in (layer.weights, layer.recurrent) if matrix is not None]
    return len(np.unique(np.concatenate(weights)))
