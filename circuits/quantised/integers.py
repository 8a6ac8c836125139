"""A network in whole numbers, and what one pass through it computes: the one definition that all targets must meet.

A layer of values, as ONNX's QLinearConv and QLinearMatMul have it with zero points of 0:

    sum = x W + bias,   y = clip(round_half_even(sum multiplier / 2^16), low, high)

Inputs x are int8, or uint8 behind a rectifier; weights int8; sums int32. A multiplier is a whole number of 2^-16, so
that the product of a sum that is not clipped has at most 24 bits: single precision holds it, and rounds as we do.

A layer of membranes, one time step; potentials v and adaptations w are int32 in units of 2^-8 of a weight's unit:

    v = sat((v decay - w (2^16 - decay) + 2^15) // 2^16 + 2^8 (s W + s' R) + bias),   v = max(v, v_floor)
    spike = v > v_threshold,   w = sat((w rho + v gain + 2^15) // 2^16 + jump spike),   v = 0 after a spike

with s the inputs of the step, s' its own spikes of the step before; w stays 0 where nothing adapts. A readout never
spikes: its potential is the output. `sat` keeps to 32 bits.
"""

from dataclasses import dataclass, fields
from typing import Literal

import numpy as np

from circuits.errors import InputError
from circuits.network.convolution import Convolution
from circuits.units import Seconds

SHIFT = 16  # multipliers, decays: whole numbers of 2^-16
FRACTION = 8  # a potential counts in 2^-8 of a weight's unit
LARGEST = 2**31 - 1  # of a sum, a potential, a bias
ValueKind = Literal["dense", "conv", "mean_pool", "max_pool"]
MembraneKind = Literal["encoder", "lif", "adaptive_lif", "readout"]


@dataclass(frozen=True, eq=False)
class ValueLayer:
    """One layer of values. Tensors have their channels last, `(clip, *grid, channel)`; pools have no weights.

    `unit` is the value that one step of the output stands for.
    """

    name: str
    kind: ValueKind
    weights: np.ndarray  # int8; dense (fan_in, neuron); conv (channel out, channel in / groups, *kernel); pool (0,)
    bias: np.ndarray  # int32, (channel out,)
    multiplier: np.ndarray  # int32, (channel out,), of 2^-16; 1 to 2^16
    relu: bool  # the output is 0..255, else -128..127
    signed_input: bool  # int8, else uint8
    unit: float
    convolution: Convolution | None = None  # all but dense

    def __post_init__(self):
        _require_types(self, {"weights": np.int8, "bias": np.int32, "multiplier": np.int32})
        wrong = (self.multiplier < 1) | (self.multiplier > 2**SHIFT)
        if wrong.any():
            raise InputError(f"layer {self.name!r}: a multiplier is 1 to {2**SHIFT}, got {self.multiplier[wrong][0]}")

    @property
    def limits(self) -> tuple[int, int]:
        """The least and the largest output."""
        return (0, 255) if self.relu else (-128, 127)

    @property
    def n_out(self) -> int:
        """Channels of the output."""
        return len(self.multiplier)

    @property
    def grid_out(self) -> tuple[int, ...]:
        return () if self.convolution is None else self.convolution.grid_out


@dataclass(frozen=True, eq=False)
class MembraneLayer:
    """One population of membranes; `unit` is what one step of each potential stands for, in thresholds."""

    name: str
    kind: MembraneKind
    weights: np.ndarray  # int8, (fan_in, neuron)
    recurrent: np.ndarray | None  # int8, (neuron, neuron)
    bias: np.ndarray  # int32, (neuron,), and so are all below
    decay: np.ndarray  # of 2^-16
    v_threshold: np.ndarray
    v_floor: np.ndarray
    rho: np.ndarray  # of 2^-16
    gain: np.ndarray  # of 2^-16
    jump: np.ndarray
    unit: np.ndarray  # float64

    def __post_init__(self):
        whole = {field.name: np.int32 for field in fields(self) if field.name in _PER_NEURON}
        _require_types(self, {"weights": np.int8, **whole})
        if self.recurrent is not None:
            _require_types(self, {"recurrent": np.int8})

    @property
    def spiking(self) -> bool:
        return self.kind != "readout"

    @property
    def signed_input(self) -> bool:
        """An encoder hears signals of int8, the others spikes."""
        return self.kind == "encoder"

    @property
    def n_out(self) -> int:
        return self.weights.shape[1]


_PER_NEURON = ("bias", "decay", "v_threshold", "v_floor", "rho", "gain", "jump")
IntegerLayer = ValueLayer | MembraneLayer


@dataclass(frozen=True, eq=False)
class IntegerNetwork:
    """A chain of layers. `unit` is the value that one step of the input stands for; `shape_in` without the clips.

    Values: `shape_in` is `(*grid, channel)`, or `(fan_in,)`. Membranes: `(step, channel)`, whatever the steps.
    """

    name: str
    layers: tuple[IntegerLayer, ...]
    unit: float
    shape_in: tuple[int, ...]
    labels: tuple[str, ...] = ()
    dt: Seconds = 0.0  # of a time step; 0 where nothing has one

    @property
    def spiking(self) -> bool:
        """Whether it is of membranes."""
        return isinstance(self.layers[0], MembraneLayer)

    @property
    def signed_input(self) -> bool:
        return self.layers[0].signed_input


@dataclass(frozen=True, eq=False)
class Membranes:
    """Potential and adaptation, int64 that hold 32 bits, and spikes of the step before, each `(clip, neuron)`."""

    v: np.ndarray
    w: np.ndarray
    spikes: np.ndarray


def at_rest(n_clips: int, n_neurons: int) -> Membranes:
    """Membranes that nothing has reached yet."""
    zeros = np.zeros((n_clips, n_neurons), np.int64)
    return Membranes(zeros, zeros, zeros)


def requantised(sums: np.ndarray, layer: ValueLayer) -> np.ndarray:
    """Sums `(..., channel)`, with the bias, as outputs of 8 bits in int64.

    The product is halved to even: what lies between two whole numbers goes to the even one.
    """
    product = sums.astype(np.int64) * layer.multiplier
    whole, rest, half = product >> SHIFT, product & (2**SHIFT - 1), 2 ** (SHIFT - 1)
    up = (rest > half) | ((rest == half) & (whole & 1 == 1))
    return np.clip(whole + up, *layer.limits)


def membrane_step(drive: np.ndarray, state: Membranes, layer: MembraneLayer) -> tuple[np.ndarray, Membranes]:
    """One step of all membranes under `drive = s W + s' R`, `(clip, neuron)`: the output, and what is kept.

    The output is 0 or 1, of a readout its potential.
    """
    leaked = (state.v * layer.decay - state.w * (2**SHIFT - layer.decay.astype(np.int64)) + _HALF) >> SHIFT
    v = np.maximum(_saturated(leaked + (drive.astype(np.int64) << FRACTION) + layer.bias), layer.v_floor)
    if not layer.spiking:
        return v, Membranes(v, state.w, state.spikes)
    spikes = (v > layer.v_threshold).astype(np.int64)
    w = _saturated(((state.w * layer.rho + v * layer.gain + _HALF) >> SHIFT) + spikes * layer.jump)
    return spikes, Membranes(np.where(spikes, 0, v), w, spikes)


_HALF = 2 ** (SHIFT - 1)


def _saturated(x: np.ndarray) -> np.ndarray:
    return np.clip(x, -LARGEST, LARGEST)


def _require_types(layer: IntegerLayer, kinds: dict[str, type]) -> None:
    for name, kind in kinds.items():
        found = getattr(layer, name).dtype
        if found != kind:
            raise InputError(f"layer {layer.name!r}: {name} must be {np.dtype(kind)}, got {found}")
