"""Memory of the fused pass that is kept between calls."""

import numpy as np

from snn.kernels import buffers
from snn.kernels.buffers import Shape, give_back, take

SHAPE = Shape(10, 4, 6, (32, 16), (True, False), (False, False), 3, np.dtype(np.float32).str)


def test_buffers_are_kept_up_to_a_limit(monkeypatch):
    monkeypatch.setattr(buffers, "_kept", {})
    taken = [take(SHAPE) for _ in range(4)]
    monkeypatch.setattr(buffers, "MOST", 2 * taken[0].n_bytes)
    for one in taken:
        give_back(one)
    assert [id(one) for one in buffers._kept[SHAPE]] == [id(one) for one in taken[:2]]
    assert take(SHAPE) is taken[1]
