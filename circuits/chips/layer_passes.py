"""What a processor of multipliers has to do for each layer of a network: products, cycles, bytes moved and kept.

    cycles = ceil((MACs + updates) / (multipliers utilisation))       of one evaluation; a membrane's is one time step

Weights and state are those of the network in whole numbers (`circuits.quantised`): a weight of so many bits, potentials
and adaptations of 4 bytes, parameters of 4 bytes each. A layer's inputs and weights are read once an evaluation and
reused inside the array, ASSUMED; its outputs are written once.
"""

import math
from dataclasses import dataclass

from circuits.network.spec import MEMBRANE_KINDS, POOL_KINDS, LayerSpec, NetworkSpec

WORD = 4  # bytes of a potential, an adaptation, a bias and every other parameter of a neuron
UPDATES = {"lif": 1, "encoder": 1, "readout": 1, "adaptive_lif": 4}  # products of a neuron in a step: v, w, rho, gain
PARAMETERS = {"lif": 4, "encoder": 4, "readout": 4, "adaptive_lif": 7}  # words of a neuron: bias, decay, threshold, ...


@dataclass(frozen=True)
class LayerPass:
    """One layer, one evaluation; bytes. `macs` and `updates` are products, those of the weights and all others."""

    layer: str
    macs: int
    updates: int
    weights: int
    parameters: int
    inputs: int
    outputs: int
    state: int
    cycles: int

    @property
    def reads(self) -> int:
        """Bytes read from the memory."""
        return self.weights + self.parameters + self.inputs + self.state

    @property
    def writes(self) -> int:
        """Bytes written to the memory."""
        return self.outputs + self.state


@dataclass(frozen=True)
class Schedule:
    """A network placed on the processor: its layers one after the other, and what the memory holds meanwhile."""

    layers: tuple[LayerPass, ...]
    activations: int  # bytes
    notes: tuple[str, ...] = ()

    @property
    def cycles(self) -> int:
        return sum(work.cycles for work in self.layers)

    @property
    def weights(self) -> int:
        """Bytes of weights and parameters."""
        return sum(work.weights + work.parameters for work in self.layers)

    @property
    def state(self) -> int:
        return sum(work.state for work in self.layers)

    @property
    def memory(self) -> int:
        """Bytes that have to be on the chip at once."""
        return self.weights + self.activations + self.state


def schedule(net: NetworkSpec, multipliers: int, utilisation: float, bits: int) -> Schedule:
    """The work of every layer on so many multipliers, of which a fraction is in use, with weights of `bits`."""
    layers = tuple(_work(layer, multipliers * utilisation, bits) for layer in net.layers)
    return Schedule(layers, _activations(net))


def evaluations(net: NetworkSpec, duration: float) -> float:
    """How often the network is computed for one answer: once of values, else every time step of `duration` (s)."""
    return duration / net.dt if any(layer.kind in MEMBRANE_KINDS for layer in net.layers) else 1.0


def _work(layer: LayerSpec, rate: float, bits: int) -> LayerPass:
    n, membrane = layer.n_neurons, layer.kind in MEMBRANE_KINDS
    loops = 0 if layer.recurrent is None else layer.recurrent.size
    macs, updates = layer.n_macs, n * UPDATES.get(layer.kind, int(layer.kind != "max_pool")) + _pooled(layer)
    parameters = n * PARAMETERS[layer.kind] if membrane else 2 * layer.bias.size  # of values: bias and multiplier
    words = (2 if layer.kind == "adaptive_lif" else 1) * membrane
    return LayerPass(
        layer=layer.name,
        macs=macs,
        updates=updates,
        weights=math.ceil((layer.weights.size + loops) * bits / 8),
        parameters=parameters * WORD,
        inputs=layer.fan_in + (n if loops else 0),
        outputs=n,
        state=n * words * WORD,
        cycles=math.ceil((macs + updates) / rate),
    )


def _pooled(layer: LayerSpec) -> int:
    """Of a pool: an addition or a comparison for every element of every window, each as a product (ASSUMED)."""
    return layer.n_neurons * math.prod(layer.convolution.kernel) if layer.kind in POOL_KINDS else 0


def _activations(net: NetworkSpec) -> int:
    """Bytes: of values the input and output of one layer at a time, the largest pair; of membranes all spikes."""
    pairs = [layer.fan_in + layer.n_neurons for layer in net.layers]
    if any(layer.kind in MEMBRANE_KINDS for layer in net.layers):
        return net.layers[0].fan_in + net.n_neurons
    return max(pairs, default=0)
