"""The RTL beside the executor: whatever a program does, the same bytes, in the same number of cycles."""

import shutil
from dataclasses import replace

import numpy as np
import pytest

from circuits.accelerator.accesses import require_inside
from circuits.accelerator.compiler import compile_network
from circuits.accelerator.instructions import Act, Add, End, Lif, Load, Mac, Max, Pad, Store
from circuits.accelerator.machine import Machine, Memory
from circuits.accelerator.program import Program, Region
from circuits.accelerator.rtl.program_run import run_rtl
from circuits.accelerator.rtl.rtl_export import bench_run
from circuits.quantised.integer_run import layer_outputs
from snn.experiments.run_folder import load_run
from snn.experiments.train import train
from snn.recipes.recipe import load_recipe
from snn.studies.integer_run_of import integer_run
from tests.machines import inputs, machine, over_time, spiking

SQUARE = Machine(rows=4, columns=4, activations=512, weights=256, parameters=512, state=64, sums=32, dram=1 << 16,
                 dram_width=4, dram_latency=5)  # fmt: skip
WIDE = Machine(rows=3, columns=5, activations=512, weights=64, parameters=768, state=128, sums=24, dram=1 << 16,
               dram_width=3, dram_latency=0)  # fmt: skip
TALL = Machine(rows=6, columns=2, activations=256, weights=96, parameters=256, state=32, sums=50, dram=1 << 16,
               dram_width=7, dram_latency=1)  # fmt: skip
N_INPUT = 300


def _apart(one: Act) -> bool:
    """Whether it writes each byte once: what it leaves where it writes twice is not defined."""
    o, i, c = np.ogrid[: one.outer_count, : one.inner_count, : one.columns]
    bytes_written = o * one.outer_step + i * one.inner_step + c
    return len(np.unique(bytes_written)) == bytes_written.size


class _Chance:
    """Instructions at random that a machine can run."""

    def __init__(self, machine: Machine, seed: int):
        self.machine, self.rng = machine, np.random.default_rng(seed)
        self.columns = machine.columns
        self.output, self.constants = N_INPUT, N_INPUT + machine.activations
        self.blocks = self.constants + 64  # random weights before, parameters of ACT and of LIF behind
        self.image = np.concatenate([self.rng.integers(0, 256, 64).astype(np.uint8), self._act(), self._lif()])

    def _act(self) -> np.ndarray:
        words = np.stack([self.rng.integers(-900, 900, self.columns), self.rng.integers(1, 2**16, self.columns)], 1)
        return words.astype("<i4").reshape(-1).view(np.uint8)

    def _lif(self) -> np.ndarray:
        n, integers = self.columns, self.rng.integers
        words = [integers(-3000, 3000, n), integers(0, 2**16 + 1, n), integers(100, 40000, n), integers(-60000, -10, n),
                 integers(0, 2**16 + 1, n), integers(-40000, 90000, n), integers(0, 9000, n), np.zeros(n)]  # fmt: skip
        return np.stack(words, 1).astype("<i4").reshape(-1).view(np.uint8)

    def program(self, length: int) -> Program:
        machine, act_bytes = self.machine, 8 * self.columns
        start = [
            Load(Memory.PARAMETERS, self.blocks, 0, 1, act_bytes, 0, 0),
            Load(Memory.PARAMETERS, self.blocks + act_bytes, machine.parameters // 2, 1, 32 * self.columns, 0, 0),
            Load(Memory.ACTIVATIONS, 0, 0, 1, min(N_INPUT, machine.activations), 0, 0),
            Load(Memory.WEIGHTS, self.constants, 0, 1, 60, 0, 0),
        ]
        end = [Store(self.output, 0, 1, machine.activations, 0, 0), End()]
        body = []
        while len(body) < length:
            one = self._one()
            try:
                require_inside((one,), machine, self.constants + len(self.image))
            except ValueError:
                continue
            if not isinstance(one, Act) or _apart(one):
                body.append(one)
        everything = (*start, *body, *end)
        about = {"layer_of": np.zeros(len(everything), np.int32), "works": ()}
        source, target = Region(0, (N_INPUT,), "uint8"), Region(self.output, (machine.activations,), "uint8")
        return Program("chance", machine, everything, input=source, output=target, constants=self.constants,
                       n_constants=len(self.image), image=self.image, **about)  # fmt: skip

    def _below(self, most: int) -> int:
        return int(self.rng.integers(0, most))

    def _one(self):
        return (self._load, self._store, self._pad, self._mac, self._mac, self._max, self._act_one, self._lif_one)[
            self._below(8)
        ]()

    def _rows(self, size: int) -> tuple[int, int, int]:
        return 1 + self._below(4), 1 + self._below(20), self._below(size // 3)

    def _load(self):
        memory = Memory([0, 0, 1, 3][self._below(4)])
        rows, n_bytes, step = self._rows(self.machine.size(memory))
        return Load(memory, self._below(N_INPUT // 2), self._below(self.machine.size(memory)), rows, n_bytes,
                    self._below(30), step)  # fmt: skip

    def _store(self):
        rows, n_bytes, step = self._rows(self.machine.activations)
        target = self.output + self._below(self.machine.activations // 2)
        return Store(target, self._below(self.machine.activations), rows, n_bytes, self._below(30), step)

    def _pad(self):
        memory = Memory([0, 1, 3][self._below(3)])
        rows, n_bytes, step = self._rows(self.machine.size(memory))
        return Pad(memory, self._below(self.machine.size(memory)), rows, n_bytes, step)

    def _walk(self) -> tuple[int, int, int, int]:
        return 1 + self._below(6), 1 + self._below(4), self._below(9), self._below(40)

    def _flag(self) -> bool:
        return bool(self._below(2))

    def _mac(self):
        m = self.machine
        return Mac(self._flag(), self._flag(), self._below(m.weights), self._below(m.activations), self._below(m.sums),
                   1 + self._below(m.rows), 1 + self._below(m.columns), *self._walk())  # fmt: skip

    def _max(self):
        m = self.machine
        kind = (Max, Add)[self._below(2)]
        return kind(self._flag(), self._flag(), self._below(m.activations), self._below(m.sums),
                    1 + self._below(m.columns), *self._walk())  # fmt: skip

    def _act_one(self):
        m, first = self.machine, self._below(self.columns)
        return Act(self._flag(), self._below(m.sums), 8 * first, self._below(m.activations),
                   1 + self._below(self.columns - first), *self._walk())  # fmt: skip

    def _lif_one(self):
        m, first = self.machine, self._below(self.columns)
        return Lif(self._flag(), self._below(m.sums), m.parameters // 2 + 32 * first, self._below(m.state),
                   self._below(m.activations), 1 + self._below(self.columns - first), 1 + self._below(6),
                   self._below(25))  # fmt: skip


def _compare(machine: Machine, seed: int, length: int, simulator: str | None = None) -> None:
    chance = _Chance(machine, seed)
    run = bench_run(chance.program(length), chance.rng.integers(0, 256, (1, N_INPUT)))
    result = run_rtl(run, simulator)
    assert result.cycles == run.cycles, result.text
    np.testing.assert_array_equal(result.output, run.expected)
    assert result.passed


@pytest.mark.parametrize("seed", range(4))
def test_programs_at_random_do_what_the_executor_says(seed):
    _compare(SQUARE, seed, 60)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(10, 16))
@pytest.mark.parametrize("machine", [SQUARE, WIDE, TALL], ids=["square", "wide", "tall"])
def test_long_programs_on_odd_machines(machine, seed):
    _compare(machine, seed, 400)


@pytest.mark.slow
def test_a_program_in_verilator():
    if not shutil.which("verilator"):
        pytest.skip("verilator is not installed")
    _compare(SQUARE, 7, 100, "verilator")


def test_a_program_in_amaranths_own_simulator():
    _compare(TALL, 8, 12, "amaranth")


def recurrent(rng):
    return spiking(rng, recurrent=True)


SLOW = [pytest.param(build, marks=pytest.mark.slow) for build in (spiking, over_time, recurrent)]


@pytest.mark.parametrize("build", SLOW)
def test_a_compiled_network_on_an_array_of_8_by_8(build):
    rng = np.random.default_rng(0)
    network = build(rng)
    program = compile_network(network, machine(activations=8192, weights=8192, sums=256), n_steps=8)
    x = inputs(rng, network, 1)[:, :8] if network.spiking else inputs(rng, network, 1)
    run = bench_run(program, x)
    result = run_rtl(run)
    assert result.cycles == run.cycles, result.text
    np.testing.assert_array_equal(result.output, run.expected)


@pytest.mark.slow
@pytest.mark.parametrize("layer", ["conv1", "conv5"])
def test_a_layer_of_the_shipped_convolution_on_an_array_of_8_by_8(layer, spoken, tmp_path):
    """Trained for an epoch on three words, so its weights, biases and multipliers are those of training."""
    recipe = load_recipe("kws-conv", ["epochs=1", "copies=0", "batch_size=16"])
    train(recipe, spoken, tmp_path / "run")
    whole = integer_run(load_run(tmp_path / "run"))
    names = [one.name for one in whole.network.layers]
    at = names.index(layer)
    heard, one = [whole.first_clip, *layer_outputs(whole.network, whole.first_clip)][at], whole.network.layers[at]
    network = replace(whole.network, layers=(one,), shape_in=heard.shape[1:])
    program = compile_network(network, machine(activations=1 << 17, weights=1 << 15))
    run = bench_run(program, heard)
    found = run_rtl(run)
    assert found.passed, found.text
    assert found.cycles == run.cycles
    (expected,) = layer_outputs(network, heard)
    assert np.array_equal(run.expected.view(program.output.dtype).ravel(), expected.ravel())
    assert len(np.unique(expected)) > 20
