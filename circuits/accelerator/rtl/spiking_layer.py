"""One population of membranes as hardware by itself: weights wired in, a neuron each, a time step a cycle."""

import numpy as np
from amaranth.hdl import Cat, Const, Elaboratable, Module, Mux, Signal, Value, signed

from circuits.accelerator.rtl.lif_neuron import PARAMETERS, LifNeuron
from circuits.errors import InputError
from circuits.quantised.integers import MembraneLayer

MOST_SYNAPSES = 4096  # ASSUMED: beyond, a tree of adders a neuron is no longer small


def require_small(layer: MembraneLayer) -> None:
    """Raise InputError for encoders, whose inputs are numbers, and for more synapses than are small."""
    synapses = layer.weights.size + (0 if layer.recurrent is None else layer.recurrent.size)
    if layer.signed_input:
        raise InputError(f"layer {layer.name!r} hears numbers, not spikes; take one behind the encoder")
    if synapses > MOST_SYNAPSES:
        raise InputError(f"layer {layer.name!r}: {synapses} synapses, at most {MOST_SYNAPSES}; compile it instead")


class SpikingLayer(Elaboratable):
    """In a cycle of `step` it takes in the bits of `inputs`; a cycle later `spikes` (a readout: `potentials`) follow.

    The drive of a neuron is the sum of the weights of the inputs that spike, and of its own layer's that just did.
    Call `require_small` before.
    """

    def __init__(self, layer: MembraneLayer):
        fan_in, n = layer.weights.shape
        self.layer = layer
        self.step = Signal()
        self.inputs = Signal(fan_in)
        self.spikes = Signal(n)
        self.potentials = Signal(32 * n)

    def elaborate(self, platform):
        m, layer, neurons = Module(), self.layer, []
        for c in range(layer.n_out):
            m.submodules[f"neuron_{c}"] = neuron = LifNeuron()
            drive = _weighted(self.inputs, layer.weights[:, c])
            if layer.recurrent is not None:
                drive = drive + _weighted(self.spikes, layer.recurrent[:, c])
            values = {name: int(getattr(layer, name)[c]) for name in PARAMETERS}
            m.d.comb += [neuron.step.eq(self.step), neuron.spiking.eq(layer.spiking), neuron.drive.eq(drive)]
            m.d.comb += [neuron.parameters[name].eq(value) for name, value in values.items()]
            neurons.append(neuron)
        m.d.comb += self.spikes.eq(Cat(neuron.spike for neuron in neurons))
        m.d.comb += self.potentials.eq(Cat(neuron.v for neuron in neurons))
        return m

    def ports(self) -> dict[str, Signal]:
        return {name: getattr(self, name) for name in ("step", "inputs", "spikes", "potentials")}


def _weighted(spikes: Value, weights: np.ndarray) -> Value:
    """The sum of the weights whose spike is there, added in pairs."""
    terms = [Mux(spikes[k], Const(int(weight), signed(8)), 0) for k, weight in enumerate(weights) if weight]
    while len(terms) > 1:
        terms = [sum(pair[1:], pair[0]) for pair in (terms[i : i + 2] for i in range(0, len(terms), 2))]
    return terms[0] if terms else Signal(signed(1), name="nothing")
