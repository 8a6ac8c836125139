"""A program leans on nothing that a memory held before: the outputs are the same behind another program's rubbish."""

import numpy as np
import pytest

from circuits.accelerator import executor
from circuits.accelerator.compiler import compile_network
from circuits.accelerator.executor import execute
from circuits.network.convolution import Convolution
from circuits.quantised.integer_run import run_integers
from circuits.quantised.integers import IntegerNetwork
from tests.machines import inputs, machine, over_a_picture, over_time, spiking, value_layer

MACHINES = {
    "large": {}, "few activations": {"activations": 2048}, "fewer": {"activations": 1200, "sums": 20},
    "a tile of weights": {"weights": 128}, "few of both": {"weights": 128, "activations": 1400},
    "odd": {"rows": 7, "columns": 5, "dram_width": 3, "sums": 50},
}  # fmt: skip


def narrowing(rng) -> IntegerNetwork:
    """Paddings of every width, on planes that become smaller: what was data before is padding later."""
    grids = [Convolution((6, 30), (3,), (1,), (1,)), Convolution((8, 30), (5,), (2,), (3,)),
             Convolution((8, 16), (4,), (2,), (5,)), Convolution((8, 12), (3,), (1,), (2,))]  # fmt: skip
    layers = tuple(value_layer(rng, f"layer{i}", "conv", grid, 8, signed=not i) for i, grid in enumerate(grids))
    return IntegerNetwork("narrowing", layers, 1.0, (30, 6))


@pytest.fixture
def used(monkeypatch):
    """Every memory full of noise, other noise for each clip where clips may differ."""
    rng, begin = np.random.default_rng(9), executor._Memories.__init__

    def fill(self, program, data):
        begin(self, program, data)
        for memory in self.memories.values():
            memory[...] = rng.integers(0, 256, memory.shape)
        self.sums[...] = rng.integers(-(2**31), 2**31, self.sums.shape)
        n_bytes = data.shape[1]
        outside = np.ones(self.changing.shape[1], bool)
        outside[program.input.address : program.input.address + n_bytes] = False
        self.changing[:, outside] = rng.integers(0, 256, (len(data), int(outside.sum())))

    monkeypatch.setattr(executor._Memories, "__init__", fill)


@pytest.mark.parametrize("sizes", MACHINES.values(), ids=MACHINES)
@pytest.mark.parametrize(
    "build", [over_time, over_a_picture, narrowing, spiking, lambda rng: spiking(rng, recurrent=True)],
    ids=["time", "picture", "narrowing", "spikes", "recurrent"],
)  # fmt: skip
@pytest.mark.usefixtures("used")
def test_outputs_do_not_depend_on_what_the_memories_held(build, sizes):
    rng = np.random.default_rng(7)
    network = build(rng)
    x = inputs(rng, network)
    expected = run_integers(network, x)
    program = compile_network(network, machine(**sizes), n_steps=40)
    assert np.array_equal(execute(program, x).reshape(expected.shape), expected)
