"""A population cut into blocks whose numbers stand side by side in memory, each row of a block from a cache line on.

Arrays of the whole population begin at the same place of their pages: the same block of twenty of them would compete
for the same few places of the cache.
"""

from collections.abc import Iterable

import numpy as np

BLOCK = 192  # neurons: their state stays in the first-level cache while time goes on
_LINE = 8  # floats


def block_size(n_neurons: int, together: bool) -> int:
    """Neurons of a block: all of them where they depend on each other, and whole cache lines."""
    return (n_neurons + _LINE - 1) // _LINE * _LINE if together else BLOCK


def in_blocks(rows: Iterable[np.ndarray], n_rows: int, n_neurons: int, size: int) -> np.ndarray:
    """`(block, row, neuron of the block)` of rows `(neuron,)`; what no row fills is zero."""
    n_blocks = (n_neurons + size - 1) // size
    numbers = np.zeros(n_blocks * n_rows * size + _LINE)
    begin = -numbers.ctypes.data // numbers.itemsize % _LINE
    table = numbers[begin : begin + n_blocks * n_rows * size].reshape(n_blocks, n_rows, size)
    padded = np.zeros(n_blocks * size)
    for place, row in enumerate(rows):
        padded[:n_neurons] = row
        table[:, place] = padded.reshape(n_blocks, size)
    return table


def whole(table: np.ndarray, n_neurons: int) -> np.ndarray:
    """`(row, neuron)` again."""
    return table.transpose(1, 0, 2).reshape(table.shape[1], -1)[:, :n_neurons]
