"""The meaning of a layer's time loop, in plain PyTorch: what every backend must agree with."""

from collections.abc import Callable
from typing import NamedTuple

import torch
from jaxtyping import Float, Int
from torch import Tensor

from snn.neurons.adaptive import AdaptiveParams, AdaptiveState, adaptive_state, adaptive_step
from snn.neurons.lif import LIFParams, LIFState, leaky_step, lif_state, lif_step
from snn.neurons.scan import Step, scan

Params = LIFParams | AdaptiveParams
State = LIFState | AdaptiveState


def step_of(params: Params) -> Step:
    """The step function that belongs to the parameters."""
    return adaptive_step if isinstance(params, AdaptiveParams) else lif_step


def run_layer(
    drive: Float[Tensor, "time batch neuron"], state: State, params: Params, recurrent: Tensor | None = None
) -> tuple[Float[Tensor, "time batch neuron"], State]:
    """Spikes of a layer and its last state."""
    return scan(step_of(params), drive, state, params, recurrent)


def run_readout(
    drive: Float[Tensor, "time batch label"], state: LIFState, params: LIFParams
) -> tuple[Float[Tensor, "time batch label"], LIFState]:
    """Potentials of leaky integrators and their last state."""
    return scan(leaky_step, drive, state, params)


class DenseLayer(NamedTuple):
    """A layer without normalisation: drive = x W + bias + recurrent spikes R."""

    weight: Float[Tensor, "fan_in neuron"]
    bias: Float[Tensor, " neuron"]
    params: Params
    recurrent: Float[Tensor, "neuron neuron"] | None = None


class Readout(NamedTuple):
    """Leaky integrators behind the last layer; alpha = exp(-dt / tau)."""

    weight: Float[Tensor, "fan_in label"]
    bias: Float[Tensor, " label"]
    alpha: Float[Tensor, " label"]


class GainLayer(NamedTuple):
    """Neurons in front of the first layer, `per_channel` to each channel of x: drive = gain x + bias."""

    gain: Float[Tensor, " neuron"]
    bias: Float[Tensor, " neuron"]
    params: Params
    per_channel: int


class Network(NamedTuple):
    """All that runs from features or spikes to the readout's potentials."""

    layers: tuple[DenseLayer, ...]
    readout: Readout
    encoder: GainLayer | None = None


def run_network(
    x: Float[Tensor, "time batch channel"],
    network: Network,
    run_layer: Callable = run_layer,
    run_readout: Callable = run_readout,
) -> tuple[Float[Tensor, "time batch label"], tuple[Float[Tensor, "time batch neuron"], ...]]:
    """Readout potentials and the spikes of every population, from rest; the functions may be another backend's."""
    spikes = []
    if network.encoder is not None:
        e = network.encoder
        drive = x.repeat_interleave(e.per_channel, -1) * e.gain + e.bias
        x, _ = run_layer(drive, lif_state(x.shape[1], e.bias), e.params)
        spikes.append(x)
    for layer in network.layers:
        start = adaptive_state if isinstance(layer.params, AdaptiveParams) else lif_state
        drive = x @ layer.weight + layer.bias
        x, _ = run_layer(drive, start(x.shape[1], layer.bias), layer.params, layer.recurrent)
        spikes.append(x)
    readout = network.readout
    params = LIFParams(readout.alpha, torch.ones_like(readout.alpha))
    drive = x @ readout.weight + readout.bias
    return run_readout(drive, lif_state(x.shape[1], readout.bias), params)[0], tuple(spikes)


def network_potential(
    x: Float[Tensor, "time batch channel"],
    layers: tuple[DenseLayer, ...],
    readout: Readout,
    run_layer: Callable = run_layer,
    run_readout: Callable = run_readout,
) -> Float[Tensor, "time batch label"]:
    """Readout potentials of `run_network` without neurons in front."""
    return run_network(x, Network(layers, readout), run_layer, run_readout)[0]


def network_loss(
    x: Float[Tensor, "time batch channel"],
    labels: Int[Tensor, " clip"],
    layers: tuple[DenseLayer, ...],
    readout: Readout,
    evidence: float,
    run_layer: Callable = run_layer,
    run_readout: Callable = run_readout,
) -> Float[Tensor, ""]:
    """Mean cross entropy of the voting readout: logits are evidence mean_t softmax(potential)."""
    votes = network_potential(x, layers, readout, run_layer, run_readout).softmax(-1).mean(0)
    return torch.nn.functional.cross_entropy(evidence * votes, labels)
