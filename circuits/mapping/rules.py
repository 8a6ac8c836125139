"""What a network must satisfy to be placed, and what is said of one that is: small functions named as the rule."""

from collections.abc import Callable

import numpy as np

from circuits.mapping.limits import BrokenLimit, CoreLimits
from circuits.mapping.partition import tile_height
from circuits.network.spec import EXTERNAL_INPUT, MEMBRANE_KINDS, NetworkSpec

Rule = Callable[[NetworkSpec, CoreLimits], tuple[BrokenLimit, ...]]
Note = Callable[[NetworkSpec, CoreLimits], tuple[str, ...]]
SPOTTER = 'train it in steps (kind = "spotter"), or place it on a chip of spiking cores'


def input_populations(net: NetworkSpec) -> dict[str, int]:
    """What sits on input sites: encoder neurons, or the channels of the external input."""
    encoders = {layer.name: layer.n_neurons for layer in net.layers if layer.kind == "encoder"}
    return encoders | ({EXTERNAL_INPUT: net.n_external} if net.n_external else {})


def kinds_are_membranes(net: NetworkSpec, limits: CoreLimits | None = None) -> tuple[BrokenLimit, ...]:
    """A core holds leaky membranes under a crossbar; it multiplies nothing."""
    known, remedy = ", ".join(MEMBRANE_KINDS), "train it as spiking neurons, or choose a chip that multiplies"
    return tuple(
        BrokenLimit("kind", f"layer {layer.name!r}", layer.kind, known, remedy)
        for layer in net.layers
        if layer.kind not in MEMBRANE_KINDS
    )


def has_neurons(net: NetworkSpec, limits: CoreLimits | None = None) -> tuple[BrokenLimit, ...]:
    """There must be something to place."""
    return () if net.n_neurons else (BrokenLimit("neurons", f"network {net.name!r}", 0, "at least 1", "add a layer"),)


def in_steps(net: NetworkSpec, remedy: str = SPOTTER) -> tuple[BrokenLimit, ...]:
    """A chip that advances in steps cannot follow neurons that have a time of their own."""
    where = f"network {net.name!r}"
    return (BrokenLimit("time", where, "event driven", "in steps of dt", remedy),) if net.event_driven else ()


def sites_exist(net: NetworkSpec, limits: CoreLimits) -> tuple[BrokenLimit, ...]:
    """Each population needs a kind of site that the chip has, and synapses a crossbar."""
    needs = [(name, "input_neurons", n) for name, n in input_populations(net).items()]
    needs += [(layer.name, "neurons", layer.n_neurons) for layer in net.layers if layer.kind != "encoder"]
    for layer in net.layers:
        if layer.kind in MEMBRANE_KINDS and len(layer.crossbar):
            needs += [(layer.name, "lines", len(layer.crossbar)), (layer.name, "synapses", layer.n_synapses)]
    return tuple(
        BrokenLimit(limit, f"layer {name!r}", n, 0, "choose a chip whose cores have them")
        for name, limit, n in needs
        if getattr(limits, limit) == 0
    )


def input_sites_receive_no_synapses(net: NetworkSpec, limits: CoreLimits) -> tuple[BrokenLimit, ...]:
    """An encoder sits on input sites, which have no synapses: it cannot be recurrent."""
    return tuple(
        BrokenLimit("recurrent synapses", f"encoder {layer.name!r}", layer.n_synapses, 0, "make it feed-forward")
        for layer in net.layers
        if layer.kind == "encoder" and layer.n_synapses
    )


def fan_in_is_shared(net: NetworkSpec, limits: CoreLimits) -> tuple[str, ...]:
    """More lines than a crossbar has: several cores feed one body, said in the report."""
    height = tile_height(limits)
    return tuple(
        f"layer {layer.name!r}: fan-in {lines} of {height} lines: {-(-lines // height)} cores share each neuron's "
        "synapses, ASSUMED"
        for layer in net.layers
        if (lines := len(layer.crossbar)) > height
    )


def weights_fit_the_synapse(net: NetworkSpec, limits: CoreLimits) -> tuple[str, ...]:
    """Weights of more levels than the chip's synapse: placed as gate-biased current sources, said in the report.

    The synapses of an array, those from before or the recurrent ones, share a bias: theirs are counted apart.
    """
    arrays = [array for layer in net.layers for array in (layer.weights, layer.recurrent) if array is not None]
    arrays = arrays[1:] if net.layers and net.layers[0].kind == "encoder" else arrays  # its signal lines
    levels, known = max((len(np.unique(array)) for array in arrays), default=0), 2**limits.weight_bits
    if levels <= known:
        return ()
    return (f"weights have {levels} levels, the chip's synapses {known}: analog gate-biased synapses ASSUMED",)


def one_core_is_published(limits: CoreLimits, cores_used: int) -> tuple[str, ...]:
    """More cores than the chip has: an extrapolation, said in the report."""
    if cores_used <= limits.cores:
        return ()
    return (f"{cores_used} cores; the chip has {limits.cores}: the same core repeated, an extrapolation",)


HARD_RULES: tuple[Rule, ...] = (kinds_are_membranes, has_neurons, sites_exist, input_sites_receive_no_synapses)
NOTES: tuple[Note, ...] = (fan_in_is_shared, weights_fit_the_synapse)


def broken_limits(net: NetworkSpec, limits: CoreLimits) -> tuple[BrokenLimit, ...]:
    """Every hard rule that the network breaks, all at once."""
    return tuple(broken for rule in HARD_RULES for broken in rule(net, limits))
