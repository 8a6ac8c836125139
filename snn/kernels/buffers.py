"""Memory of one thread for one micro-batch, kept between calls: nothing is allocated while training runs on."""

import threading
from dataclasses import dataclass

import numpy as np

from snn.kernels.cpu_loops import Record


@dataclass(frozen=True)
class Buffers:
    """Arrays `(time, batch, channel)` of one micro-batch.

    A layer's gradient lies where the next layer's potentials lay: those have been used by then.
    """

    x: np.ndarray
    records: tuple[Record, ...]
    gradients: tuple[np.ndarray, ...]
    drive: np.ndarray  # of the readout, then its gradient
    potential: np.ndarray


@dataclass(frozen=True)
class Shape:
    """What the buffers' sizes follow from."""

    n_time: int
    n_clips: int
    n_in: int
    sizes: tuple[int, ...]
    adaptive: tuple[bool, ...]
    n_labels: int
    dtype: str


def buffers(shape: Shape) -> Buffers:
    """This thread's buffers; those of the last two shapes are kept, as the last micro-batch is often smaller."""
    kept = _local.__dict__.setdefault("kept", {})
    if shape not in kept:
        if len(kept) > 1:
            kept.clear()
        kept[shape] = _allocate(shape)
    return kept[shape]


_local = threading.local()  # scratch, never a result


def _allocate(shape: Shape) -> Buffers:
    rows, sizes, dtype = shape.n_time * shape.n_clips, shape.sizes, np.dtype(shape.dtype)

    def view(slab: np.ndarray, n: int) -> np.ndarray:
        return slab[: rows * n].reshape(shape.n_time, shape.n_clips, n)

    room = [max(pair) for pair in zip((0, *sizes), (*sizes, 0), strict=True)]  # potentials, later the gradient before
    slabs = [np.empty(rows * n, dtype) for n in room]
    records = []
    for n, slab, adaptive in zip(sizes, slabs, shape.adaptive, strict=False):
        w = view(np.empty(rows * n if adaptive else 0, dtype), n if adaptive else 0)
        index = np.empty(rows * n, np.uint16 if n <= 65_536 else np.int32)
        records.append(Record(view(slab, n), w, np.empty((0, 0, 0), dtype), np.empty(rows + 1, np.int32), index))
    return Buffers(
        x=view(np.empty(rows * shape.n_in, dtype), shape.n_in),
        records=tuple(records),
        gradients=tuple(view(slab, n) for n, slab in zip(sizes, slabs[1:], strict=True)),
        drive=view(np.empty(rows * shape.n_labels, dtype), shape.n_labels),
        potential=view(np.empty(rows * shape.n_labels, dtype), shape.n_labels),
    )
