"""The network as the fused kernels take it, and what they add up."""

from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np

from snn.kernels import cpu_loops
from snn.kernels.buffers import Shape, aligned, aligned_copy
from snn.kernels.cpu_backward import Sums
from snn.kernels.cpu_loops import Neurons
from snn.kernels.dropout import Dropout
from snn.neurons.surrogate import SpikeGrad

PER_LAYER = 9  # tensors of a layer in a flat list: weight, recurrent, gain, bias, alpha, v_threshold, rho, a, b
WEIGHT, RECURRENT, GAIN, BIAS = range(4)


class Layer(NamedTuple):
    """weight: onto 0/1 inputs, the scale of the dropout before included; `(neuron,)` of an encoder, onto features.
    gain: of the normalisation, empty without one."""

    weight: np.ndarray
    recurrent: np.ndarray
    gain: np.ndarray
    bias: np.ndarray
    neurons: Neurons
    spike_grad: SpikeGrad
    eps: float

    @property
    def normalised(self) -> bool:
        return self.gain.size > 0


@dataclass(eq=False)
class Found:
    """What all micro-batches together say of a normalised layer, `(neuron,)`.

    mean, variance: of its input z, in double precision.  folded: weight and bias with the normalisation in them.
    back: mean, and scale, slope and offset of the way back, scale (g - offset - slope (z - mean)).
    """

    mean: np.ndarray
    variance: np.ndarray
    inverse: np.ndarray  # 1 / sqrt(variance + eps)
    folded: tuple[np.ndarray, np.ndarray]
    back: tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray] | None = None


@dataclass(eq=False)
class Arrays:
    """The network, and what is found of its normalised layers on the way."""

    layers: tuple[Layer, ...]
    readout: tuple[np.ndarray, np.ndarray, np.ndarray]  # weight, bias, alpha
    evidence: float
    dropout: Dropout
    per_channel: int  # neurons of the encoder, which is then the first layer; 0 without one
    costs: tuple[np.ndarray, ...]  # of one spike of each neuron in the loss of its clip, by layer; empty: free
    flat: list[np.ndarray]
    found: dict[int, Found] = field(default_factory=dict)  # by layer

    @staticmethod
    def of(
        flat: list[np.ndarray],
        settings: tuple[tuple[float, SpikeGrad, float], ...],
        evidence: float,
        dropout: Dropout,
        per_channel: int,
        costs: tuple[np.ndarray, ...] = (),
    ) -> "Arrays":
        layers, scale = [], 1.0
        for i, (v_floor, spike_grad, eps) in enumerate(settings):
            weight, recurrent, gain, bias, *rest = flat[PER_LAYER * i : PER_LAYER * (i + 1)]
            scaled = weight if scale == 1 else aligned_copy(weight * weight.dtype.type(scale))
            layers.append(Layer(scaled, recurrent, gain, bias, cpu_loops.neurons(*rest, v_floor), spike_grad, eps))
            scale = _scale(dropout, i - bool(per_channel))
        weight, bias, alpha = flat[-3:]
        scaled = weight if scale == 1 else aligned_copy(weight * weight.dtype.type(scale))
        return Arrays(tuple(layers), (scaled, bias, alpha), evidence, dropout, per_channel, costs, flat)

    def drawn(self, i: int) -> tuple[np.ndarray, np.uint32] | None:
        """Keys and limit of the draw behind a layer, None where nothing is dropped."""
        layer = i - bool(self.per_channel)
        if layer < 0 or not self.dropout.of(layer):
            return None
        return np.array(self.dropout.keys(layer), np.uint32), np.uint32(self.dropout.limit(layer))

    def shape(self, x: np.ndarray, n_clips: int) -> Shape:
        sizes = tuple(len(layer.bias) for layer in self.layers)
        adaptive = tuple(layer.neurons.rho.size > 0 for layer in self.layers)
        twice = tuple(bool(self.drawn(i) and layer.recurrent.size) for i, layer in enumerate(self.layers))
        return Shape(len(x), n_clips, x.shape[2], sizes, adaptive, twice, len(self.readout[1]), x.dtype.str)

    def unscaled(self, gradients: list[np.ndarray]) -> list[np.ndarray]:
        """Gradients of the weights as they came, from those of the scaled ones."""
        behind = [PER_LAYER * i for i in range(1, len(self.layers))] + [len(gradients) - 3]
        for i, gradient in enumerate(behind):
            gradients[gradient] *= gradients[gradient].dtype.type(_scale(self.dropout, i - bool(self.per_channel)))
        return gradients


def _scale(dropout: Dropout, layer: int) -> float:
    """Of the spikes that are left behind a layer; those of an encoder, layer -1, are not dropped."""
    return 1.0 if layer < 0 else dropout.scale(layer)


@dataclass(eq=False)
class Totals:
    """What one thread adds up over its micro-batches, and room for the input of one layer, or its surrogate."""

    gradients: list[np.ndarray]
    scratch: np.ndarray
    loss: float = 0.0

    @staticmethod
    def zeros(net: Arrays, n_rows: int) -> "Totals":
        widest = max(len(layer.bias) for layer in net.layers)
        dtype = net.readout[0].dtype
        return Totals([aligned_copy(np.zeros_like(a)) for a in net.flat], aligned((n_rows * widest,), dtype))

    def of(self, i: int, what: int) -> np.ndarray:
        """The gradient of one tensor of layer i."""
        return self.gradients[PER_LAYER * i + what]

    def sums(self, i: int) -> Sums:
        """Gradients of bias and neurons of layer i."""
        return Sums(*self.gradients[PER_LAYER * i + BIAS : PER_LAYER * (i + 1)])

    def room(self, n_rows: int, n: int) -> np.ndarray:
        return self.scratch[: n_rows * n].reshape(n_rows, n)
