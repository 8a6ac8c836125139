"""Programs of shapes at the edge of what a layer or an array can be: bit for bit what plain loops compute."""

from dataclasses import replace
from itertools import pairwise, product

import numpy as np
import pytest

from circuits.accelerator.compiler import compile_network
from circuits.accelerator.encoding import encode
from circuits.accelerator.executor import BATCH, execute
from circuits.accelerator.instructions import Lif, Load, Mac, Pad, Store
from circuits.accelerator.layer_work import works
from circuits.accelerator.machine import Memory
from circuits.network.convolution import Convolution
from circuits.quantised.integer_run import run_integers
from circuits.quantised.integers import IntegerNetwork, ValueLayer
from tests.machines import inputs, machine, membranes, spiking, value_layer

A, W = Memory.ACTIVATIONS, Memory.WEIGHTS


def by_loops(layer: ValueLayer, x: np.ndarray) -> np.ndarray:
    """One convolution of `(row, column, channel)`, product by product."""
    grid = layer.convolution
    (channels, *size), two = grid.shape_in, len(grid.kernel) == 2
    plane = lambda one, axes: tuple(axes) if two else (one, *axes)  # noqa: E731
    size, kernel, stride = plane(1, size), plane(1, grid.kernel), plane(1, grid.stride)
    pad, out = plane(0, grid.padding), plane(1, grid.grid_out)
    x = x.reshape(*size, channels)
    inside, own = channels // grid.groups, layer.n_out // grid.groups
    weights = layer.weights.reshape(layer.n_out, inside, *kernel)
    y = np.zeros((*out, layer.n_out), np.int64)
    for row, column, n in product(*map(range, y.shape)):
        total = int(layer.bias[n])
        for i, j, c in product(range(kernel[0]), range(kernel[1]), range(inside)):
            r, s = row * stride[0] + i - pad[0], column * stride[1] + j - pad[1]
            if 0 <= r < size[0] and 0 <= s < size[1]:
                total += int(x[r, s, n // own * inside + c]) * int(weights[n, c, i, j])
        y[row, column, n] = min(max(round(total * int(layer.multiplier[n]) / 2**16), layer.limits[0]), layer.limits[1])
    return y.reshape(*grid.grid_out, layer.n_out)


SHAPES = {
    "stride over kernel": (Convolution((3, 9, 11), (2, 1), (3, 4), (0, 0)), 5),
    "stride over kernel in time": (Convolution((4, 23), (2,), (5,), (1,)), 6),
    "padding over kernel": (Convolution((3, 4, 5), (2, 3), (1, 2), (3, 4)), 6),
    "padding over kernel in time": (Convolution((5, 3), (2,), (1,), (6,)), 9),
    "groups across columns": (Convolution((15, 6, 4), (2, 2), (1, 1), (1, 0), 3), 21),
    "groups of one column and many": (Convolution((12, 10), (3,), (1,), (1,), 4), 12),
    "one to one": (Convolution((1, 1, 1), (1, 1), (1, 1), (0, 0)), 1),
    "1 x N": (Convolution((2, 1, 17), (1, 3), (1, 2), (0, 1)), 3),
    "N x 1": (Convolution((2, 17, 1), (3, 1), (2, 1), (1, 0)), 3),
    "N x 1, aside": (Convolution((3, 6, 1), (2, 3), (1, 1), (0, 2)), 4),
    "all of the plane": (Convolution((2, 5, 6), (5, 6), (1, 1), (0, 0)), 10),
}
ARRAYS = {
    "8 x 8": {}, "one row": {"rows": 1, "weights": 512}, "one column": {"columns": 1, "weights": 256},
    "one element": {"rows": 1, "columns": 1, "weights": 16, "dram_width": 1}, "5 columns": {"rows": 7, "columns": 5},
    "from dram": {"activations": 160, "sums": 6}, "a position": {"activations": 160, "sums": 2, "weights": 128},
}  # fmt: skip


@pytest.mark.parametrize("sizes", ARRAYS.values(), ids=ARRAYS)
@pytest.mark.parametrize(("grid", "n_out"), SHAPES.values(), ids=SHAPES)
def test_a_convolution_is_what_plain_loops_compute(grid, n_out, sizes):
    rng = np.random.default_rng(5)
    layer = value_layer(rng, "odd", "conv", grid, n_out, signed=True, relu=False, multiplier=200)
    network = IntegerNetwork("odd", (layer,), 1.0, (*grid.shape_in[1:], grid.shape_in[0]))
    x = inputs(rng, network, 2)
    found = execute(compile_network(network, machine(**sizes)), x).reshape(2, *grid.grid_out, n_out)
    assert np.array_equal(found, [by_loops(layer, one) for one in x])


@pytest.mark.parametrize("sums", [2, 4, 8, 12])
def test_boxes_are_cut_in_both_axes(sums):
    """Rows of 11 positions and sums of fewer: parts of a row, the last one narrower; two layers of DRAM behind them."""
    rng = np.random.default_rng(6)
    grids = (Convolution((4, 9, 11), (3, 3), (1, 1), (1, 1)), Convolution((12, 9, 11), (3, 2), (2, 3), (2, 1)))
    layers = (value_layer(rng, "a", "conv", grids[0], 12, signed=True), value_layer(rng, "b", "conv", grids[1], 9))
    network = IntegerNetwork("boxes", layers, 1.0, (9, 11, 4))
    x = inputs(rng, network, 2)
    for activations in (1 << 16, 700):
        program = compile_network(network, machine(activations=activations, sums=sums))
        found = execute(program, x).reshape(2, *grids[1].grid_out, 9)
        assert np.array_equal(found, run_integers(network, x))
        widths = {one.inner_count for one in program.instructions if isinstance(one, Mac)}
        assert len(widths) > 1 or sums > 11


def deep(rng, n: int = 5) -> IntegerNetwork:
    """Convolutions over time, all alike: what one layer writes the next one reads."""
    grid = Convolution((10, 40), (3,), (1,), (1,))
    first = value_layer(rng, "layer0", "conv", grid, 10, signed=True, multiplier=60)
    layers = [first, *(value_layer(rng, f"layer{i}", "conv", grid, 10, multiplier=90) for i in range(1, n))]
    return IntegerNetwork("deep", tuple(layers), 1.0, (40, 10))


@pytest.mark.parametrize("activations", [160, 200, 400, 700, 1 << 16])
@pytest.mark.parametrize("weights", [128, 512, 4096])
def test_what_passes_through_dram_is_written_before_it_is_read(activations, weights):
    network = deep(np.random.default_rng(1))
    x = inputs(np.random.default_rng(2), network)
    program = compile_network(network, machine(activations=activations, weights=weights))
    assert np.array_equal(execute(program, x).reshape(3, 40, 10), run_integers(network, x))
    stored = sum(one.rows * one.row_bytes for one in program.instructions if isinstance(one, Store))
    assert stored == (400 if activations == 1 << 16 else 5 * 400)


def test_weights_of_the_next_layer_come_while_this_one_computes():
    """Prefetch over the boundary of layers: where all stays on the chip, only the input's LOADs wait for nothing."""
    program = compile_network(deep(np.random.default_rng(1)), machine())
    kinds = [(type(one), int(layer)) for one, layer in zip(program.instructions, program.layer_of, strict=True)]
    for layer in range(1, 5):
        first = next(i for i, (kind, own) in enumerate(kinds) if kind is Load and own == layer)
        assert any(kind is Mac and own < layer for kind, own in kinds[first:])


@pytest.mark.parametrize("sizes", [{}, {"activations": 200}])
def test_tiles_go_to_both_banks_in_turn(sizes):
    program = compile_network(deep(np.random.default_rng(1)), machine(weights=512, **sizes))
    halves = [one.address // 256 for one in program.instructions if isinstance(one, Load) and one.memory == W]
    assert len(halves) > 6
    assert all(a != b for a, b in pairwise(halves))
    used = [one.weights // 256 for one in program.instructions if isinstance(one, Mac)]
    assert set(used) == {0, 1}


def chain(rng, kinds: str, widths: tuple[int, ...], recurrent: tuple[bool, ...], steps: int) -> IntegerNetwork:
    names = {"e": "encoder", "a": "adaptive_lif", "l": "lif", "r": "readout"}
    pairs = zip(kinds, widths[:-1], widths[1:], recurrent, strict=True)
    layers = tuple(membranes(rng, f"{names[kind]}{i}", names[kind], a, b, recurrent=loop)
                   for i, (kind, a, b, loop) in enumerate(pairs))  # fmt: skip
    return IntegerNetwork("chain", layers, 1.0, (steps, widths[0]), dt=0.01)


@pytest.mark.parametrize("steps", [1, 9])
@pytest.mark.parametrize("sizes", [{}, {"activations": 256}, {"weights": 128}, {"weights": 128, "activations": 256},
                                   {"columns": 1, "rows": 1}, {"parameters": 512}, {"sums": 2}])  # fmt: skip
@pytest.mark.parametrize(
    ("kinds", "widths", "recurrent"),
    [("ear", (7, 12, 19, 3), (False, True, False)), ("ear", (7, 12, 19, 3), (True, True, False)),
     ("r", (5, 1), (False,)), ("er", (1, 1, 1), (True, False)), ("lr", (9, 20, 20), (True, False)),
     ("ear", (4, 30, 9, 21), (False, False, False))],
)  # fmt: skip
def test_membranes_of_any_width_for_any_number_of_steps(kinds, widths, recurrent, sizes, steps):
    """Recurrent weights that stay and that stream; two recurrent layers behind one another; a single neuron."""
    rng = np.random.default_rng(3)
    network = chain(rng, kinds, widths, recurrent, steps)
    x = inputs(rng, network) if network.signed_input else rng.integers(0, 2, (3, *network.shape_in))
    program = compile_network(network, machine(**sizes), n_steps=steps)
    expected = run_integers(network, x)
    assert np.array_equal(execute(program, x).reshape(expected.shape), expected)


def loaded(program, memory: Memory) -> int:
    return sum(one.rows * one.row_bytes for one in program.instructions
               if isinstance(one, Load) and one.memory == memory)  # fmt: skip


def test_recurrent_weights_that_fit_both_banks_are_loaded_once_and_others_once_a_step():
    """19 neurons of 12 and 19 inputs on 8 columns: 3 blocks of 31 rows of 8 bytes, 744 bytes."""
    network = chain(np.random.default_rng(0), "l", (12, 19), (True,), 10)
    for weights, times in ((744, 1), (742, 10), (128, 10)):
        program = compile_network(network, machine(weights=weights), n_steps=10)
        assert loaded(program, W) == times * 744
        assert loaded(program, Memory.PARAMETERS) == times * 19 * 32
    for parameters, times in ((19 * 32, 1), (19 * 32 - 2, 10)):
        program = compile_network(network, machine(parameters=parameters), n_steps=10)
        assert loaded(program, W) == times * 744
        assert loaded(program, Memory.PARAMETERS) == times * 19 * 32


def test_a_recurrent_layer_has_no_spikes_before_its_first_step():
    """Products of inputs in every step, of spikes in all but the first."""
    network = chain(np.random.default_rng(0), "l", (12, 19), (True,), 10)
    program = compile_network(network, machine(), n_steps=10)
    rows = sum(one.rows * one.columns for one in program.instructions if isinstance(one, Mac))
    assert rows == 10 * 12 * 19 + 9 * 19 * 19
    assert works(network, 10)[0].n_macs == 10 * (12 + 19) * 19


def test_every_membrane_begins_at_rest_and_has_its_own_place():
    """PAD writes 8 bytes for each neuron of each layer; the LIFs of its blocks lie side by side in them."""
    program = compile_network(spiking(np.random.default_rng(0)), machine(), n_steps=4)
    cleared = [one.row_bytes for one in program.instructions if isinstance(one, Pad) and one.memory == Memory.STATE]
    assert cleared == [8 * 24, 8 * 37, 8 * 20, 8 * 5]
    of_hidden = [one.state for one, layer in zip(program.instructions, program.layer_of, strict=True)
                 if isinstance(one, Lif) and layer == 1]  # fmt: skip
    assert of_hidden == [0, 64, 128, 192, 256]


def test_the_input_of_a_window_is_loaded_without_what_it_does_not_reach():
    """10 positions of a kernel of 3: at most 12 of 40 steps of 10 channels, and each box its own."""
    grid = Convolution((10, 40), (3,), (1,), (0,))
    layer = value_layer(np.random.default_rng(0), "one", "conv", grid, 8, signed=True)
    program = compile_network(IntegerNetwork("one", (layer,), 1.0, (40, 10)), machine(activations=500, sums=10))
    found = [one.rows * one.row_bytes for one in program.instructions if isinstance(one, Load) and one.memory == A]
    assert found == [120, 120, 120, 100]  # of 10, 10, 10 and 8 positions


def test_a_layer_by_channel_loads_each_channel_once():
    """24 channels by themselves in blocks of 8: three times a third of the input."""
    grid = Convolution((24, 6, 8), (1, 1), (1, 1), (0, 0), 24)
    layer = value_layer(np.random.default_rng(0), "deep", "conv", grid, 24, signed=True)
    network = IntegerNetwork("deep", (layer,), 1.0, (6, 8, 24))
    program = compile_network(network, machine(activations=1024, sums=48))
    assert loaded(program, A) == 24 * 48
    x = inputs(np.random.default_rng(1), network)
    assert np.array_equal(execute(program, x).reshape(3, 6, 8, 24), run_integers(network, x))


def test_a_bank_is_filled_to_its_last_byte():
    """8 channels in and out by one step: 16 bytes each; a bank of 160 holds 10 steps, one of 158 only 9."""
    layer = value_layer(
        np.random.default_rng(0), "one", "conv", Convolution((8, 100), (1,), (1,), (0,)), 8, signed=True
    )
    network = IntegerNetwork("one", (layer,), 1.0, (100, 8))
    for activations, sums, most in ((320, 64, 10), (316, 64, 9), (320, 10, 10), (320, 8, 8)):
        program = compile_network(network, machine(activations=activations, sums=sums))
        assert max(one.inner_count for one in program.instructions if isinstance(one, Mac)) == most
    whole = compile_network(network, machine(sums=100))
    assert [one.inner_count for one in whole.instructions if isinstance(one, Mac)] == [100]


def test_more_positions_than_a_loop_counts_are_cut():
    """65,537 positions: a loop counts to 65,535."""
    layer = value_layer(
        np.random.default_rng(0), "long", "conv", Convolution((1, 65_537), (1,), (1,), (0,)), 1, signed=True
    )
    network = IntegerNetwork("long", (layer,), 1.0, (65_537, 1))
    program = compile_network(network, machine(activations=1 << 18, sums=1 << 17))
    assert len(encode(program.instructions)) > 0
    assert [one.inner_count for one in program.instructions if isinstance(one, Mac)] == [65_535, 2]


def test_tensors_of_an_input_without_sign_and_an_output_with_one():
    layer = value_layer(np.random.default_rng(0), "it", "dense", fan_in=3, n_out=2, relu=False)
    program = compile_network(IntegerNetwork("it", (layer,), 1.0, (3,)), machine())
    assert (program.input.dtype, program.output.dtype) == ("uint8", "int8")
    turned = compile_network(
        IntegerNetwork("it", (replace(layer, signed_input=True, relu=True),), 1.0, (3,)), machine()
    )
    assert (turned.input.dtype, turned.output.dtype) == ("int8", "uint8")
    assert all(place % 64 == 0 for place in (program.output.address, program.constants))


def test_more_clips_than_a_batch_are_each_their_own():
    network = deep(np.random.default_rng(1), 2)
    x, told = inputs(np.random.default_rng(2), network, BATCH + 7), []
    program = compile_network(network, machine())
    found = execute(program, x, lambda done, total: told.append((done, total)))
    assert np.array_equal(found.reshape(len(x), 40, 10), run_integers(network, x))
    assert told == [(BATCH, BATCH + 7), (BATCH + 7, BATCH + 7)]


@pytest.mark.parametrize("kind", ["max_pool", "mean_pool"])
@pytest.mark.parametrize("sizes", [{}, {"activations": 256}, {"columns": 1}])
def test_a_pool_of_more_channels_than_columns_needs_no_groups(kind, sizes):
    """Kernel 2, strides 3 and 2; 20 channels on 8 columns, each against its own window."""
    rng, grid = np.random.default_rng(4), Convolution((20, 5, 7), (2, 2), (3, 2), (0, 0))
    layer = value_layer(rng, "pool", kind, grid, 20, signed=True, relu=False)
    network = IntegerNetwork("pool", (layer,), 1.0, (5, 7, 20))
    x = inputs(rng, network, 2)
    found = execute(compile_network(network, machine(**sizes)), x).reshape(2, 2, 3, 20)
    for row, column in product(range(2), range(3)):
        window = x[:, 3 * row : 3 * row + 2, 2 * column : 2 * column + 2].reshape(2, 4, 20)
        expected = window.max(1) if kind == "max_pool" else np.rint(window.sum(1) / 4)
        assert np.array_equal(found[:, row, column], expected)


def test_boxes_of_dram_come_while_the_one_before_is_computed():
    """10 boxes of 16 steps: but for the first, inputs are loaded before the products of the box before."""
    grid = Convolution((8, 160), (1,), (1,), (0,))
    layer = value_layer(np.random.default_rng(0), "one", "conv", grid, 8, signed=True)
    program = compile_network(IntegerNetwork("one", (layer,), 1.0, (160, 8)), machine(activations=512, sums=16))
    letters = {Load: "L", Mac: "M"}
    order = "".join(letters.get(type(one), "") for one in program.instructions)
    assert order == "LLL" + "LM" * 9 + "M"  # input, weights, parameters; then an input ahead of each product
