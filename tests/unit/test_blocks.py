"""A population in blocks: every number comes back, and each row of a block begins a cache line."""

import numpy as np
import pytest

from circuits.transient.blocks import BLOCK, block_size, in_blocks, whole


@pytest.mark.parametrize("n", [1, BLOCK - 1, BLOCK, BLOCK + 1, 3 * BLOCK + 5])
@pytest.mark.parametrize("together", [False, True])
def test_rows_come_back_from_their_blocks(n, together):
    rows = np.random.default_rng(0).random((3, n))
    table = in_blocks(rows, 4, n, block_size(n, together))
    assert len(table) == 1 if together else len(table) == -(-n // BLOCK)
    assert np.array_equal(whole(table, n), np.vstack((rows, np.zeros(n))))


@pytest.mark.parametrize("together", [False, True])
def test_each_row_of_a_block_begins_a_cache_line(together):
    table = in_blocks(np.zeros((3, 500)), 3, 500, block_size(500, together))
    assert {row.ctypes.data % 64 for block in table for row in block} == {0}
