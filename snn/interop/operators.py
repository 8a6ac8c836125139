"""What each operator of torch adds to a chain of layers.

Every function takes the chain, the operator's arguments by their names in torch's schema, the name for a layer and the
shape of the output without the batch. Raises: Refusal, with the reason and a remedy.
"""

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from torch import Tensor

from circuits.network.spec import LayerSpec
from snn.interop.chain import Chain, Refusal

Arguments = dict[str, Any]
Operator = Callable[[Chain, Arguments, str, tuple[int, ...]], Chain]
EVALUATE = "call model.eval() before the export"


def numbers(tensor: Tensor) -> np.ndarray:
    """Constants in double precision."""
    return tensor.detach().cpu().double().numpy()


def same(chain: Chain, given: Arguments, name: str, shape: tuple[int, ...]) -> Chain:
    """What changes no value, and no order of them."""
    return chain.reshaped(shape)


def dropout(chain: Chain, given: Arguments, name: str, shape: tuple[int, ...]) -> Chain:
    """Nothing, in evaluation."""
    if given.get("train", given.get("training")) and given.get("p"):
        raise Refusal(f"drops {given['p']:g} of the values at random", EVALUATE)
    return chain


def relu(chain: Chain, given: Arguments, name: str, shape: tuple[int, ...]) -> Chain:
    return chain.rectified(name)


def linear(chain: Chain, given: Arguments, name: str, shape: tuple[int, ...]) -> Chain:
    return _dense(chain, constant(given["weight"], "weight").T, given.get("bias"), name, shape)


def matmul(chain: Chain, given: Arguments, name: str, shape: tuple[int, ...]) -> Chain:
    """x W."""
    weights = given["mat2"] if "mat2" in given else given["other"]
    return _dense(chain, constant(weights, "second factor"), None, name, shape)


def addmm(chain: Chain, given: Arguments, name: str, shape: tuple[int, ...]) -> Chain:
    """beta b + alpha x W."""
    weights = constant(given["mat2"], "second factor")
    bias = constant(given["self"], "summand")
    return _dense(chain, given["alpha"] * weights, given["beta"] * bias, name, shape)


def _dense(chain: Chain, weights: Tensor, bias: Tensor | None, name: str, shape: tuple[int, ...]) -> Chain:
    rows = math.prod(chain.shape[:-1])
    if weights.dim() != 2 or rows != 1:
        raise Refusal(
            f"multiplies the last of several axes, {rows} rows of {chain.shape[-1]}",
            "flatten before it, or use a convolution with a kernel of 1",
        )
    matrix = numbers(weights)
    own = np.zeros(matrix.shape[1]) if bias is None else np.broadcast_to(numbers(bias), matrix.shape[1])
    return chain.then(LayerSpec(name, "dense", matrix, own.copy(), relu=False), shape)


def convolution(chain: Chain, given: Arguments, name: str, shape: tuple[int, ...]) -> Chain:
    """conv1d, conv2d and what they become in core operators."""
    weights = constant(given["weight"], "weight")
    axes = weights.dim() - 2
    if given.get("transposed"):
        raise Refusal("is transposed", "use Upsample before training, or a plain convolution")
    _require_ones("dilation", given["dilation"], "use a wider kernel, or more layers")
    kernel = tuple(weights.shape[2:])
    grid = chain.grid(kernel, spread(given["stride"], axes), _padding(given["padding"], kernel), given["groups"])
    own = np.zeros(len(weights)) if given["bias"] is None else numbers(constant(given["bias"], "bias"))
    return chain.then(LayerSpec(name, "conv", numbers(weights), own, convolution=grid, relu=False), shape)


def _padding(padding: str | list[int], kernel: tuple[int, ...]) -> tuple[int, ...]:
    if padding == "valid":
        return (0,) * len(kernel)
    if padding == "same":
        if any(size % 2 == 0 for size in kernel):
            raise Refusal(f"pads 'same' with an even kernel {kernel}, more on one end", "use an odd kernel")
        return tuple(size // 2 for size in kernel)
    return spread(padding, len(kernel))


def batch_norm(chain: Chain, given: Arguments, name: str, shape: tuple[int, ...]) -> Chain:
    """gain (y - mean) / sqrt(variance + eps) + bias, of what training has found."""
    if given.get("training") or given["running_mean"] is None:
        raise Refusal("normalises by the statistics of the batch itself", EVALUATE)
    mean, variance = (numbers(constant(given[key], key)) for key in ("running_mean", "running_var"))
    scale = 1 / np.sqrt(variance + given["eps"])
    if given["weight"] is not None:
        scale = scale * numbers(constant(given["weight"], "weight"))
    bias = 0 if given["bias"] is None else numbers(constant(given["bias"], "bias"))
    if len(scale) != chain.shape[0]:
        raise Refusal(f"takes {len(scale)} channels, got {chain.shape[0]}", "give examples with a batch axis first")
    return chain.affine(scale, bias - mean * scale, name)


def max_pool(chain: Chain, given: Arguments, name: str, shape: tuple[int, ...]) -> Chain:
    _require_ones("dilation", given["dilation"], "use a larger window")
    return _pool("max_pool", chain, given, name, shape)


def mean_pool(chain: Chain, given: Arguments, name: str, shape: tuple[int, ...]) -> Chain:
    if given.get("divisor_override") is not None:
        raise Refusal(f"divides by {given['divisor_override']} instead of its window", "leave out divisor_override")
    return _pool("mean_pool", chain, given, name, shape)


def _pool(kind: str, chain: Chain, given: Arguments, name: str, shape: tuple[int, ...]) -> Chain:
    axes = len(chain.shape) - 1
    kernel = spread(given["kernel_size"], axes)
    stride = spread(given["stride"], axes) if given["stride"] else kernel
    if any(spread(given["padding"], axes)):
        raise Refusal(f"has a padding of {given['padding']}, a pool takes none", "pad in the convolution before it")
    return _pooled(kind, chain, kernel, stride, name, shape)


def _pooled(kind: str, chain: Chain, kernel: tuple, stride: tuple, name: str, shape: tuple[int, ...]) -> Chain:
    grid = chain.grid(kernel, stride, (0,) * len(kernel))
    if math.prod(grid.grid_out) * chain.shape[0] != math.prod(shape):
        raise Refusal("counts windows that reach over the edge (ceil_mode)", "use ceil_mode=False")
    channels = chain.shape[0]
    return chain.then(LayerSpec(name, kind, np.zeros((channels, 0)), np.zeros(0), convolution=grid), shape)


def adaptive_mean(chain: Chain, given: Arguments, name: str, shape: tuple[int, ...]) -> Chain:
    """Windows side by side that fill the grid."""
    wanted, sizes = shape[1:], chain.shape[1:]
    if len(wanted) != len(sizes) or any(size % n for size, n in zip(sizes, wanted, strict=True)):
        raise Refusal(f"makes {wanted} of {sizes} with windows that overlap", "choose a size that divides the input")
    kernel = tuple(size // n for size, n in zip(sizes, wanted, strict=True))
    return _pooled("mean_pool", chain, kernel, kernel, name, shape)


def mean(chain: Chain, given: Arguments, name: str, shape: tuple[int, ...]) -> Chain:
    """Over whole axes of the grid."""
    n_axes = len(chain.shape) + 1
    over = {axis % n_axes for axis in (given.get("dim") or range(n_axes))}
    if over & {0, 1}:
        raise Refusal(f"takes the mean over {sorted(over)}, batch or channels among them", "keep to the axes behind")
    kernel = tuple(size if axis in over else 1 for axis, size in enumerate(chain.shape[1:], 2))
    return _pooled("mean_pool", chain, kernel, kernel, name, shape)


def add(chain: Chain, given: Arguments, name: str, shape: tuple[int, ...]) -> Chain:
    value, first = _constant_operand(chain, given)
    alpha = given.get("alpha", 1)
    return chain.affine(*((1 + 0 * value, alpha * value) if first else (alpha + 0 * value, value)), name)


def subtract(chain: Chain, given: Arguments, name: str, shape: tuple[int, ...]) -> Chain:
    value, first = _constant_operand(chain, given)
    alpha = given.get("alpha", 1)
    return chain.affine(*((1 + 0 * value, -alpha * value) if first else (-alpha + 0 * value, value)), name)


def subtract_from(chain: Chain, given: Arguments, name: str, shape: tuple[int, ...]) -> Chain:
    """other - alpha y."""
    value, _ = _constant_operand(chain, given)
    return chain.affine(0 * value - given.get("alpha", 1), value, name)


def multiply(chain: Chain, given: Arguments, name: str, shape: tuple[int, ...]) -> Chain:
    value, _ = _constant_operand(chain, given)
    return chain.affine(value, 0 * value, name)


def divide(chain: Chain, given: Arguments, name: str, shape: tuple[int, ...]) -> Chain:
    value, first = _constant_operand(chain, given)
    if given.get("rounding_mode") or not first:
        raise Refusal("divides by what comes in, or rounds", "divide by constants")
    return chain.affine(1 / value, 0 * value, name)


def _constant_operand(chain: Chain, given: Arguments) -> tuple[np.ndarray, bool]:
    """The constant beside the chain as one number for each channel, and whether the chain stands first."""
    first = isinstance(given["self"], Chain)
    value = torch.as_tensor(given["other" if first else "self"])
    try:
        everywhere = torch.broadcast_to(value, (1, *chain.shape))[0].reshape(chain.shape[0], -1)
    except RuntimeError:
        raise Refusal(f"adds an axis by a constant of {tuple(value.shape)}", "give it one number a channel") from None
    if not (everywhere == everywhere[:, :1]).all():
        raise Refusal("has a constant that differs between places of a map", "give it one number a channel")
    return numbers(everywhere[:, 0]), first


def constant(value: object, what: str) -> Tensor:
    """A weight that does not depend on the input. Raises: Refusal."""
    if not isinstance(value, Tensor):
        raise Refusal(f"has a {what} that depends on the input", "multiply by constants only")
    return value


def spread(sizes: int | list[int] | tuple[int, ...], axes: int) -> tuple[int, ...]:
    """One number for all axes, or one for each, as one for each."""
    each = (sizes,) if isinstance(sizes, int) else tuple(sizes)
    return each * axes if len(each) == 1 else each


def _require_ones(what: str, sizes: int | list[int] | tuple[int, ...], remedy: str) -> None:
    if any(size != 1 for size in spread(sizes, 1)):
        raise Refusal(f"has a {what} of {list(spread(sizes, 1))}, only 1 is possible", remedy)


_SAME = "alias clone contiguous detach flatten lift_fresh_copy reshape squeeze unsqueeze view _unsafe_view unflatten"
_DROPOUT = "alpha_dropout dropout dropout_ feature_alpha_dropout feature_dropout native_dropout"
_NORM = (
    "batch_norm native_batch_norm _native_batch_norm_legit _native_batch_norm_legit_functional "
    "_native_batch_norm_legit_no_training"
)
OPERATORS: dict[str, Operator] = {
    **dict.fromkeys(_SAME.split(), same),
    **dict.fromkeys(_DROPOUT.split(), dropout),
    **dict.fromkeys(("relu", "relu_"), relu),
    "linear": linear,
    "addmm": addmm,
    **dict.fromkeys(("matmul", "mm"), matmul),
    **dict.fromkeys(("conv1d", "conv2d", "convolution"), convolution),
    **dict.fromkeys(_NORM.split(), batch_norm),
    **dict.fromkeys(("max_pool1d", "max_pool2d", "max_pool2d_with_indices"), max_pool),
    **dict.fromkeys(("avg_pool1d", "avg_pool2d"), mean_pool),
    **dict.fromkeys(("adaptive_avg_pool1d", "adaptive_avg_pool2d", "_adaptive_avg_pool2d"), adaptive_mean),
    "mean": mean,
    **dict.fromkeys(("add", "add_"), add),
    **dict.fromkeys(("sub", "sub_"), subtract),
    "rsub": subtract_from,
    **dict.fromkeys(("mul", "mul_"), multiply),
    **dict.fromkeys(("div", "div_"), divide),
}
