"""What must hold before a kernel reads memory, and after it ran: wrong input is an error, never a wrong number."""

import torch
from jaxtyping import Int
from torch import Tensor

from snn.kernels.reference import DenseLayer, Params, Readout, State
from snn.neurons.scan import check_shapes


def check_layer(drive: Tensor, state: State, params: Params, recurrent: Tensor | None) -> None:
    """Raises: ValueError for what a kernel would read beyond its end, or as another type."""
    check_shapes(drive, state)
    _, n_batch, n = drive.shape
    wanted = [(f"state.{name}", t, (n_batch, n)) for name, t in state._asdict().items()]
    _check_all(wanted + _of_params(params, n) + _of_recurrent(recurrent, n), drive)


def check_network(x: Tensor, labels: Int[Tensor, " clip"], layers: tuple[DenseLayer, ...], readout: Readout) -> None:
    """Raises: ValueError if layers do not follow on one another, or the labels are not those of the readout."""
    if x.shape[1] != len(labels) or not len(labels) or not len(x):
        raise ValueError(f"x is (time, batch, channel) = {tuple(x.shape)} and there are {len(labels)} labels")
    if not layers:
        raise ValueError("a network has at least one layer before its readout, got none")
    fan_in, wanted = x.shape[2], []
    for i, layer in enumerate(layers, 1):
        n = layer.bias.shape[-1]
        own = [("weight", layer.weight, (fan_in, n)), ("bias", layer.bias, (n,))]
        own += _of_params(layer.params, n) + _of_recurrent(layer.recurrent, n)
        wanted += [(f"layer {i}: {name}", tensor, shape) for name, tensor, shape in own]
        fan_in = n
    n = readout.bias.shape[-1]
    shapes = {"weight": (fan_in, n), "bias": (n,), "alpha": (n,)}
    wanted += [(f"readout: {name}", getattr(readout, name), shape) for name, shape in shapes.items()]
    _check_all(wanted, x)
    least, most = labels.min().item(), labels.max().item()
    if least < 0 or most >= n:
        raise ValueError(f"labels run from {least} to {most}, but the readout has {n}: 0 to {n - 1}")


def check_sound(v: Tensor) -> None:
    """Raises: FloatingPointError if a potential is not finite: it would never spike, nor be seen in a loss."""
    if not torch.isfinite(v.detach()).all():
        raise FloatingPointError(
            "a potential is NaN or infinite, so its neuron would fall silent without a word: look for it in the input, "
            "the weights or the time constants"
        )


def _of_params(params: Params, n: int) -> list[tuple[str, Tensor, tuple[int, ...]]]:
    return [(name, t, (n,)) for name, t in params._asdict().items() if isinstance(t, Tensor)]


def _of_recurrent(recurrent: Tensor | None, n: int) -> list[tuple[str, Tensor, tuple[int, ...]]]:
    return [] if recurrent is None else [("recurrent", recurrent, (n, n))]


def _check_all(wanted: list[tuple[str, Tensor, tuple[int, ...]]], like: Tensor) -> None:
    for name, tensor, shape in wanted:
        if (tensor.shape, tensor.dtype, tensor.device) != (shape, like.dtype, like.device):
            raise ValueError(
                f"{name} is {tuple(tensor.shape)} {tensor.dtype} on {tensor.device}; an input of {tuple(like.shape)} "
                f"needs {shape} {like.dtype} on {like.device}"
            )
