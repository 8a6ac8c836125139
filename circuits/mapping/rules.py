"""What a network must satisfy to be placed, and what is said of one that is: small functions named as the rule."""

from collections.abc import Callable

import numpy as np

from circuits.chips.chip import ChipSpec
from circuits.mapping.partition import tile_height
from circuits.network.spec import EXTERNAL_INPUT, NetworkSpec

Rule = Callable[[NetworkSpec, ChipSpec], tuple[str, ...]]


def input_populations(net: NetworkSpec) -> dict[str, int]:
    """What sits on input sites: encoder neurons, or the channels of the external input."""
    encoders = {layer.name: layer.n_neurons for layer in net.layers if layer.kind == "encoder"}
    return encoders | ({EXTERNAL_INPUT: net.n_external} if net.n_external else {})


def has_neurons(net: NetworkSpec, chip: ChipSpec) -> tuple[str, ...]:
    """There must be something to place."""
    return () if net.n_neurons else (f"network {net.name!r} has no neurons",)


def sites_exist(net: NetworkSpec, chip: ChipSpec) -> tuple[str, ...]:
    """Each population needs a kind of site that the chip has, and synapses a crossbar."""
    needs = [(name, "input_neurons") for name in input_populations(net)]
    needs += [(layer.name, "neurons") for layer in net.layers if layer.kind != "encoder"]
    needs += [(layer.name, limit) for layer in net.layers if len(layer.crossbar) for limit in ("lines", "synapses")]
    return tuple(
        f"layer {name!r} needs {limit}, a core of {chip.name} has none"
        for name, limit in needs
        if chip.limit(limit) == 0
    )


def input_sites_receive_no_synapses(net: NetworkSpec, chip: ChipSpec) -> tuple[str, ...]:
    """An encoder sits on input sites, which have no synapses: it cannot be recurrent."""
    return tuple(
        f"encoder {layer.name!r} is recurrent, input sites of {chip.name} have no synapses; make it feed-forward"
        for layer in net.layers
        if layer.kind == "encoder" and layer.n_synapses
    )


def fan_in_is_shared(net: NetworkSpec, chip: ChipSpec) -> tuple[str, ...]:
    """More lines than a crossbar has: several cores feed one body, said in the report."""
    wide = [(layer.name, len(layer.crossbar)) for layer in net.layers if len(layer.crossbar) > tile_height(chip)]
    return tuple(
        f"layer {name!r}: fan-in {lines} of {tile_height(chip)} lines: {-(-lines // tile_height(chip))} cores share "
        "each neuron's synapses, ASSUMED"
        for name, lines in wide
    )


def weights_fit_the_synapse(net: NetworkSpec, chip: ChipSpec) -> tuple[str, ...]:
    """Weights of more levels than the chip's synapse: placed as gate-biased current sources, said in the report.

    The synapses of an array, those from before or the recurrent ones, share a bias: theirs are counted apart.
    """
    arrays = [array for layer in net.layers for array in (layer.weights, layer.recurrent) if array is not None]
    arrays = arrays[1:] if net.layers and net.layers[0].kind == "encoder" else arrays  # its signal lines
    levels = max((len(np.unique(array)) for array in arrays), default=0)
    bits = chip.limit("weight_bits")
    if levels <= 2**bits:
        return ()
    return (f"weights have {levels} levels, synapses of {chip.name} {2**bits}: analog gate-biased synapses ASSUMED",)


def one_core_is_published(chip: ChipSpec, cores_used: int) -> tuple[str, ...]:
    """More cores than the chip has: an extrapolation, said in the report."""
    if cores_used <= chip.limit("cores"):
        return ()
    return (f"{cores_used} cores; {chip.name} has {chip.limit('cores')}: the same core repeated, an extrapolation",)


HARD_RULES: tuple[Rule, ...] = (has_neurons, sites_exist, input_sites_receive_no_synapses)
NOTES: tuple[Rule, ...] = (fan_in_is_shared, weights_fit_the_synapse)
