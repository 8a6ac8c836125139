"""Memory for micro-batches, kept between calls: nothing is allocated while training runs on."""

import math
import threading
from dataclasses import dataclass

import numpy as np

from snn.kernels.cpu_loops import Record

LINE = 64  # bytes of a cache line
MOST = 1 << 27  # bytes kept: a batch of the recipes takes half


@dataclass(frozen=True)
class Buffers:
    """Arrays `(time, batch, channel)` of one micro-batch.

    A layer's gradient lies where the next layer's potentials lay: those have been used by then. `events` are those of a
    recurrent layer that dropout leaves, None where the record's own are taken.
    """

    shape: "Shape"

    x: np.ndarray
    ones: tuple[np.ndarray, np.ndarray]  # room for the events of x
    records: tuple[Record, ...]
    events: tuple[tuple[np.ndarray, np.ndarray] | None, ...]
    gradients: tuple[np.ndarray, ...]
    drive: np.ndarray  # of the readout, then its gradient
    potential: np.ndarray

    @property
    def n_bytes(self) -> int:
        """What they take: a gradient lies in a potential's place, and counts once."""
        own = [self.x, *self.ones, self.drive, self.potential]
        own += [array for record in self.records for array in record]
        own += [array for pair in self.events if pair is not None for array in pair]
        return sum(array.nbytes for array in own)


@dataclass(frozen=True)
class Shape:
    """What the buffers' sizes follow from."""

    n_time: int
    n_clips: int
    n_in: int
    sizes: tuple[int, ...]
    adaptive: tuple[bool, ...]
    twice: tuple[bool, ...]  # whether a layer's events are kept with and without dropout
    n_labels: int
    dtype: str


def take(shape: Shape) -> Buffers:
    """Buffers that nobody else has until they are given back."""
    with _lock:
        free = _kept.get(shape)
        if free:
            return free.pop()
    return _allocate(shape)


def give_back(buffers: Buffers) -> None:
    """Keep them for the next call, up to MOST bytes.

    Those of the last two shapes are kept, as the last micro-batch is often smaller.
    """
    with _lock:
        if buffers.shape not in _kept and len(_kept) > 1:
            _kept.clear()
        if buffers.n_bytes + sum(one.n_bytes for free in _kept.values() for one in free) <= MOST:
            _kept.setdefault(buffers.shape, []).append(buffers)


def aligned(shape: tuple[int, ...], dtype: np.dtype) -> np.ndarray:
    """Room of which every cache line begins with a number: a vector of 512 bits is then read from one, not from two."""
    n_bytes = math.prod(shape) * np.dtype(dtype).itemsize
    room = np.empty(n_bytes + LINE, np.uint8)
    first = -room.ctypes.data % LINE
    return room[first : first + n_bytes].view(dtype).reshape(shape)


def aligned_copy(array: np.ndarray) -> np.ndarray:
    """The same numbers, aligned."""
    copy = aligned(array.shape, array.dtype)
    np.copyto(copy, array)
    return copy


_kept: dict[Shape, list[Buffers]] = {}  # scratch, never a result
_lock = threading.Lock()


def _allocate(shape: Shape) -> Buffers:
    rows, sizes, dtype = shape.n_time * shape.n_clips, shape.sizes, np.dtype(shape.dtype)

    def view(slab: np.ndarray, n: int) -> np.ndarray:
        return slab[: rows * n].reshape(shape.n_time, shape.n_clips, n)

    room = [max(pair) for pair in zip((0, *sizes), (*sizes, 0), strict=True)]  # potentials, later the gradient before
    slabs = [aligned((rows * n,), dtype) for n in room]
    records, events = [], []
    for n, slab, adaptive, twice in zip(sizes, slabs, shape.adaptive, shape.twice, strict=False):
        w = view(aligned((rows * n if adaptive else 0,), dtype), n if adaptive else 0)
        index = np.empty(rows * n, np.uint16 if n <= 65_536 else np.int32)
        events.append((np.empty(rows + 1, np.int32), np.empty_like(index)) if twice else None)
        records.append(Record(view(slab, n), w, np.empty((0, 0, 0), dtype), np.empty(rows + 1, np.int32), index))
    return Buffers(
        shape=shape,
        x=view(aligned((rows * shape.n_in,), dtype), shape.n_in),
        ones=(np.empty(rows + 1, np.int32), np.empty(rows * shape.n_in + 1, np.int32)),
        records=tuple(records),
        events=tuple(events),
        gradients=tuple(view(slab, n) for n, slab in zip(sizes, slabs[1:], strict=True)),
        drive=view(aligned((rows * shape.n_labels,), dtype), shape.n_labels),
        potential=view(aligned((rows * shape.n_labels,), dtype), shape.n_labels),
    )
