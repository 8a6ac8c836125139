"""Weights and parameters as the bytes of DRAM, in the order of `constants_layout`."""

from collections.abc import Sequence

import numpy as np

from circuits.accelerator.constants_layout import Block
from circuits.accelerator.layer_work import LayerWork, Tap
from circuits.quantised.integers import IntegerLayer, IntegerNetwork, MembraneLayer, ValueLayer


def constants_image(
    network: IntegerNetwork, works: Sequence[LayerWork], blocks: Sequence[tuple[Block, ...]], begin: int, end: int
) -> np.ndarray:
    """The bytes from `begin` to `end`, uint8."""
    image = np.zeros(end - begin, np.uint8)
    for layer, work, own in zip(network.layers, works, blocks, strict=True):
        columns = (own[0].parameters - own[0].weights) // own[0].n_rows if not work.weightless else 0
        for block in own:
            if not work.weightless:
                _put(image, block.weights - begin, _tiles(layer, work, block, columns))
            _put(image, block.parameters - begin, _parameters(layer, block))
    return image


def _put(image: np.ndarray, address: int, values: np.ndarray) -> None:
    data = values.tobytes()
    image[address : address + len(data)] = np.frombuffer(data, np.uint8)


def _tiles(layer: IntegerLayer, work: LayerWork, block: Block, columns: int) -> np.ndarray:
    """All tiles of a block below one another, int8 `(row, columns)`."""
    tiles = np.zeros((block.n_rows, columns), np.int8)
    row = 0
    for tap in block.taps:
        tiles[row : row + tap.rows, : block.columns] = _tile(layer, work, block, tap)
        row += tap.rows
    for tap in block.recurrent:
        tiles[row : row + tap.rows, : block.columns] = layer.recurrent[tap.first :, block.start : block.stop][
            : tap.rows
        ]
        row += tap.rows
    return tiles


def _tile(layer: IntegerLayer, work: LayerWork, block: Block, tap: Tap) -> np.ndarray:
    """`(row, column)`."""
    span, rows = slice(block.start, block.stop), slice(tap.first, tap.first + tap.rows)
    if isinstance(layer, MembraneLayer) or layer.convolution is None:
        return layer.weights[rows, span]
    weights = layer.weights.reshape(len(layer.weights), -1, *work.kernel)[
        span
    ]  # (column, channel in a group, height, width)
    if work.groups == 1:
        return weights[:, :, tap.row].transpose(2, 1, 0).reshape(-1, block.columns)[rows]
    return _of_groups(weights[:, :, tap.row, tap.column], work, block, tap)


def _of_groups(weights: np.ndarray, work: LayerWork, block: Block, tap: Tap) -> np.ndarray:
    """Weights `(column, channel in a group)` where each column meets the channels of its own group, else zeros."""
    own, inside = work.n_out // work.groups, work.channels // work.groups
    tile = np.zeros((tap.rows, block.columns), np.int8)
    for column in range(block.columns):
        first = (block.start + column) // own * inside - tap.first  # of its group, in rows of this tile
        low, high = max(first, 0), min(first + inside, tap.rows)
        if low < high:
            tile[low:high, column] = weights[column, low - first : high - first]
    return tile


def _parameters(layer: IntegerLayer, block: Block) -> np.ndarray:
    """Words of 4 bytes, `(column, word)`."""
    span = slice(block.start, block.stop)
    if isinstance(layer, ValueLayer):
        return np.stack([layer.bias[span], layer.multiplier[span]], axis=1).astype("<i4")
    names = ("bias", "decay", "v_threshold", "v_floor", "rho", "gain", "jump")
    words = [getattr(layer, name)[span] for name in names]
    return np.stack([*words, np.zeros_like(words[0])], axis=1).astype("<i4")
