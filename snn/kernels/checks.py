"""What must hold before a kernel reads memory, and after it ran: wrong input is an error, never a wrong number."""

import math

import numpy as np
import torch
from jaxtyping import Int
from torch import Tensor

from circuits.errors import InputError
from snn.kernels.reference import Network, Params, Readout, SpikeCosts, State
from snn.neurons.adaptive import AdaptiveParams, AdaptiveState
from snn.neurons.scan import check_shapes

# The kernels' gradient of alpha divides a difference of potentials by 1 - alpha: at 20,000 steps of memory single
# precision still leaves it 0.1 % (6e-8 / 2 / 5e-5), at a million 1 %, and at alpha = 1 nothing.
MOST_ALPHA = 1 - 5e-5


def check_layer(drive: Tensor, state: State, params: Params, recurrent: Tensor | None) -> None:
    """Raises: InputError for what a kernel would read beyond its end, or as another type, or could not differentiate;
    TypeError if the state is that of another neuron."""
    if isinstance(params, AdaptiveParams) != isinstance(state, AdaptiveState):
        raise TypeError(
            f"{type(params).__name__} with a {type(state).__name__}; begin adaptive neurons with adaptive_state, "
            "others with lif_state"
        )
    check_shapes(drive, state)
    _, n_batch, n = drive.shape
    wanted = [(f"state.{name}", t, (n_batch, n)) for name, t in state._asdict().items()]
    _check_all(wanted + _of_params(params, n) + _of_recurrent(recurrent, n), drive)
    check_alpha("alpha", params.alpha)


def check_network(network: Network, x: Tensor | None = None) -> None:
    """Raises: InputError if its populations do not follow on one another, and on x `(time, batch, channel)`."""
    if not network.layers:
        raise InputError("a network has at least one layer before its readout, got none")
    if x is not None and x.ndim != 3:
        raise InputError(f"x is (time, batch, channel), got shape {tuple(x.shape)}")
    if network.encoder is not None and network.encoder.per_channel < 1:
        raise InputError(f"encoder: per_channel is at least 1, got {network.encoder.per_channel}")
    n_in = _n_in(network) if x is None else x.shape[2]
    wanted = _of_network(network, n_in)
    _check_all(wanted, network.readout.bias if x is None else x)
    for name, tensor, _ in wanted:
        if name.endswith(": alpha"):
            check_alpha(name, tensor)


def check_alpha(name: str, alpha: Tensor) -> None:
    """Raises: FloatingPointError if a gradient of alpha is wanted where the kernels lose it, above MOST_ALPHA."""
    if alpha.requires_grad and torch.is_grad_enabled() and (alpha > MOST_ALPHA).any():
        raise FloatingPointError(
            f"{name} is up to {alpha.max().item():.9g}; its gradient is sound to {MOST_ALPHA:g}, a time constant of "
            "20,000 steps: lower the time constant, or detach alpha"
        )


def check_numbers(network: Network) -> None:
    """Raises: FloatingPointError unless weights and parameters are finite; v_floor may be -infinity."""
    for name, tensor, _ in _of_network(network, _n_in(network)):
        if not np.isfinite(tensor.detach().cpu().numpy()).all():
            raise FloatingPointError(
                f"{name} holds NaN or infinity, so neurons would fall silent without a word: train it again, with a "
                "lower learning rate, or load weights that are finite"
            )
    encoder = () if network.encoder is None else (network.encoder,)
    for v_floor in (layer.params.v_floor for layer in (*encoder, *network.layers)):
        if not v_floor < math.inf:
            raise FloatingPointError(f"v_floor = {v_floor} is no floor; give a finite number, or -infinity for none")


def check_labels(x: Tensor, labels: Int[Tensor, " clip"], readout: Readout) -> None:
    """Raises: InputError if the labels are not one for each clip of x, or not those of the readout."""
    require_labels(labels, readout.bias.shape[-1])
    if x.shape[1] != len(labels) or not len(x):
        raise InputError(f"x is (time, batch, channel) = {tuple(x.shape)} and there are {len(labels)} labels")


def check_costs(costs: SpikeCosts, network: Network) -> None:
    """Raises: InputError unless there are none, or one for each neuron of each population."""
    populations = (*(() if network.encoder is None else (network.encoder,)), *network.layers)
    if costs and len(costs) != len(populations):
        raise InputError(f"costs of spikes are given for {len(costs)} populations, the network has {len(populations)}")
    wanted = zip(costs, populations, strict=True) if costs else ()
    _check_all(
        [(f"costs of population {i}", cost, (p.bias.shape[-1],)) for i, (cost, p) in enumerate(wanted, 1)],
        network.readout.bias,
    )


def require_labels(labels: Tensor, n: int) -> None:
    """Raises: InputError unless they are numbers of n labels, one or more."""
    if not isinstance(labels, Tensor) or labels.ndim != 1 or labels.is_floating_point() or not len(labels):
        got = f"{tuple(labels.shape)} {labels.dtype}" if isinstance(labels, Tensor) else type(labels).__name__
        raise InputError(f"labels are whole numbers, a tensor (clip,) of one or more, got {got}")
    least, most = labels.min().item(), labels.max().item()
    if least < 0 or most >= n:
        raise InputError(
            f"labels run from {least} to {most}, but the model has {n}: 0 to {n - 1}; number them in their order"
        )


def check_sound(v: Tensor) -> None:
    """Raises: FloatingPointError if a potential is not finite: it would never spike, nor be seen in a loss."""
    if not torch.isfinite(v.detach()).all():
        raise FloatingPointError(
            "a potential is NaN or infinite, so its neuron would fall silent without a word: look for it in the input, "
            "the weights or the time constants"
        )


def _n_in(network: Network) -> int:
    """Channels that the network takes."""
    e = network.encoder
    return network.layers[0].weight.shape[0] if e is None else len(e.gain) // e.per_channel


def _of_network(network: Network, fan_in: int) -> list[tuple[str, Tensor, tuple[int, ...]]]:
    """Every tensor of a network that takes `fan_in` channels, and the shape that it must have."""
    wanted = []
    if network.encoder is not None:
        e, n = network.encoder, fan_in * network.encoder.per_channel
        own = [("gain", e.gain, (n,)), ("bias", e.bias, (n,)), *_of_params(e.params, n)]
        wanted, fan_in = _named("encoder", own), n
    for i, layer in enumerate(network.layers, 1):
        n = layer.bias.shape[-1]
        own = [("weight", layer.weight, (fan_in, n)), ("bias", layer.bias, (n,))]
        wanted += _named(f"layer {i}", own + _of_params(layer.params, n) + _of_recurrent(layer.recurrent, n))
        fan_in = n
    n = network.readout.bias.shape[-1]
    shapes = {"weight": (fan_in, n), "bias": (n,), "alpha": (n,)}
    return wanted + _named("readout", [(name, getattr(network.readout, name), at) for name, at in shapes.items()])


def _named(place: str, own: list[tuple[str, Tensor, tuple[int, ...]]]) -> list[tuple[str, Tensor, tuple[int, ...]]]:
    return [(f"{place}: {name}", tensor, shape) for name, tensor, shape in own]


def _of_params(params: Params, n: int) -> list[tuple[str, Tensor, tuple[int, ...]]]:
    return [(name, t, (n,)) for name, t in params._asdict().items() if isinstance(t, Tensor)]


def _of_recurrent(recurrent: Tensor | None, n: int) -> list[tuple[str, Tensor, tuple[int, ...]]]:
    return [] if recurrent is None else [("recurrent", recurrent, (n, n))]


def _check_all(wanted: list[tuple[str, Tensor, tuple[int, ...]]], like: Tensor) -> None:
    for name, tensor, shape in wanted:
        if (tensor.shape, tensor.dtype, tensor.device) != (shape, like.dtype, like.device):
            raise InputError(
                f"{name} is {tuple(tensor.shape)} {tensor.dtype} on {tensor.device}; what it belongs to "
                f"needs {shape} {like.dtype} on {like.device}"
            )
