"""A whole network in two arrays, so that a compiled step costs two arguments, and what must hold of its input."""

from typing import NamedTuple, no_type_check

import numpy as np
from torch import Tensor

from circuits.compile import inline
from circuits.errors import InputError
from snn.kernels import cpu_loops
from snn.kernels.checks import check_numbers
from snn.kernels.cpu_loops import Neurons
from snn.kernels.reference import Network
from snn.neurons.adaptive import AdaptiveParams

GAIN, DENSE, READOUT = 0, 1, 2  # kinds of a population
SOUND, BAD_INPUT, BAD_STATE, OVERFLOW = range(4)  # outcomes of `advance`
KIND, FIRST, SIZE, FAN_IN, WEIGHT, RECURRENT, NEURONS, ADAPTIVE = range(8)  # columns of `layout`


class Packed(NamedTuple):
    """A network in two arrays, so that a step costs two arguments.

    numbers: all weights and parameters, one after another. layout `(population, 8)`: kind, first neuron, neurons,
    fan-in, where in `numbers` its weights, its recurrent weights (or -1) and its neurons lie, whether it adapts.
    """

    numbers: np.ndarray
    layout: np.ndarray

    @property
    def n_neurons(self) -> int:
        """All populations together, the readout last."""
        return int(self.layout[-1, FIRST] + self.layout[-1, SIZE])

    @property
    def n_spiking(self) -> int:
        return self.n_neurons - self.n_labels

    @property
    def sizes(self) -> list[int]:
        """Neurons of each spiking population."""
        return self.layout[:-1, SIZE].tolist()

    @property
    def n_labels(self) -> int:
        return int(self.layout[-1, SIZE])

    @property
    def n_in(self) -> int:
        return int(self.layout[0, FAN_IN])


def pack(network: Network) -> Packed:
    """The network's numbers as they are now; changing the network later does not change them.

    Raises: FloatingPointError if one of them is not finite.
    """
    check_numbers(network)
    pieces, rows, first = _Pieces(), [], 0
    if network.encoder is not None:
        e = network.encoder
        fan_in = len(e.gain) // e.per_channel
        rows.append([GAIN, first, len(e.gain), fan_in, pieces.add(e.gain), -1, pieces.add(e.bias, *_neurons(e.params))])
    for layer in network.layers:
        first = sum(row[SIZE] for row in rows)
        loop = -1 if layer.recurrent is None else pieces.add(layer.recurrent)
        at = pieces.add(layer.weight), loop, pieces.add(layer.bias, *_neurons(layer.params))
        rows.append([DENSE, first, layer.weight.shape[1], layer.weight.shape[0], *at])
    weight, bias, alpha = network.readout
    first = sum(row[SIZE] for row in rows)
    rows.append([READOUT, first, weight.shape[1], weight.shape[0], pieces.add(weight), -1, pieces.add(bias, alpha)])
    adaptive = [isinstance(layer.params, AdaptiveParams) for layer in network.layers]
    flags = [*([False] if network.encoder is not None else []), *adaptive, False]
    layout = np.array([[*row, flag] for row, flag in zip(rows, flags, strict=True)], np.int64)
    return Packed(np.concatenate(pieces.parts), layout)


def rest(net: Packed, n_batch: int) -> np.ndarray:
    """The state before the first step, `(batch, 3, neuron)`: potential, last spike and adaptation of every neuron."""
    return np.zeros((n_batch, 3, net.n_neurons), net.numbers.dtype)


def check_input(x: np.ndarray, net: Packed, n_batch: int) -> None:
    """Raises: InputError unless x is `(time, batch, channel)` of the network's channels and precision."""
    if x.ndim != 3 or x.shape[1:] != (n_batch, net.n_in):
        raise InputError(
            f"x is (time, batch, channel) = {x.shape}, but the state holds {n_batch} clips and the network takes "
            f"{net.n_in} channels; start from a state of the same batch"
        )
    if x.dtype != net.numbers.dtype:
        raise InputError(f"x is {x.dtype} and the network {net.numbers.dtype}; convert one of them")


def check_state(state: np.ndarray, net: Packed, n_batch: int) -> None:
    """Raises: InputError unless the state is one of this network, of so many clips and of its precision."""
    wanted = n_batch, 3, net.n_neurons
    if state.shape != wanted or state.dtype != net.numbers.dtype:
        raise InputError(
            f"the state is {state.shape} {state.dtype}, but {n_batch} clips through this network need {wanted} "
            f"{net.numbers.dtype}; begin with start() of the same stream"
        )


def check_outcome(outcome: int) -> None:
    """Raises: InputError or FloatingPointError if `advance` met a number that is not finite."""
    if outcome == BAD_INPUT:
        raise InputError("x holds NaN or infinity; a neuron would fall silent without a word: clean the input")
    if outcome == BAD_STATE:
        raise InputError("the state holds NaN or infinity; a neuron would stay silent: begin with start()")
    if outcome == OVERFLOW:
        raise FloatingPointError("a potential became NaN or infinite on the way; scale the input or the weights down")


class _Pieces:
    def __init__(self):
        self.parts, self.length = [], 0

    def add(self, *tensors: Tensor) -> int:
        """Put the tensors behind what is there; returns where they begin."""
        start = self.length
        for tensor in tensors:
            self.parts.append(tensor.detach().cpu().contiguous().numpy().ravel())
            self.length += tensor.numel()
        return start


def _neurons(params) -> tuple[Tensor, ...]:
    """v_floor and the number below it, then the parameters of each neuron."""
    adaptive = (params.rho, params.a, params.b) if isinstance(params, AdaptiveParams) else ()
    alpha = params.alpha.detach().cpu()
    p = cpu_loops.neurons(alpha.numpy(), alpha.numpy(), *3 * (alpha.numpy(),), params.v_floor)
    return (alpha.new_tensor([p.v_floor, p.below]), params.alpha, params.v_threshold, *adaptive)


@no_type_check
@inline
def population(numbers, at, n, adaptive):
    """Bias and `Neurons` of a population, as `pack` laid them."""
    o = at + n + 2
    end = o + 2 * n
    m = n if adaptive else 0
    return numbers[at : at + n], Neurons(
        numbers[o : o + n],
        numbers[o + n : end],
        numbers[end : end + m],
        numbers[end + m : end + 2 * m],
        numbers[end + 2 * m : end + 3 * m],
        numbers[at + n],
        numbers[at + n + 1],
    )
