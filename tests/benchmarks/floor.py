"""The cost of the dense matrix products of a training step alone: what a dense program cannot be faster than."""

from collections.abc import Callable

import torch
from network import SIZES, Setting


def floor(setting: Setting) -> Callable[[], None]:
    """Three forward, three weight-gradient and two input-gradient products, into buffers that exist.

    Recurrent layers add one product per step forward and backward, and one weight gradient each.
    """
    rows, (k, n, _, c) = setting.n_time * setting.n_batch, SIZES
    x, h, o, out = (torch.randn(rows, m) for m in (k, n, n, c))
    w = [torch.randn(k, n), torch.randn(n, n), torch.randn(n, c)]
    d = [torch.empty_like(m) for m in w]
    step, step_out = torch.randn(setting.n_batch, n), torch.empty(setting.n_batch, n)

    def run() -> None:
        for a, b, into in ((x, w[0], o), (h, w[1], o), (h, w[2], out)):
            torch.mm(a, b, out=into)
        for a, b, into in ((x, h, d[0]), (h, h, d[1]), (h, out, d[2])):
            torch.mm(a.t(), b, out=into)
        torch.mm(out, w[2].t(), out=o)
        torch.mm(h, w[1].t(), out=o)
        for _ in range(2 if setting.recurrent else 0):
            for _ in range(2 * setting.n_time):
                torch.mm(step, w[1], out=step_out)
            torch.mm(h.t(), h, out=d[1])

    return run
