"""From what the chip did to plain data: mean activity, which the energy is charged for, and the engine's own energy."""

from collections.abc import Sequence

import numpy as np

from circuits.ledger import Ledger
from circuits.network.activity import Activity
from circuits.network.spikes import SpikeTrains
from snn.networks.reservoir import Reservoir, Response


def measure(
    reservoir: Reservoir, inputs: Sequence[np.ndarray | SpikeTrains], responses: Sequence[Response]
) -> Activity:
    """Mean activity of one clip, per neuron; `inputs` are what drove the chip."""
    network, circuit, n = reservoir.network, reservoir.chip.circuit, len(responses)
    counts = sum(response.spikes.counts for response in responses) / n
    near = sum(response.energy.count("crowbar") for response in responses) / n  # s
    external = network.n_external
    sizes = np.cumsum([0, *(layer.n_neurons for layer in network.layers)])
    parts = {layer.name: slice(a, a + layer.n_neurons) for layer, a in zip(network.layers, sizes, strict=False)}
    return Activity(
        n_clips=n,
        duration=float(np.mean([response.spikes.duration for response in responses])) / reservoir.acceleration,
        spikes={name: counts[external:][part] for name, part in parts.items()},
        near_threshold={name: near[part] for name, part in parts.items()},
        window=circuit.crowbar_window,
        input_spikes=counts[:external],
        encoder_charge=np.zeros(0) if external else _signal_charge(reservoir, inputs),
    )


def _signal_charge(reservoir: Reservoir, inputs: Sequence[np.ndarray]) -> np.ndarray:
    """Charge that the signal brings to each input neuron in a clip, in units of q, `(neuron,)`."""
    layer = reservoir.network.layers[0]
    return sum(np.maximum(rows @ layer.weights + layer.bias, 0.0).sum(axis=0) for rows in inputs) / len(inputs)


def engine_energy(responses: Sequence[Response]) -> Ledger:
    """Energy of a clip as the transient engine integrates it, mean over the clips, sum over all neurons."""
    return sum((response.energy for response in responses), Ledger()).by("part") * (1 / len(responses))
