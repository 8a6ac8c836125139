"""The meaning of a layer's time loop, in plain PyTorch: what every backend must agree with."""

from collections.abc import Callable
from typing import NamedTuple

import torch
from jaxtyping import Float, Int
from torch import Tensor

from snn.kernels.dropout import NO_DROPOUT, Dropout, drop
from snn.neurons.adaptive import AdaptiveParams, AdaptiveState, adaptive_state, adaptive_step
from snn.neurons.lif import LIFParams, LIFState, leaky_step, lif_state, lif_step
from snn.neurons.scan import Step, scan, scan_watched

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


class Norm(NamedTuple):
    """Batch normalisation of a layer's input z = x W over time and clips: gain (z - mean) / sqrt(variance + eps)."""

    gain: Float[Tensor, " neuron"]
    eps: float


class Moments(NamedTuple):
    """Mean and variance (of the batch, divided by its size) that a normalisation has found."""

    mean: Float[Tensor, " neuron"]
    variance: Float[Tensor, " neuron"]


class DenseLayer(NamedTuple):
    """drive = x W + bias + recurrent spikes R, or with the normalisation of x W in its place while training."""

    weight: Float[Tensor, "fan_in neuron"]
    bias: Float[Tensor, " neuron"]
    params: Params
    recurrent: Float[Tensor, "neuron neuron"] | None = None
    norm: Norm | None = None


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
        drive = driven(x, network.encoder)
        x, _ = run_layer(drive, lif_state(x.shape[1], network.encoder.bias), network.encoder.params)
        spikes.append(x)
    for layer in network.layers:
        start = adaptive_state if isinstance(layer.params, AdaptiveParams) else lif_state
        drive = x @ layer.weight + layer.bias
        x, _ = run_layer(drive, start(x.shape[1], layer.bias), layer.params, layer.recurrent)
        spikes.append(x)
    return read(x, network.readout, run_readout), tuple(spikes)


def driven(x: Float[Tensor, "time batch channel"], encoder: GainLayer) -> Float[Tensor, "time batch neuron"]:
    """Input of an encoder's neurons."""
    return x.repeat_interleave(encoder.per_channel, -1) * encoder.gain + encoder.bias


def read(
    x: Float[Tensor, "time batch neuron"], readout: Readout, run_readout: Callable = run_readout
) -> Float[Tensor, "time batch label"]:
    """Potentials of the readout, from rest."""
    params = LIFParams(readout.alpha, torch.ones_like(readout.alpha))
    drive = x @ readout.weight + readout.bias
    return run_readout(drive, lif_state(x.shape[1], readout.bias), params)[0]


class Watched(NamedTuple):
    """A network's readout, and what its neurons did: sums over time and clips, in double precision.

    spikes, near: of each population, the encoder first; near: steps that end within a window below threshold or in a
    spike. charge: by how much signal and bias move the potentials of an encoder up.
    """

    potential: Float[Tensor, "time batch label"]
    spikes: tuple[Float[Tensor, " neuron"], ...]
    near: tuple[Float[Tensor, " neuron"], ...]
    charge: Float[Tensor, " neuron"] | None = None


def watch_network(x: Float[Tensor, "time batch channel"], network: Network, window: float) -> Watched:
    """`run_network`, and what its neurons did; window: below threshold, in units of the swing."""
    spikes, near, charge = [], [], None

    def watched(drive: Tensor, params: Params, recurrent: Tensor | None = None) -> Tensor:
        start = adaptive_state if isinstance(params, AdaptiveParams) else lif_state
        state = start(drive.shape[1], drive[0, 0])
        z, close = scan_watched(step_of(params), window, drive, state, params, recurrent)
        for sums, value in ((spikes, z), (near, close)):
            sums.append(value.sum((0, 1), dtype=torch.float64))
        return z

    if network.encoder is not None:
        e, drive = network.encoder, driven(x, network.encoder)
        upward = (drive * (1 - e.params.alpha)).clamp_min(0)  # a sink draws nothing from the supply
        charge, x = upward.sum((0, 1), dtype=torch.float64), watched(drive, e.params)
    for layer in network.layers:
        x = watched(x @ layer.weight + layer.bias, layer.params, layer.recurrent)
    return Watched(read(x, network.readout), tuple(spikes), tuple(near), charge)


def normalised(z: Float[Tensor, "time batch neuron"], norm: Norm) -> tuple[Float[Tensor, "time batch neuron"], Moments]:
    """The input of a layer after its normalisation, and the moments that were found."""
    mean, variance = z.mean((0, 1)), z.var((0, 1), correction=0)
    return norm.gain * (z - mean) / torch.sqrt(variance + norm.eps), Moments(mean.detach(), variance.detach())


SpikeCosts = tuple[Tensor, ...]  # `(neuron,)` of each population, the encoder first; none: spikes are free


class Loss(NamedTuple):
    """Mean over the clips, with its gradients, and what each normalised layer has found, in their order."""

    value: Float[Tensor, ""]
    moments: tuple[Moments, ...]


def network_loss(
    x: Float[Tensor, "time batch channel"],
    labels: Int[Tensor, " clip"],
    network: Network,
    evidence: float,
    dropout: Dropout = NO_DROPOUT,
    costs: SpikeCosts = (),
    run_layer: Callable = run_layer,
    run_readout: Callable = run_readout,
) -> Loss:
    """Cross entropy of the voting readout, logits are evidence mean_t softmax(potential), and what the spikes cost.

    Each layer's spikes pass `dropout` on their way to what follows, not on their way back to the layer itself; costs
    are those of the spikes before it, a sum over time and neurons, constants.
    """
    found, fired = [], []
    if network.encoder is not None:
        drive = driven(x, network.encoder)
        x, _ = run_layer(drive, lif_state(x.shape[1], network.encoder.bias), network.encoder.params)
        fired.append(x)
    for index, layer in enumerate(network.layers):
        start = adaptive_state if isinstance(layer.params, AdaptiveParams) else lif_state
        drive = x @ layer.weight
        if layer.norm is not None:
            drive, moments = normalised(drive, layer.norm)
            found.append(moments)
        z, _ = run_layer(drive + layer.bias, start(x.shape[1], layer.bias), layer.params, layer.recurrent)
        fired.append(z)
        x = drop(z, dropout, index)
    votes = read(x, network.readout, run_readout).softmax(-1).mean(0)
    value = torch.nn.functional.cross_entropy(evidence * votes, labels)
    for z, cost in zip(fired, costs, strict=True) if costs else ():
        value = value + z.sum(0).mean(0) @ cost.detach()
    return Loss(value, tuple(found))
