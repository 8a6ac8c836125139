"""One time step of leaky membranes in NumPy, in thresholds: what a layer of a NetworkSpec means.

    v = alpha v + drive - (1 - alpha) w, no lower than the floor;   spike where v > v_threshold, then v = 0
    w = rho w + (1 - rho) a v + b spikes          alpha = exp(-dt / tau_mem),   rho = exp(-dt / tau_adapt)

`drive` is x W + bias + recurrent spikes R. A readout neither spikes nor has a floor: it gives its potential.
"""

from typing import NamedTuple

import numpy as np

from circuits.network.spec import LayerSpec
from circuits.units import Seconds


class Membranes(NamedTuple):
    """What a layer remembers between two steps, each `(clip, neuron)`."""

    v: np.ndarray
    w: np.ndarray
    spikes: np.ndarray


def at_rest(n_clips: int, layer: LayerSpec) -> Membranes:
    """Before the first step."""
    zeros = np.zeros((n_clips, layer.n_neurons))
    return Membranes(zeros, zeros, zeros)


def membrane_step(
    drive: np.ndarray, state: Membranes, layer: LayerSpec, dt: Seconds, v_floor: float
) -> tuple[np.ndarray, Membranes]:
    """Spikes of one step, or the potentials of a readout, and the state after it; all `(clip, neuron)`.

    dt, v_floor: those of the network, seconds and thresholds.
    """
    alpha = np.exp(-dt / layer.tau_mem)
    v = alpha * state.v + drive - (1 - alpha) * state.w
    if not layer.spiking:
        return v, state._replace(v=v)
    v = np.maximum(v, v_floor)
    spikes, w = (v > layer.v_threshold).astype(float), state.w
    if layer.adapt_a is not None:
        rho = np.exp(-dt / layer.tau_adapt)
        w = rho * w + (1 - rho) * layer.adapt_a * v + layer.adapt_b * spikes
    return spikes, Membranes(np.where(spikes > 0, 0.0, v), w, spikes)
