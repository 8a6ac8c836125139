"""Populations of membranes as whole numbers: a unit for the weights of each neuron, and all else in its 2^-8."""

import numpy as np

from circuits.errors import InputError
from circuits.network.spec import LayerSpec
from circuits.quantised.integers import FRACTION, LARGEST, SHIFT, MembraneLayer
from circuits.units import Seconds

HIGHEST = 127  # weight
ROOM = 2**30  # what the largest number that is meant takes of the 2^31 of a potential


def membrane_layer(
    layer: LayerSpec, dt: Seconds, v_floor: float, unit_in: float, most: float, n_steps: int
) -> MembraneLayer:
    """One population behind inputs in `unit_in` that reach `most` at the most; `n_steps`: of a clip.

    A weight's step is max|W_j| / 127, of the recurrent ones too. Raises: InputError where a number does not fit.
    """
    step = _step(layer, dt, most, n_steps, unit_in)
    unit = step * unit_in / 2**FRACTION
    rho, gain = _adaptation(layer, dt)
    zeros = np.zeros(layer.n_neurons, np.int32)
    jump = zeros if layer.adapt_b is None else _whole(layer.adapt_b / unit)
    return MembraneLayer(
        name=layer.name,
        kind=layer.kind,
        weights=_weights(layer.weights, step),
        recurrent=None if layer.recurrent is None else _weights(layer.recurrent, step),
        bias=_whole(layer.bias / unit),
        decay=_whole(_kept(layer.tau_mem, dt) * 2**SHIFT),
        v_threshold=_whole(np.floor(layer.v_threshold / unit)) if layer.spiking else zeros + LARGEST,
        v_floor=_whole(v_floor / unit) if layer.spiking else zeros - LARGEST,
        rho=rho,
        gain=gain,
        jump=jump,
        unit=unit,
    )


def _step(layer: LayerSpec, dt: Seconds, most: float, n_steps: int, unit_in: float) -> np.ndarray:
    """What a weight's step stands for, `(neuron,)`: fine enough for the weights, coarse enough for the potentials."""
    every = layer.weights if layer.recurrent is None else np.vstack((layer.weights, layer.recurrent))
    largest = np.abs(every).max(axis=0, initial=0.0)
    needed = _largest_potential(layer, dt, most, n_steps) * 2**FRACTION / (ROOM * unit_in)
    step = np.maximum(largest / HIGHEST, needed)
    return np.where(step > 0, step, 1.0)  # a neuron that nothing drives


def _largest_potential(layer: LayerSpec, dt: Seconds, most: float, n_steps: int) -> np.ndarray:
    """Thresholds, `(neuron,)`: what the potential reaches if all inputs are at their most, or where it is reset.

    The sum of many steps is at most 1 / (1 - alpha) times that of one.
    """
    together = np.maximum(np.maximum(layer.weights, 0).sum(axis=0), np.maximum(-layer.weights, 0).sum(axis=0)) * most
    if layer.recurrent is not None:
        together += np.abs(layer.recurrent).sum(axis=0)
    steps = 1 / np.maximum(1 - _kept(layer.tau_mem, dt), 1 / n_steps)
    reached = (together + np.abs(layer.bias)) * steps
    if layer.spiking:
        reached = np.minimum(reached, np.abs(layer.v_threshold))
    if layer.adapt_a is not None:
        reached = np.maximum(reached * np.maximum(np.abs(layer.adapt_a), 1), np.abs(layer.adapt_b))
    return np.maximum(reached, np.abs(layer.bias))


def _adaptation(layer: LayerSpec, dt: Seconds) -> tuple[np.ndarray, np.ndarray]:
    """rho and (1 - rho) a in 2^-16, of rho as it is rounded: so w settles at a v exactly."""
    if layer.adapt_a is None:
        zeros = np.zeros(layer.n_neurons, np.int32)
        return zeros, zeros
    rho = _whole(_kept(layer.tau_adapt, dt) * 2**SHIFT)
    gain = (2**SHIFT - rho) * layer.adapt_a
    if np.abs(gain).max(initial=0.0) > LARGEST:
        j = int(np.abs(gain).argmax())
        raise InputError(
            f"layer {layer.name!r}: adapt_a of neuron {j} is {layer.adapt_a[j]:g}, 32 bits hold up to "
            f"{LARGEST / (2**SHIFT - rho[j]):.4g}; train with a weaker adaptation"
        )
    return rho, _whole(gain)


def _kept(tau: np.ndarray, dt: Seconds) -> np.ndarray:
    """exp(-dt / tau): what one step leaves."""
    return np.exp(-dt / tau)


def _weights(weights: np.ndarray, step: np.ndarray) -> np.ndarray:
    return np.clip(np.rint(weights / step), -HIGHEST, HIGHEST).astype(np.int8)


def _whole(values: np.ndarray) -> np.ndarray:
    """Rounded, and what no potential reaches as the largest number."""
    return np.clip(np.rint(values), -LARGEST, LARGEST).astype(np.int32)
