"""Compiled kernels are kept on disk: a second process compiles nothing."""

import json
import os
import subprocess
import sys

import pytest

SCRIPT = """
import json, torch
from snn.kernels import cpu_backward, cpu_loops, cpu_network, cpu_products, cpu_readout, network_loss, run_network
from snn.kernels.reference import DenseLayer, Network, Readout
from snn.neurons.lif import LIFParams
layer = DenseLayer(torch.ones(3, 4).requires_grad_(), torch.zeros(4), LIFParams(torch.full((4,), 0.5), torch.ones(4)))
layers = layer, layer._replace(weight=torch.ones(4, 4))
readout = Readout(torch.ones(4, 2), torch.zeros(2), torch.full((2,), 0.9))
network_loss(torch.ones(5, 2, 3), torch.tensor([0, 1]), Network(layers, readout), 10.0, "cpu").value.backward()
run_network(torch.ones(5, 2, 3), Network(layers, readout), "cpu")
kernels = [getattr(module, name) for module, name in (
    (cpu_loops, "forward"), (cpu_backward, "backward"), (cpu_readout, "leaky_forward"), (cpu_readout, "leaky_backward"),
    (cpu_readout, "vote_loss"), (cpu_network, "advance"), (cpu_products, "scatter"), (cpu_products, "gather"))]
print(json.dumps([sum(kernel.stats.cache_misses.values()) for kernel in kernels]))
"""


def compiled(cache) -> list[int]:
    environment = {**os.environ, "NUMBA_CACHE_DIR": str(cache)}
    done = subprocess.run([sys.executable, "-c", SCRIPT], capture_output=True, text=True, check=True, env=environment)
    return json.loads(done.stdout)


@pytest.mark.slow
def test_the_second_start_compiles_nothing(tmp_path):
    first, second = compiled(tmp_path), compiled(tmp_path)
    assert sum(first) >= 6
    assert second == [0] * len(first)
