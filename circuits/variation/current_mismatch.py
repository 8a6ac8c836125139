"""A network whose every current is a device of its own: log-normal weights, and neurons that deviate with them.

    w' = w exp(sigma z) C / C',   b' = b exp(sigma z) C / C',   tau_mem' = tau_mem C' / C
    v_threshold' = v_threshold + sigma_threshold z / swing

z are normal, one for each device. It is the model of `mismatch` with one sigma of ln I for all devices, whatever their
current; `chip_spread` draws voltages, by which small currents deviate more. Layers of values have weights alone.
"""

from dataclasses import replace

import numpy as np

from circuits.errors import InputError
from circuits.network.spec import VALUE_KINDS, LayerSpec, NetworkSpec
from circuits.neuron.circuit import LIFCircuit
from circuits.variation.mismatch import spread_of_current

LEAST_THRESHOLD = 0.05  # thresholds: ASSUMED that a neuron below is found and left out


def with_mismatched_currents(
    net: NetworkSpec, sigma: float, rng: np.random.Generator, circuit: LIFCircuit | None = None
) -> NetworkSpec:
    """One chip of that `sigma` (of ln I); circuit: of the neurons, None for a network of values.

    Each layer draws from a child generator of its own. Raises: InputError for a sigma below zero, or neurons without a
    circuit.
    """
    if not sigma >= 0:
        raise InputError(f"sigma = {sigma:g} is a standard deviation of ln I: give zero or more")
    children = rng.spawn(len(net.layers))
    return replace(net, layers=tuple(_layer(*pair, sigma, circuit) for pair in zip(net.layers, children, strict=True)))


def _layer(layer: LayerSpec, rng: np.random.Generator, sigma: float, circuit: LIFCircuit | None) -> LayerSpec:
    def currents(nominal: np.ndarray) -> np.ndarray:
        return nominal * np.exp(sigma * rng.standard_normal(nominal.shape))

    if layer.kind in VALUE_KINDS:
        return replace(layer, weights=currents(layer.weights))
    if circuit is None:
        raise InputError(f"layer {layer.name!r} has neurons: give the circuit whose thresholds deviate")
    spread = spread_of_current(circuit, sigma)
    share = np.exp(-spread.sigma_c * rng.standard_normal(layer.n_neurons))  # C / C'
    moved = layer.v_threshold + spread.sigma_threshold / circuit.swing * rng.standard_normal(layer.n_neurons)
    return replace(
        layer,
        weights=currents(layer.weights) * share,
        bias=currents(layer.bias) * share,
        recurrent=None if layer.recurrent is None else currents(layer.recurrent) * share,
        tau_mem=layer.tau_mem / share,
        v_threshold=np.maximum(moved, LEAST_THRESHOLD) if layer.spiking else layer.v_threshold,
    )
