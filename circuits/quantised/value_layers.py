"""Layers of values as whole numbers: units, weights, biases and multipliers."""

import math

import numpy as np

from circuits.errors import InputError
from circuits.network.spec import LayerSpec
from circuits.quantised.calibration import limits_of, power_of_two_unit
from circuits.quantised.integers import LARGEST, SHIFT, ValueLayer

HIGHEST = 127  # weight
WRONG_MEAN = 0.01  # ASSUMED: of a mean whose divisor is rounded


def value_layer(layer: LayerSpec, outputs: np.ndarray, unit_in: float, signed: bool) -> ValueLayer:
    """One layer of `channels_last`, behind inputs in `unit_in`, int8 if `signed` and else uint8.

    outputs: what the layer gives on the calibration. In units of the output, a product of a weight's and an input's
    step is m / 2^16; so the weight's step is m 2^-16 unit / unit_in, with m the least that lets the channel's largest
    weight fit 127. Raises: InputError where a sum does not fit 32 bits.
    """
    if layer.kind == "max_pool":
        return _pool(layer, 2**SHIFT, unit_in, signed)
    if layer.kind == "mean_pool":
        return _pool(layer, _share(layer), unit_in, signed)
    by_channel = layer.weights.T if layer.kind == "dense" else layer.weights.reshape(len(layer.weights), -1)
    largest = np.abs(by_channel).max(axis=1) * unit_in / HIGHEST
    unit = _unit(outputs, largest, signed=not layer.relu) or unit_in
    multiplier = np.clip(np.ceil(largest / unit * 2**SHIFT), 1, 2**SHIFT)
    step = multiplier * 2.0**-SHIFT * unit  # of a sum
    whole = np.clip(np.rint(by_channel * unit_in / step[:, None]), -HIGHEST, HIGHEST)
    bias = np.rint(layer.bias / step)
    _require_fits(layer, whole, bias, signed)
    return ValueLayer(
        name=layer.name,
        kind=layer.kind,
        weights=(whole.T if layer.kind == "dense" else whole.reshape(layer.weights.shape)).astype(np.int8),
        bias=bias.astype(np.int32),
        multiplier=multiplier.astype(np.int32),
        relu=layer.relu,
        signed_input=signed,
        unit=unit,
        convolution=layer.convolution,
    )


def _unit(outputs: np.ndarray, largest: np.ndarray, signed: bool) -> float:
    """That of the least error, and coarse enough for multipliers up to 2^16; 0 where all is 0."""
    most = float(largest.max())
    finest = 2.0 ** math.ceil(math.log2(most)) if most else 0.0
    return max(power_of_two_unit(outputs, signed), finest)


def _share(layer: LayerSpec) -> int:
    """1 / n in 2^-16, n the elements of the window. Raises: InputError where that is too coarse."""
    n = math.prod(layer.convolution.kernel)
    share = round(2**SHIFT / n)
    if abs(share * n / 2**SHIFT - 1) > WRONG_MEAN:
        raise InputError(
            f"layer {layer.name!r}: a mean over {n} values is a share of {2**SHIFT / n:.3g} in 2^{SHIFT}, rounded more "
            f"than {WRONG_MEAN:.0%} wrong; pool in two steps"
        )
    return share


def _pool(layer: LayerSpec, multiplier: int, unit: float, signed: bool) -> ValueLayer:
    n = len(layer.weights)
    none, zeros = np.zeros(0, np.int8), np.zeros(n, np.int32)
    every = np.full(n, multiplier, np.int32)
    return ValueLayer(layer.name, layer.kind, none, zeros, every, not signed, signed, unit, layer.convolution)


def _require_fits(layer: LayerSpec, weights: np.ndarray, bias: np.ndarray, signed: bool) -> None:
    """Raise InputError unless no input can drive a sum beyond 32 bits; weights: `(channel out, product)`."""
    worst = np.abs(weights).sum(axis=1) * max(map(abs, limits_of(signed))) + np.abs(bias)
    if worst.max() > LARGEST:
        j = int(worst.argmax())
        raise InputError(
            f"layer {layer.name!r}: the sum of channel {j} can reach {worst[j]:.4g}, of which its bias of "
            f"{layer.bias[j]:g} is {abs(bias[j]):.4g}; 32 bits hold {LARGEST}: train with smaller biases or fewer "
            "inputs"
        )
