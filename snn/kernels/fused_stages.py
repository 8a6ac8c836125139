"""The steps of the fused pass: what is done to one micro-batch, and where all of them have to meet first."""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import NamedTuple

import numpy as np
import torch

from snn.kernels import cpu_backward, cpu_loops, cpu_norm, cpu_products, cpu_readout
from snn.kernels.buffers import Buffers, aligned_copy, give_back, take
from snn.kernels.checks import check_sound
from snn.kernels.cpu_loops import States
from snn.kernels.cpu_surrogate import slopes
from snn.kernels.dropout import drop_events, drop_gradient
from snn.kernels.fused_network import BIAS, GAIN, RECURRENT, WEIGHT, Arrays, Found, Totals


@dataclass(eq=False)
class Piece:
    """One micro-batch: its clips of x and the labels, and while it is worked on its buffers and inputs."""

    x: np.ndarray
    labels: np.ndarray
    d_x: np.ndarray | None
    clips: slice
    buffers: Buffers | None = None
    inputs: list["Input | Features"] = field(default_factory=list)  # of each layer and the readout
    moments: dict[int, tuple[np.ndarray, np.ndarray]] = field(default_factory=dict)  # by layer

    @property
    def n_rows(self) -> int:
        return len(self.x) * (self.clips.stop - self.clips.start)


Step = Callable[[Piece, Totals], None]


class Stage(NamedTuple):
    """Steps of each micro-batch, and what is done once all have got there."""

    steps: tuple[Step, ...]
    meet: Callable[[list[Piece], list[Totals]], None] = lambda pieces, totals: None


def stages(net: Arrays, n_rows: int) -> list[Stage]:
    """All steps in their order; a stage ends where a normalisation needs every micro-batch."""
    found, steps = [], [partial(_begin, net)]
    for i, layer in enumerate(net.layers):
        if layer.normalised:
            found.append(Stage((*steps, partial(_find_moments, net, i)), partial(_combine_moments, net, i)))
            steps = []
        steps.append(partial(_run_neurons, net, i))
    steps.append(partial(_read_out, net))
    for i, layer in reversed(list(enumerate(net.layers))):
        steps.append(partial(_neurons_backward, net, i))
        if layer.normalised:
            found.append(Stage(tuple(steps), partial(_combine_slopes, net, i, n_rows)))
            steps = [partial(_norm_backward, net, i)]
        steps.append(partial(_weights_backward, net, i))
    return [*found, Stage((*steps, partial(_end, net)))]


def _begin(net: Arrays, piece: Piece, totals: Totals) -> None:
    piece.buffers = take(net.shape(piece.x, piece.clips.stop - piece.clips.start))
    np.copyto(piece.buffers.x, piece.x[:, piece.clips])
    rows = rows_of(piece.buffers.x)
    if net.per_channel:
        channel = np.repeat(np.arange(rows.shape[1], dtype=np.uint32), net.per_channel)
        piece.inputs = [Features(rows, channel)]
    else:
        piece.inputs = [Input.of_rows(rows, *piece.buffers.ones)]


def _find_moments(net: Arrays, i: int, piece: Piece, totals: Totals) -> None:
    """Mean of each neuron's input, and the squared deviations from it."""
    z, mean, square = _input(net, i, piece, totals), *np.empty((2, len(net.layers[i].bias)))
    cpu_norm.row_moments(z, mean, square)
    piece.moments[i] = mean, square


def _combine_moments(net: Arrays, i: int, pieces: list[Piece], totals: list[Totals]) -> None:
    """Those of all micro-batches together (Chan et al. 1979), and the normalisation folded into weight and bias."""
    n = np.array([piece.n_rows for piece in pieces], float)[:, None]
    means, squares = (np.array(part) for part in zip(*(piece.moments[i] for piece in pieces), strict=True))
    mean = (n * means).sum(0) / n.sum()
    variance = (squares + n * (means - mean) ** 2).sum(0) / n.sum()
    layer, kind = net.layers[i], net.layers[i].weight.dtype
    inverse = 1 / np.sqrt(variance + layer.eps)
    scale = layer.gain * inverse
    folded = aligned_copy((layer.weight * scale).astype(kind)), (layer.bias - scale * mean).astype(kind)
    net.found[i] = Found(mean, variance, inverse.astype(kind), folded)


def _run_neurons(net: Arrays, i: int, piece: Piece, totals: Totals) -> None:
    """Fill the record of a layer, and list what is left of its spikes after dropout."""
    layer, record = net.layers[i], piece.buffers.records[i]
    weight, bias = net.found[i].folded if layer.normalised else (layer.weight, layer.bias)
    drive = record.v  # the potential takes its place
    piece.inputs[i].times(weight, rows_of(drive))
    state = States(*np.zeros((3, *drive.shape[1:]), drive.dtype))
    cpu_loops.forward(drive, bias, layer.neurons, layer.recurrent, state, record)
    if not np.isfinite(state.v).all():
        check_sound(torch.from_numpy(state.v))
    if net.costs:
        fired = np.bincount(record.index[: record.start[-1]], minlength=len(net.costs[i]))
        totals.loss += float(fired @ net.costs[i].astype(float))
    piece.inputs.append(_spikes(net, i, piece))


def _spikes(net: Arrays, i: int, piece: Piece) -> "Input":
    """What follows a layer hears of it."""
    record, own = piece.buffers.records[i], piece.buffers.events[i]
    start, index = (record.start, record.index) if own is None else own
    if own is not None:
        np.copyto(start, record.start)
        index[: start[-1]] = record.index[: start[-1]]
    _, n_clips, n = record.v.shape
    if drawn := net.drawn(i):
        drop_events(start, index, n, piece.clips.start, n_clips, piece.x.shape[1], *drawn)
    return Input.of_events(start, index, n, record.v.dtype)


def _read_out(net: Arrays, piece: Piece, totals: Totals) -> None:
    """Readout and loss, forward and backward: the gradient of its input is left in `drive`."""
    buf, (weight, bias, alpha) = piece.buffers, net.readout
    piece.inputs[-1].times(weight, rows_of(buf.drive))
    np.add(buf.drive, bias, out=buf.drive)
    rest = np.zeros(buf.drive.shape[1:], buf.drive.dtype)
    cpu_readout.leaky_forward(buf.drive, alpha, rest, buf.potential)
    np.copyto(buf.drive, buf.potential)
    kind, d_weight, sums = buf.drive.dtype.type, totals.gradients[-3], totals.gradients[-2:]
    scale = kind(1 / piece.x.shape[1])
    totals.loss += cpu_readout.vote_loss(buf.drive, piece.labels[piece.clips], kind(net.evidence), scale)
    cpu_readout.leaky_backward(buf.drive, alpha, rest, buf.potential, *sums, np.zeros_like(rest))
    piece.inputs[-1].add_weight_gradient(rows_of(buf.drive), d_weight)


def _neurons_backward(net: Arrays, i: int, piece: Piece, totals: Totals) -> None:
    """From the gradient behind a layer's spikes to that of its drive, in its place of the buffers."""
    buf, layer, last = piece.buffers, net.layers[i], i + 1 == len(net.layers)
    grad, weight = (buf.drive, net.readout[0]) if last else (buf.gradients[i + 1], net.layers[i + 1].weight)
    record, out = buf.records[i], buf.gradients[i]
    np.matmul(rows_of(grad), weight.T, out=rows_of(out))
    if drawn := net.drawn(i):
        drop_gradient(out, piece.clips.start, piece.x.shape[1], *drawn)
    if net.costs:  # of a spike wherever it goes, so behind the dropout of what follows
        out += net.costs[i] / out.dtype.type(piece.x.shape[1])
    first, lam_v, lam_w = np.zeros((3, *out.shape[1:]), out.dtype)
    surrogate = slopes(layer.spike_grad, record.v, layer.neurons, totals.scratch)
    cpu_backward.backward(out, layer.neurons, layer.recurrent, surrogate, record, first, lam_v, lam_w, totals.sums(i))
    if layer.recurrent.size:
        events = Input.of_events(record.start, record.index, out.shape[2], out.dtype)
        events.add_weight_gradient(rows_of(out)[out.shape[1] :], totals.of(i, RECURRENT))
    if layer.normalised:
        z, found = _input(net, i, piece, totals), net.found[i]
        cpu_norm.add_products(rows_of(out), z, found.mean.astype(z.dtype), found.inverse, totals.of(i, GAIN))


def _combine_slopes(net: Arrays, i: int, n_rows: int, pieces: list[Piece], totals: list[Totals]) -> None:
    """What the mean and the variance of a layer's input take from its gradient."""
    found, kind = net.found[i], net.layers[i].weight.dtype
    d_gain, d_bias = (np.sum([t.of(i, what) for t in totals], axis=0, dtype=float) for what in (GAIN, BIAS))
    parts = found.mean, net.layers[i].gain * found.inverse, d_gain * found.inverse / n_rows, d_bias / n_rows
    found.back = tuple(part.astype(kind) for part in parts)


def _norm_backward(net: Arrays, i: int, piece: Piece, totals: Totals) -> None:
    z = _input(net, i, piece, totals)
    cpu_norm.through_norm(rows_of(piece.buffers.gradients[i]), z, *net.found[i].back)


def _weights_backward(net: Arrays, i: int, piece: Piece, totals: Totals) -> None:
    piece.inputs[i].add_weight_gradient(rows_of(piece.buffers.gradients[i]), totals.of(i, WEIGHT))


def _end(net: Arrays, piece: Piece, totals: Totals) -> None:
    if piece.d_x is not None:
        grad = piece.inputs[0].back(rows_of(piece.buffers.gradients[0]), net.layers[0].weight)
        piece.d_x[:, piece.clips] = grad.reshape(piece.buffers.x.shape)
    give_back(piece.buffers)
    piece.buffers = None


def _input(net: Arrays, i: int, piece: Piece, totals: Totals) -> np.ndarray:
    """x W of a layer, `(row, neuron)`, until the next is asked for."""
    layer = net.layers[i]
    z = totals.room(piece.n_rows, len(layer.bias))
    piece.inputs[i].times(layer.weight, z)
    return z


class Features(NamedTuple):
    """What an encoder's neurons are driven by, each by a channel of the rows, several by the same."""

    rows: np.ndarray
    channel: np.ndarray

    def times(self, gain: np.ndarray, out: np.ndarray) -> None:
        """out = gain x, of each neuron's own channel."""
        cpu_products.amplify(self.rows, self.channel, gain, out)

    def add_weight_gradient(self, grad: np.ndarray, d_gain: np.ndarray) -> None:
        """d_gain += sum over rows of grad x."""
        cpu_products.amplify_back(self.rows, self.channel, grad, d_gain)

    def back(self, grad: np.ndarray, gain: np.ndarray) -> np.ndarray:
        """The gradient of the rows."""
        return (grad * gain).reshape(*self.rows.shape, -1).sum(2)


class Input(NamedTuple):
    """What a product takes: the rows themselves, or where they are few the events of spikes."""

    dense: np.ndarray | None
    start: np.ndarray | None = None
    index: np.ndarray | None = None

    @staticmethod
    def of_rows(rows: np.ndarray, start: np.ndarray, index: np.ndarray) -> "Input":
        """Rows of anything; start, index: room for their events, where they are few ones among zeros."""
        return Input(None, start, index) if cpu_products.list_ones(rows, start, index) else Input(rows)

    @staticmethod
    def of_events(start: np.ndarray, index: np.ndarray, n: int, dtype: np.dtype) -> "Input":
        n_rows = len(start) - 1
        if start[-1] < cpu_products.DENSE_FROM * n_rows * n:
            return Input(None, start, index)
        dense = np.zeros((n_rows, n), dtype)
        cpu_products.spread(start, index, dense)
        return Input(dense)

    def times(self, weight: np.ndarray, out: np.ndarray) -> None:
        """out = input W."""
        if self.dense is None:
            cpu_products.gather(self.start, self.index, weight, out)
        else:
            np.matmul(self.dense, weight, out=out)

    def add_weight_gradient(self, grad: np.ndarray, d_weight: np.ndarray) -> None:
        """d_weight += input^T grad, of the first rows if grad has fewer."""
        if self.dense is None:
            cpu_products.scatter(self.start, self.index, grad, d_weight)
        else:
            d_weight += self.dense[: len(grad)].T @ grad

    def back(self, grad: np.ndarray, weight: np.ndarray) -> np.ndarray:
        """The gradient of the rows."""
        return grad @ weight.T


def rows_of(a: np.ndarray) -> np.ndarray:
    """`(time, batch, channel)` as `(row, channel)`."""
    return a.reshape(-1, a.shape[2])
