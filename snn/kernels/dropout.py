"""Dropout without a stored mask: whether a spike is dropped follows from a seed and its place, the same everywhere.

A counter-based generator: the place of an element, (t batch + clip) neurons + neuron, is mixed with two keys by the
finalizer of MurmurHash3 (Appleby, public domain), twice. It is dropped where the 32 bits are below probability 2^32.
"""

from typing import NamedTuple, no_type_check

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from circuits.compile import float_of, inline, lean_jit, widest_vectors

WORD = 0xFFFFFFFF


class Dropout(NamedTuple):
    """Zero with the probability of the layer, the rest scaled by 1 / (1 - probability); `seed` 0..2^63 names the draw.

    probabilities: of each layer's spikes, below 1; none: nothing is dropped.
    """

    probabilities: tuple[float, ...]
    seed: int

    def of(self, layer: int) -> float:
        """Probability for one layer."""
        return self.probabilities[layer] if self.probabilities else 0.0

    def scale(self, layer: int) -> float:
        return 1 / (1 - self.of(layer))

    def limit(self, layer: int) -> int:
        return min(round(self.of(layer) * 2**32), WORD)

    def keys(self, layer: int) -> tuple[int, int]:
        """Two words for one layer: SplitMix64 of seed and layer (Steele et al. 2014, constants of Vigna)."""
        z = (self.seed + (layer + 1) * 0x9E3779B97F4A7C15) & 0xFFFFFFFFFFFFFFFF
        z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & 0xFFFFFFFFFFFFFFFF
        z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & 0xFFFFFFFFFFFFFFFF
        z ^= z >> 31
        return z & WORD, z >> 32


NO_DROPOUT = Dropout((), 0)


def draw(probabilities: tuple[float, ...], generator: torch.Generator | None) -> Dropout:
    """The draw of one batch; `generator` is asked only where something is dropped."""
    if not any(probabilities):
        return NO_DROPOUT
    return Dropout(probabilities, int(torch.randint(1 << 62, (), generator=generator)))


def drop(
    spikes: Float[Tensor, "time batch neuron"], dropout: Dropout, layer: int
) -> Float[Tensor, "time batch neuron"]:
    """The spikes of layer `layer` after dropout."""
    if not dropout.of(layer):
        return spikes
    return spikes * (kept_on_cpu if spikes.device.type == "cpu" else kept_anywhere)(spikes, dropout, layer)


def kept_anywhere(like: Tensor, dropout: Dropout, layer: int) -> Tensor:
    """What each element is multiplied by, 0 or the scale; the meaning of the others."""
    first, second = dropout.keys(layer)
    place = torch.arange(like.numel(), device=like.device).view(like.shape) & WORD
    return (_mixed(_mixed(place ^ first) ^ second) >= dropout.limit(layer)).to(like.dtype) * dropout.scale(layer)


def kept_on_cpu(like: Tensor, dropout: Dropout, layer: int) -> Tensor:
    """The same, compiled."""
    factors = torch.full(like.shape, dropout.scale(layer), dtype=like.dtype)
    flat = factors.numpy().reshape(1, 1, -1)
    drop_gradient(flat, 0, 1, np.array(dropout.keys(layer), np.uint32), np.uint32(dropout.limit(layer)))
    return factors


def _mixed(h: Tensor) -> Tensor:
    """The finalizer of MurmurHash3 on words in 64-bit integers, whose products wrap around."""
    h = ((h ^ (h >> 16)) * 0x85EBCA6B) & WORD
    h = ((h ^ (h >> 13)) * 0xC2B2AE35) & WORD
    return h ^ (h >> 16)


@no_type_check
@inline
def mixed(h):
    """`_mixed` of one word."""
    h = np.uint32((h ^ (h >> np.uint32(16))) * np.uint32(0x85EBCA6B))
    h = np.uint32((h ^ (h >> np.uint32(13))) * np.uint32(0xC2B2AE35))
    return np.uint32(h ^ (h >> np.uint32(16)))


@no_type_check
@lean_jit
def drop_events(start, index, n, first, n_clips, n_batch, keys, limit):
    """Take dropped spikes out of a list of events, in place; row m is clip first + m % n_clips at step m // n_clips."""
    end = 0
    for m in range(start.shape[0] - 1):
        begin, stop = start[m], start[m + 1]
        start[m] = end
        place = np.uint32(((m // n_clips) * n_batch + first + m % n_clips) * n)
        for e in range(begin, stop):
            k = index[e]
            h = mixed(np.uint32(mixed(np.uint32(np.uint32(place + k) ^ keys[0])) ^ keys[1]))
            index[end] = k
            end += 1 if h >= limit else 0
    start[start.shape[0] - 1] = end


@no_type_check
@lean_jit
def drop_gradient(grad, first, n_batch, keys, limit):
    """Back through dropout, in place: `grad` `(time, clip, neuron)` of the clips from `first` on."""
    n_time, n_clips, n = grad.shape
    for t in range(n_time):
        for i in range(n_clips):
            _drop_row(grad[t, i], np.uint32((t * n_batch + first + i) * n), keys[0], keys[1], limit)


@no_type_check
@inline
def _drop_row(row, place, key, other, limit):
    widest_vectors()
    zero = float_of(row, 0)
    for k in range(np.uint32(row.shape[0])):
        h = mixed(np.uint32(mixed(np.uint32(np.uint32(place + np.uint32(k)) ^ key)) ^ other))
        row[k] = row[k] if h >= limit else zero
