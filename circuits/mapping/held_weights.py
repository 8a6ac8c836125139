"""Weights as a mesh of digital cores holds them, and what is said where too few bits leave little of a network."""

import numpy as np

from circuits.mapping.limits import BrokenLimit
from circuits.network.spec import LayerSpec, NetworkSpec
from circuits.quantised.rounded_network import rounded_network

MOST_LOST = 0.5  # ASSUMED: error over size from which a layer no longer computes what was trained
TRAINED = (8, 4, 2, 1)  # what `chip.weight_bits` may be


def held_weights(net: NetworkSpec, bits: int) -> NetworkSpec:
    """Each neuron's weights on 2^bits - 1 levels up to its largest.

    ASSUMED: the threshold of a neuron holds its scale, and whoever reads a label's potential knows that of the label.
    """
    return rounded_network(net, bits, by_channel=True)


def weights_are_held(net: NetworkSpec, bits: int) -> tuple[BrokenLimit, ...]:
    """Layers of which rounding leaves too little: |W - W'| / |W| of all synapses onto them."""
    most = next(trained for trained in TRAINED if trained <= bits)
    remedy = f"train it for weights of so many bits, chip.weight_bits = {most}"
    held = held_weights(net, bits)
    lost = {one.name: _lost(one, rounded) for one, rounded in zip(net.layers, held.layers, strict=True)}
    return tuple(
        BrokenLimit(f"error of weights of {bits} bits over their size", f"layer {name!r}", error, MOST_LOST, remedy)
        for name, error in lost.items()
        if error > MOST_LOST
    )


def _lost(layer: LayerSpec, held: LayerSpec) -> float:
    """Of synapses; what an encoder hears are signals."""
    size = float(np.linalg.norm(layer.crossbar))
    return float(np.linalg.norm(held.crossbar - layer.crossbar)) / size if size else 0.0
