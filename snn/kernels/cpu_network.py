"""A whole network through time for one clip after another, event-driven: the form that evaluates and streams.

A step depends on nothing but the input and the state, so a clip cut into single steps gives the same bits as the whole
clip, alone or among others. `run_network` of `reference.py` defines the result.
"""

from typing import NamedTuple, no_type_check

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from circuits.compile import inline, jit
from circuits.errors import InputError
from snn.kernels import cpu_loops
from snn.kernels.checks import check_numbers
from snn.kernels.cpu_loops import Neurons
from snn.kernels.cpu_products import add_rows, add_scaled_rows, list_active
from snn.kernels.reference import Network
from snn.kernels.threads import on_threads
from snn.neurons.adaptive import AdaptiveParams

CLIPS = 8  # run one after another by a thread before it takes the next ones
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


def run_network(
    x: Float[Tensor, "time batch channel"], network: Network
) -> tuple[Float[Tensor, "time batch label"], tuple[Float[Tensor, "time batch neuron"], ...]]:
    """Readout potentials and the spikes of every population from rest; equal to `reference.run_network`."""
    net, array = pack(network), x.detach().contiguous().numpy()
    check_input(array, net, x.shape[1])
    n_batch, n_spiking = x.shape[1], net.n_neurons - net.n_labels
    potential = np.empty((*array.shape[:2], net.n_labels), array.dtype)
    spikes, state = np.empty((*array.shape[:2], n_spiking), array.dtype), rest(net, n_batch)

    def work(part: slice) -> int:
        return advance(array[:, part], net.numbers, net.layout, state[part], potential[:, part], spikes[:, part])

    n_threads = max(1, min(torch.get_num_threads(), -(-n_batch // CLIPS)))
    parts = [slice(i, i + CLIPS) for i in range(0, n_batch, CLIPS)]
    check_outcome(max(on_threads(work, parts, n_threads), default=SOUND))
    sizes = net.layout[:-1, SIZE].tolist()
    return torch.from_numpy(potential), torch.from_numpy(spikes).split(sizes, -1)


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
def _slice_of(numbers, at, n, adaptive):
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


@no_type_check
@jit
def advance(x, numbers, layout, state, potential, spikes):
    """All clips through all steps; `state` is left at the last, `potential` `(time, batch, label)` is filled.

    spikes (out): `(time, batch, neuron)`, or without neurons if they are not wanted. Returns: SOUND, or what is not
    finite, where it stops: BAD_INPUT, BAD_STATE at the start, or OVERFLOW, which is a bad state at the end.
    """
    n_time, n_batch, n_in = x.shape
    last = layout.shape[0] - 1
    first_label = layout[last, FIRST]
    n = first_label + layout[last, SIZE]
    drive, active, before = np.empty(n, x.dtype), np.empty(n + 1, np.int32), np.empty(max(n, n_in) + 1, np.int32)
    for i in range(n_batch):
        v = state[i, 0]
        if not _sound(state[i]):
            return BAD_STATE
        for t in range(n_time):
            unsound = 0 * x[t, i, 0]
            for j in range(x.shape[2]):
                unsound += 0 * x[t, i, j]
            if unsound != 0:
                return BAD_INPUT
            _step(x[t, i], numbers, layout, state[i], drive, active, before)
            for k in range(potential.shape[2]):
                potential[t, i, k] = v[first_label + k]
            for k in range(spikes.shape[2]):
                spikes[t, i, k] = state[i, 1, k]
        if not _sound(state[i]):
            return OVERFLOW
    return SOUND


@no_type_check
@inline
def _sound(state):
    """Whether all numbers are finite; counted, not summed, so that the compiler takes many at once."""
    bad = 0
    for row in range(state.shape[0]):
        for k in range(state.shape[1]):
            bad += 0 if abs(state[row, k]) < np.inf else 1
    return bad == 0


@no_type_check
@jit
def _step(x, numbers, layout, state, drive, active, before):
    """One step of one clip through all populations; `state` `(3, neuron)` advances."""
    count = 0
    for row in range(layout.shape[0]):
        kind, first, n, fan_in = layout[row, KIND], layout[row, FIRST], layout[row, SIZE], layout[row, FAN_IN]
        at, loop, adaptive = layout[row, WEIGHT], layout[row, RECURRENT], layout[row, ADAPTIVE] > 0
        end = first + n
        d, v, s, w = drive[first:end], state[0, first:end], state[1, first:end], state[2, first:end]
        here = layout[row, NEURONS]
        if kind == READOUT:
            bias, alpha = numbers[here : here + n], numbers[here + n : here + 2 * n]
        else:
            bias, p = _slice_of(numbers, here, n, adaptive)
        for k in range(n):
            d[k] = bias[k]
        if kind == GAIN:
            per_channel = n // fan_in
            for j in range(fan_in):
                for k in range(j * per_channel, (j + 1) * per_channel):
                    d[k] += numbers[at + k] * x[j]
        elif row == 0:
            weights = numbers[at : at + fan_in * n].reshape(fan_in, n)
            add_scaled_rows(x, before, list_active(x, before), weights, d)
        else:
            add_rows(active, 0, count, numbers[at : at + fan_in * n].reshape(fan_in, n), d)
        if kind == READOUT:
            for k in range(n):
                v[k] = d[k] + alpha[k] * (v[k] - d[k])
            return
        if loop >= 0:
            add_rows(before, 0, list_active(s, before), numbers[loop : loop + n * n].reshape(n, n), d)
        if adaptive:
            for k in range(n):
                d[k] -= w[k]
        cpu_loops.move(d, p, v, s, d)
        if adaptive:
            cpu_loops.adapt(p, s, d, w)
        count = list_active(s, active)
