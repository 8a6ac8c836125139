"""How many bytes a compiled layer moves and how often it begins: no more than its shapes ask for."""

from itertools import pairwise

import numpy as np
import pytest

from circuits.accelerator.compiler import compile_network, compile_works
from circuits.accelerator.executor import execute
from circuits.accelerator.instructions import Act, End, Load, Mac, Pad, Store
from circuits.accelerator.layer_work import LayerWork
from circuits.accelerator.machine import Memory
from circuits.accelerator.program import Program, Region
from circuits.chips import load_chip
from circuits.mapping.limits import MappingError
from circuits.network.convolution import Convolution
from circuits.quantised.integer_run import run_integers
from circuits.quantised.integers import IntegerNetwork
from tests.machines import inputs, machine, over_a_picture, spiking, value_layer

A, W, P = Memory.ACTIVATIONS, Memory.WEIGHTS, Memory.PARAMETERS


def loaded(program, memory: Memory) -> int:
    return sum(one.rows * one.row_bytes for one in program.instructions
               if isinstance(one, Load) and one.memory == memory)  # fmt: skip


def one_layer(grid: Convolution, n_out: int) -> IntegerNetwork:
    layer = value_layer(np.random.default_rng(0), "one", "conv", grid, n_out, signed=True)
    return IntegerNetwork("one", (layer,), 1.0, (*grid.shape_in[1:], grid.shape_in[0]))


def test_constants_of_a_layer_on_the_chip_come_once_for_each_block_however_many_boxes():
    """20 channels are 3 blocks of 8 columns, each of a window of 3 x 4 channels; sums of 10 are 8 boxes."""
    program = compile_network(one_layer(Convolution((4, 80), (3,), (1,), (1,)), 20), machine(sums=10))
    assert loaded(program, W) == 3 * 12 * 8
    assert loaded(program, P) == 20 * 8
    assert sum(isinstance(one, Act) for one in program.instructions) == 3 * 8


def test_weights_that_never_stay_are_loaded_for_each_box_so_the_input_comes_once():
    """24 rows of 8 bytes, a bank of 128 bytes holds 16: two loads of each block, at each of 5 boxes of 16 steps."""
    grid = Convolution((8, 82), (3,), (1,), (0,))
    program = compile_network(one_layer(grid, 16), machine(activations=600, sums=16, weights=256))
    assert loaded(program, W) == 5 * 2 * 24 * 8
    assert loaded(program, A) == 5 * 18 * 8


def test_channels_by_themselves_come_once_with_their_weights_in_every_order_of_boxes():
    """24 channels in 3 blocks, 48 positions in 3 boxes: no block takes the input of another."""
    program = compile_network(one_layer(Convolution((24, 6, 8), (1, 1), (1, 1), (0, 0), 24), 24),
                              machine(activations=1024, sums=16))  # fmt: skip
    assert (loaded(program, A), loaded(program, W)) == (24 * 48, 24 * 8)


def test_a_plane_without_padding_comes_in_one_run():
    program = compile_network(one_layer(Convolution((3, 7, 5), (2, 2), (1, 1), (0, 0)), 4), machine())
    (load,) = [one for one in program.instructions if isinstance(one, Load) and one.memory == A]
    assert (load.rows, load.row_bytes) == (1, 105)


def test_sums_that_hold_all_positions_take_one_product_for_each_element_row_of_the_kernel():
    """Two rows of 2 x 3 channels, whole rows of 4 positions, all 6 of them."""
    program = compile_network(one_layer(Convolution((3, 7, 5), (2, 2), (1, 1), (0, 0)), 4), machine(sums=24))
    macs = [one for one in program.instructions if isinstance(one, Mac)]
    assert [(one.rows, one.inner_count, one.outer_count) for one in macs] == [(6, 4, 6)] * 2
    fewer = compile_network(one_layer(Convolution((3, 7, 5), (2, 2), (1, 1), (0, 0)), 4), machine(sums=20))
    assert {one.outer_count for one in fewer.instructions if isinstance(one, Mac)} == {5, 1}


def test_only_what_is_padding_or_state_is_cleared():
    dense = compile_works(
        "two", [LayerWork("a", "dense", (1, 1), 8, 8), LayerWork("b", "dense", (1, 1), 8, 3)], machine()
    )
    assert not any(isinstance(one, Pad) for one in dense.instructions)
    cleared = [one for one in compile_network(over_a_picture(np.random.default_rng(0)), machine()).instructions
               if isinstance(one, Pad)]  # fmt: skip
    assert [one.row_bytes for one in cleared] == [3 * 14 * 18, 18 * 16 * 9]  # the input's plane, and the second layer's


def test_weights_may_come_with_the_clip():
    """A program by hand that multiplies half of each clip by the other half: memories then differ between clips."""
    small = machine(rows=4, columns=4)
    instructions = (
        Load(A, 0, 0, 1, 4, 4, 4), Load(W, 4, 0, 1, 16, 16, 16), Load(P, 128, 0, 1, 32, 32, 32),
        Mac(False, True, 0, 0, 0, 4, 4, 1, 1, 0, 0), Act(True, 0, 0, 8, 4, 1, 1, 0, 0), Store(64, 8, 1, 4, 4, 4), End(),
    )  # fmt: skip
    image = np.tile(np.array([0, 2**16], "<i4"), 4).view(np.uint8)
    program = Program("by clip", small, instructions, np.zeros(7, np.int32), (LayerWork("it", "dense", (1, 1), 4, 4),),
                      Region(0, (20,), "int8"), Region(64, (4,), "int8"), 128, 32, image)  # fmt: skip
    x = np.random.default_rng(0).integers(-5, 6, (3, 20))
    expected = [one[:4] @ one[4:].reshape(4, 4) for one in x]
    assert np.array_equal(execute(program, x), np.clip(expected, -128, 127))


@pytest.mark.parametrize("steps", [1, 7])
def test_a_chips_program_has_the_steps_that_are_asked_for(steps):
    program = load_chip("digital-systolic").program(spiking(np.random.default_rng(0)), steps)
    assert {work.size for work in program.works} == {(1, steps)}


def test_tiles_that_change_places_are_loaded_anew_for_each_box():
    """All on the chip but the weights: 3 tiles of 64 bytes in banks of 64, at 4 boxes of 10 steps."""
    network = one_layer(Convolution((8, 40), (3,), (1,), (1,)), 8)
    program = compile_network(network, machine(weights=128, sums=10))
    assert loaded(program, W) == 4 * 3 * 64
    x = inputs(np.random.default_rng(1), network)
    assert np.array_equal(execute(program, x).reshape(3, 40, 8), run_integers(network, x))


SLICED = {"columns": 100, "weights": 1 << 17, "parameters": 1 << 12}


@pytest.mark.parametrize("sizes", [{"weights": 1024}, {}, SLICED])
@pytest.mark.parametrize("widths", [(500, 20), (3000, 1400, 5), (3000, 300, 600), (300, 20), (504, 8), (510, 600)])
def test_dense_layers_near_and_beyond_a_bank_of_inputs(widths, sizes):
    """A bank of 512 bytes: whole, in slices of 256 at most, and slices behind slices through DRAM.

    300 outputs in blocks of 100: the last block is in the first slice of 256 of the next layer, which must wait.
    """
    rng = np.random.default_rng(2)
    layers = tuple(value_layer(rng, f"layer{i}", "dense", fan_in=a, n_out=b, signed=not i, multiplier=9)
                   for i, (a, b) in enumerate(pairwise(widths)))  # fmt: skip
    network = IntegerNetwork("dense", layers, 1.0, widths[:1])
    x = inputs(rng, network)
    program = compile_network(network, machine(activations=1024, **sizes))
    assert np.array_equal(execute(program, x).reshape(3, -1), run_integers(network, x))
    assert loaded(program, P) == 8 * sum(widths[1:])  # once a block


WIDE = {"columns": 600, "weights": 1 << 20, "parameters": 1 << 15}


@pytest.mark.parametrize(
    "sizes",
    [WIDE | {"activations": 1216}, WIDE | {"columns": 300, "activations": 1024}, {"rows": 128, "activations": 272},
     {"columns": 64, "activations": 200, "parameters": 4096}],
)  # fmt: skip
def test_a_slice_leaves_room_for_the_outputs_of_a_block(sizes):
    """As few bytes of activations as hold a tile and its outputs, in each bank; a block may begin the next slice."""
    rng = np.random.default_rng(2)
    layers = (value_layer(rng, "a", "dense", fan_in=3000, n_out=620, signed=True, multiplier=9),
              value_layer(rng, "b", "dense", fan_in=620, n_out=5, multiplier=9))  # fmt: skip
    network = IntegerNetwork("dense", layers, 1.0, (3000,))
    x = inputs(rng, network)
    program = compile_network(network, machine(**sizes))
    assert np.array_equal(execute(program, x).reshape(3, 5), run_integers(network, x).reshape(3, 5))


@pytest.mark.parametrize(
    ("sizes", "needs"), [(WIDE | {"activations": 1214}, 608), ({"rows": 128, "activations": 270}, 136)]
)
def test_a_bank_that_does_not_hold_a_tile_and_its_outputs_is_told(sizes, needs):
    work = LayerWork("large", "dense", (1, 1), 3000, 620)
    with pytest.raises(MappingError, match=f"'large': activation memory in bytes is {2 * needs}, allowed"):
        compile_works("large", [work], machine(**sizes))


def test_a_part_of_a_row_is_stored_at_once():
    network = one_layer(Convolution((4, 5, 12), (1, 1), (1, 1), (0, 0)), 8)
    program = compile_network(network, machine(activations=320, sums=8))
    stores = [one for one in program.instructions if isinstance(one, Store)]
    assert [one.rows for one in stores] == [8, 4] * 5


def test_rows_of_zeros_leave_what_is_between_them():
    small = machine(rows=4, columns=4)
    instructions = (Load(A, 0, 0, 1, 20, 0, 0), Pad(A, 2, 3, 2, 7), Store(64, 0, 1, 20, 0, 0), End())
    program = Program("rows", small, instructions, np.zeros(4, np.int32), (LayerWork("it", "dense", (1, 1), 4, 4),),
                      Region(0, (20,), "int8"), Region(64, (20,), "int8"), 128, 0, np.zeros(0, np.uint8))  # fmt: skip
    found = execute(program, np.ones((1, 20)))
    assert np.flatnonzero(found[0] == 0).tolist() == [2, 3, 9, 10, 16, 17]
