"""One chip away from nominal as a network again, in thresholds and seconds of the nominal circuit.

    w' = w C / C',   v_threshold' = (V_th' - V_reset') / (V_th - V_reset),   tau_mem' = C' / g_leak'

w is the charge over the nominal q, as `perturbed` leaves it; primes are of each neuron on this chip. A network holds no
refractory time, so it belongs on a circuit with that of the neurons.
"""

from dataclasses import replace

import numpy as np

from circuits.network.chip_network import ChipNetwork
from circuits.network.spec import LayerSpec, NetworkSpec
from circuits.transient.population import Population
from circuits.units import Volts


def realised(chip: ChipNetwork, neurons: Population) -> NetworkSpec:
    """What `perturbed` gives, a network and its neurons in the same order, as a network alone."""
    layers, first, swing = [], 0, chip.circuit.swing
    for layer in chip.network.layers:
        own = neurons[first : first + layer.n_neurons]
        layers.append(_layer(layer, own, chip.circuit.c_mem / own.c_mem, swing))
        first += layer.n_neurons
    spiking = np.concatenate([np.full(layer.n_neurons, layer.spiking) for layer in chip.network.layers])
    floors = (neurons.v_sink - neurons.v_reset)[spiking] / swing
    return replace(chip.network, layers=tuple(layers), v_floor=float(floors.max(initial=chip.network.v_floor)))


def _layer(layer: LayerSpec, own: Population, share: np.ndarray, swing: Volts) -> LayerSpec:
    with np.errstate(divide="ignore"):
        tau_mem = own.c_mem / own.g_leak
    return replace(
        layer,
        weights=layer.weights * share,
        bias=layer.bias * share,
        recurrent=None if layer.recurrent is None else layer.recurrent * share,
        tau_mem=tau_mem,
        v_threshold=(own.v_threshold - own.v_reset) / swing if layer.spiking else layer.v_threshold,
    )
